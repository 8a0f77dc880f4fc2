// Many threads ask one classifier, without Python and its lock: every answer has the bits of the
// same text asked alone. tools/run_sanitized.sh builds it with ThreadSanitizer, which then sees
// what threads do that a Python without the GIL does not keep apart.
//
//   check_threads [SECONDS]
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "../../csrc/answer/classifier.h"
#include "../../csrc/dispatch/targets.h"
#include "random_parameters.h"

namespace {

using dixtill::Classifier;
using dixtill::Interruption;
using dixtill::Record;
using Clock = std::chrono::steady_clock;

constexpr int64_t kEmbeddingDim = 11;
constexpr std::string_view kVocabulary = "[UNK]\nprofit\nfall\n##s\nshares\nup\n5\n%\n.\nrecord";
constexpr int64_t kNumPieces = 10;
constexpr int kNumThreads = 8;
const dixtill::CheckOptions kChecked;

std::vector<std::string> made_texts() {
    const std::string words[] = {"Profit ", "falls, ", "shares ", "up 5%. ", "r\u00e9cord ", "\n"};
    std::vector<std::string> texts(100);
    uint32_t state = 1;
    for (std::string& text : texts) {
        for (uint32_t count = (state = state * 1664525U + 1013904223U) >> 29U; count > 0; --count) {
            text += words[(state = state * 1664525U + 1013904223U) % 6];
        }
    }
    texts.back() = std::string(1 << 21, 'a');  // its memory is not kept
    return texts;
}

struct Expected {
    std::vector<std::string> texts = made_texts();
    std::vector<std::string_view> views{texts.begin(), texts.end()};
    std::vector<Record> records, checked;

    explicit Expected(const Classifier& classifier) {
        for (const std::string& text : texts) {
            records.push_back(classifier.answer(text, {}));
            checked.push_back(classifier.answer(text, kChecked));
        }
    }
};

bool begins_with(const std::vector<Record>& all, const std::vector<Record>& begin) {
    return !begin.empty() && std::equal(begin.begin(), begin.end(), all.begin());
}

// Asks in one of several ways, in turn; returns false if an answer is wrong.
bool is_right(const Classifier& classifier, const Expected& expected, size_t turn) {
    const size_t i = turn % expected.texts.size();
    const auto never = [] { return false; };
    Interruption interruption(never);
    switch (turn % 4) {
        case 0:
            return classifier.answer(expected.texts[i], {}) == expected.records[i];
        case 1:
            return classifier.answer(expected.texts[i], kChecked, &interruption) ==
                   expected.checked[i];
        case 2:
            return begins_with(expected.records,
                               classifier.answer_some(expected.views, 3, {}, never));
        default:
            return begins_with(expected.checked,
                               classifier.answer_some(expected.views, 3, kChecked, never));
    }
}

// Checks that an interruption ends the call in all of its threads.
bool is_interrupted(const Classifier& classifier, const Expected& expected) {
    const std::vector<std::string_view> views(100'000, expected.views[0]);
    try {
        while (true) classifier.answer_some(views, 3, kChecked, [] { return true; });
    } catch (const dixtill::Interrupted&) {
        return true;
    }
}

bool is_right(const std::string& student, const Classifier& classifier, double seconds) {
    const Expected expected(classifier);
    const Clock::time_point end =
        Clock::now() + std::chrono::milliseconds(static_cast<int64_t>(1000 * seconds));
    std::atomic<size_t> num_turns{0}, num_wrong{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < kNumThreads; ++t) {
        threads.emplace_back([&] {
            do {
                if (!is_right(classifier, expected, num_turns++)) ++num_wrong;
            } while (Clock::now() < end);
        });
    }
    threads.emplace_back([&] {
        if (!is_interrupted(classifier, expected)) ++num_wrong;
    });
    for (std::thread& thread : threads) thread.join();
    std::printf("%s: %d threads, %zu calls, %zu wrong\n", student.c_str(), kNumThreads,
                num_turns.load(), num_wrong.load());
    return num_wrong == 0;
}

bool is_student_right(int64_t cell, int64_t num_directions, double seconds) {
    const dixtill::StudentShape shape = {
        static_cast<dixtill::Cell>(cell), kEmbeddingDim, 5, 7, 3, num_directions};
    Lcg random;
    const RandomParameters weights(shape, 2e-3F, random);
    const std::vector<int8_t> rows = random.q8(kNumPieces * kEmbeddingDim);
    const Classifier classifier(
        *dixtill::compiled_targets().back().kernels, shape, weights.view(),
        {reinterpret_cast<const uint8_t*>(rows.data()), kNumPieces, kEmbeddingDim, 8},
        dixtill::Tokenizer(kVocabulary, {true, true, true, 256, {dixtill::CleaningRule::urls_v2}}),
        dixtill::Explanation::gates);
    const std::string name = dixtill::kCellLayouts[cell].name;
    return is_right(name + ", directions: " + std::to_string(num_directions), classifier, seconds);
}

}  // namespace

int main(int argc, char** argv) {
    const double seconds = argc > 1 ? std::atof(argv[1]) : 5.0;
    constexpr int64_t kNumStudents = dixtill::kNumCells * dixtill::kMaxDirections;
    bool all_right = true;
    for (int64_t i = 0; i < kNumStudents; ++i) {
        const int64_t cell = i % dixtill::kNumCells, num_directions = 1 + i / dixtill::kNumCells;
        all_right = is_student_right(cell, num_directions, seconds / kNumStudents) && all_right;
    }
    return all_right ? 0 : 1;
}
