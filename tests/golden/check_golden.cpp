// Runs every target that this CPU supports on the cases of golden.bin and compares the bits. It
// needs no Python, so it also runs under an emulator, on a board, or on bare metal.
//
//   check_golden FILE [--require TARGET[,TARGET...]]
//
// Exits with 1 on a difference, or when a required target did not run; with 2 on wrong arguments.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "../../csrc/attribution/ig_accumulate.h"
#include "../../csrc/dispatch/targets.h"
#include "../../csrc/student/aligned_memory.h"
#include "../../csrc/student/forward.h"
#include "../../csrc/student/pack.h"
#include "../../csrc/student/view.h"
#include "golden_file.h"

namespace {

using dixtill::Target;

// What an output holds before the kernel writes it: a value that no case expects.
constexpr float kUnwritten = -123456.789F;

// Packed parameters, aligned as the Python module aligns them.
class Packed {
  public:
    explicit Packed(const GoldenStudent& s) {
        const dixtill::StudentShape shape = s.shape();
        num_bytes_ = dixtill::packed_bytes(shape);
        memory_ = dixtill::AlignedMemory(num_bytes_);
        dixtill::StudentParameters parameters = {{},
                                                 s.attention_weight_q8.data(),
                                                 s.attention_scale.data(),
                                                 s.attention_vector.data(),
                                                 s.null_score.data(),
                                                 s.head_weight_q8.data(),
                                                 s.head_scale.data(),
                                                 s.head_bias.data()};
        for (size_t i = 0; i < s.directions.size(); ++i) {
            const GoldenDirection& direction = s.directions[i];
            parameters.directions[i] = {direction.weight_q8.data(), direction.scale.data(),
                                        direction.bias.data()};
        }
        dixtill::pack(shape, parameters, memory_.data());
    }
    Packed(const Packed&) = delete;
    Packed& operator=(const Packed&) = delete;

    dixtill::StudentView view() const { return dixtill::view_packed(memory_.data(), num_bytes_); }

  private:
    dixtill::AlignedMemory memory_;
    int64_t num_bytes_;
};

std::vector<float> unwritten(const std::vector<float>& like) {
    return std::vector<float>(like.size(), kUnwritten);
}

uint32_t bits(float value) {
    uint32_t result;
    std::memcpy(&result, &value, sizeof result);
    return result;
}

// Throws with the place of the first difference.
void compare(const std::string& where, const std::vector<float>& actual,
             const std::vector<float>& expected) {
    for (size_t i = 0; i < expected.size(); ++i) {
        if (bits(actual[i]) == bits(expected[i])) continue;
        char values[96];
        std::snprintf(values, sizeof values, "[%zu] is %.9g (%08x), expected %.9g (%08x)", i,
                      static_cast<double>(actual[i]), static_cast<unsigned>(bits(actual[i])),
                      static_cast<double>(expected[i]), static_cast<unsigned>(bits(expected[i])));
        throw std::runtime_error(where + values);
    }
}

dixtill::Embedding embedding_of(const GoldenStudent& s) {
    return {s.embedding.data(), s.num_pieces,
            dixtill::embedding_row_bytes(s.embedding_dim, s.embedding_bits), s.embedding_bits};
}

void check_forward(const Target& target, const GoldenStudent& s, const std::string& where,
                   const dixtill::StudentView& view, dixtill::ProductMemory* memory) {
    std::vector<float> logits = unwritten(s.logits), probabilities = unwritten(s.probabilities);
    std::vector<float> scores = unwritten(s.scores), attention = unwritten(s.attention);
    std::vector<float> contributions = unwritten(s.contributions);
    dixtill::Workspace workspace;
    dixtill::forward(*target.kernels, view, embedding_of(s),
                     {s.piece_ids.data(), s.offsets.data(), s.num_piece_ids, s.num_texts},
                     {logits.data(), probabilities.data(), scores.data(), attention.data(),
                      contributions.data()},
                     workspace, nullptr, memory);
    // In the order in which they are computed, so that the first difference is the cause.
    compare(where + "scores", scores, s.scores);
    compare(where + "attention", attention, s.attention);
    compare(where + "contributions", contributions, s.contributions);
    compare(where + "logits", logits, s.logits);
    compare(where + "probabilities", probabilities, s.probabilities);
}

// Products may be remembered of no piece, of some, or of all, and be new or known.
void check_student(const Target& target, const GoldenStudent& s) {
    const Packed packed(s);
    const dixtill::StudentView view = packed.view();
    const dixtill::Embedding embedding = embedding_of(s);
    const std::string where = "student '" + s.name + "': ";
    check_forward(target, s, where, view, nullptr);
    const int64_t num_bytes = 4 * dixtill::remembered_values(view);
    for (const int64_t num_pieces : {s.num_pieces / 2, s.num_pieces}) {
        dixtill::ProductMemory memory(*target.kernels, view, embedding, num_pieces * num_bytes);
        for (int i = 0; i < 2; ++i) {
            check_forward(target, s, where + "with remembered products: ", view, &memory);
        }
    }
}

void check_accumulation(const Target& target, const GoldenAccumulation& a) {
    std::vector<float> attributions = unwritten(a.attributions);
    dixtill::ig_accumulate(
        *target.kernels,
        {a.gradients.data(), a.step_weights.data(), a.delta.data(), a.word_index.data(),
         a.num_steps, a.num_texts, a.num_tokens, a.width, a.num_words, attributions.data()});
    compare("accumulation '" + a.name + "': attributions", attributions, a.attributions);
}

// Familiarity needs no kernel: it is the same code for every target.
void check_familiar_texts(const GoldenFamiliarTexts& f) {
    std::string pieces = "[UNK]";
    for (size_t i = 1; i < f.is_continuation.size(); ++i) {
        pieces += (f.is_continuation[i] != 0 ? "\n##p" : "\np") + std::to_string(i);
    }
    const dixtill::Tokenizer tokenizer(pieces, {true, true, true, 256, {}});
    const dixtill::Familiarity familiarity(f.evidence_q4.data(), f.num_pieces, f.known_words.data(),
                                           f.quantiles.data());
    std::vector<float> found;
    for (size_t b = 0; b + 1 < f.offsets.size(); ++b) {
        const auto first = f.piece_ids.begin() + f.offsets[b];
        const auto last = f.piece_ids.begin() + f.offsets[b + 1];
        found.push_back(familiarity.of({first, last}, tokenizer, nullptr));
    }
    compare("familiar texts '" + f.name + "': familiarity", found, f.familiarity);
}

bool is_equal(const Target& target, const GoldenFile& golden) {
    try {
        for (const GoldenStudent& student : golden.students) check_student(target, student);
        for (const GoldenAccumulation& a : golden.accumulations) check_accumulation(target, a);
        for (const GoldenFamiliarTexts& f : golden.familiar_texts) check_familiar_texts(f);
    } catch (const std::exception& error) {
        std::printf("%s: DIFFERENT: %s\n", target.name, error.what());
        return false;
    }
    std::printf("%s: %zu students, %zu accumulations equal\n", target.name, golden.students.size(),
                golden.accumulations.size());
    return true;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

int check(const std::string& path, const std::vector<std::string>& required) {
    const GoldenFile golden = GoldenReader(path).read();
    std::vector<std::string> ran;
    bool all_equal = true;
    for (const Target& target : dixtill::compiled_targets()) {
        if (target.is_supported) {
            all_equal = is_equal(target, golden) && all_equal;
            ran.push_back(target.name);
        } else {
            std::printf("%s: not run, needs %s\n", target.name, target.requirement);
        }
        std::fflush(stdout);  // before the next target, which may be the one that crashes
    }
    for (const std::string& name : required) {
        if (contains(ran, name)) continue;
        std::printf("%s: REQUIRED, but did not run\n", name.c_str());
        all_equal = false;
    }
    return all_equal ? 0 : 1;
}

std::vector<std::string> split(const std::string& names) {
    std::vector<std::string> result;
    std::istringstream stream(names);
    for (std::string name; std::getline(stream, name, ',');) result.push_back(name);
    return result;
}

}  // namespace

int main(int argc, char** argv) {
    const bool has_required = argc == 4 && std::strcmp(argv[2], "--require") == 0;
    if (argc != 2 && !has_required) {
        std::fprintf(stderr, "usage: check_golden FILE [--require TARGET[,TARGET...]]\n");
        return 2;
    }
    try {
        return check(argv[1], has_required ? split(argv[3]) : std::vector<std::string>());
    } catch (const std::exception& error) {
        std::fprintf(stderr, "check_golden: %s\n", error.what());
        return 1;
    }
}
