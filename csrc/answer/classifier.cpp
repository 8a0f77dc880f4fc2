#include "classifier.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "../process/blocks.h"
#include "gate_weights.h"
#include "logits.h"
#include "record.h"
#include "text_list.h"

namespace dixtill {
namespace {

// A longer text is answered in memory of its own, which is freed afterwards.
constexpr size_t kLargeText = 1 << 20;
// Decoding this many bytes takes no longer than one piece.
constexpr size_t kBytesPerPiece = 64;

StudentView pack_into(AlignedMemory& memory, const StudentShape& shape,
                      const StudentParameters& parameters) {
    const int64_t num_bytes = packed_bytes(shape);
    memory = AlignedMemory(num_bytes);
    pack(shape, parameters, memory.data());
    return view_packed(memory.data(), num_bytes);
}

template <typename T>
void append(Record& record, const T* values, size_t count, Interruption* interruption) {
    in_blocks(values, values + count, interruption, [&record](const T* at, const T* end) {
        record.append(reinterpret_cast<const char*>(at), static_cast<size_t>(end - at) * sizeof(T));
        return end;
    });
}

// `values` becomes `count` zeros.
template <typename T>
void clear_to(std::vector<T>& values, size_t count, Interruption* interruption) {
    values.clear();
    grow(values, count, interruption);
}

// Calls add(piece, its word) for every piece.
template <typename Add>
void for_each_piece(const TokenizedText& text, Interruption* interruption, const Add& add) {
    in_blocks(size_t{0}, text.word_of_piece.size(), interruption, [&](size_t at, size_t end) {
        for (; at < end; ++at) add(at, static_cast<size_t>(text.word_of_piece[at]));
        return end;
    });
}

}  // namespace

// The memory that answers one text at a time.
struct Classifier::Worker {
    TokenizerScratch tokenizer_scratch;
    TokenizedText text;
    Workspace workspace;
    std::vector<float> logits, probabilities, scores, attention, contributions;
    std::vector<double> weights;                     // [num_classes, words], or of scores [words]
    std::vector<double> word_attention, num_pieces;  // [words]
    std::vector<uint8_t> is_unknown;                 // [words]
    int32_t num_unknown_pieces = 0;
};

Classifier::Classifier(const Kernels& kernels, const StudentShape& shape,
                       const StudentParameters& parameters, const Embedding& embedding,
                       Tokenizer tokenizer, Explanation explanation,
                       std::optional<Familiarity> familiarity)
    : kernels_(kernels),
      student_(pack_into(memory_, shape, parameters)),
      embedding_(embedding),
      products_(kernels_, student_, embedding_),
      tokenizer_(std::move(tokenizer)),
      explanation_(explanation),
      familiarity_(std::move(familiarity)) {}

Classifier::~Classifier() = default;

Record Classifier::answer(std::string_view utf8, const WantedCheck& check,
                          Interruption* interruption) const {
    const Pool<Worker>::Loan worker(workers_);
    Record record;
    answer_with(*worker, utf8, check, interruption, record);
    return record;
}

std::vector<Record> Classifier::answer_some(std::vector<std::string_view> texts,
                                            int64_t num_threads, const WantedCheck& check,
                                            Interruption::IsWanted is_interruption_wanted) const {
    const auto list = std::make_shared<TextList>(std::move(texts), check.has_value(),
                                                 std::move(is_interruption_wanted));
    const auto work = [this, list, check] {
        list->answer_share([&] { return Pool<Worker>::Loan(workers_); },
                           [&](Worker& worker, std::string_view utf8, Record& record) {
                               answer_with(worker, utf8, check, &list->interruption, record);
                           });
    };
    const size_t count = std::min(list->num_useful_threads(),
                                  static_cast<size_t>(std::max<int64_t>(1, num_threads)));
    std::vector<std::thread> others;
    others.reserve(count - 1);  // so that storing a running thread cannot throw
    try {
        for (size_t i = 1; i < count; ++i) {
            others.emplace_back([list, work] {
                work();
                list->leave();
            });
        }
    } catch (const std::system_error&) {  // the system has no more threads: continue with fewer
    } catch (const std::bad_alloc&) {
    }
    work();
    list->wait_for(others.size());
    for (std::thread& thread : others) thread.join();
    return list->records();
}

void Classifier::answer_with(Worker& worker, std::string_view utf8, const WantedCheck& check,
                             Interruption* interruption, Record& record) const {
    if (utf8.size() > kLargeText) {
        Worker own;
        answer_in(own, utf8, check, interruption, record);
    } else {
        answer_in(worker, utf8, check, interruption, record);
    }
}

void Classifier::answer_in(Worker& worker, std::string_view utf8, const WantedCheck& check,
                           Interruption* interruption, Record& record) const {
    tokenizer_.read(utf8, worker.tokenizer_scratch, worker.text, interruption);
    report(interruption, static_cast<int64_t>(utf8.size() / kBytesPerPiece));
    run(worker, worker.text.piece_ids, interruption);
    weigh_words(worker, interruption);
    find_unknown(worker, interruption);
    write(worker, check.has_value(), interruption, record);
    if (check) write_check(worker, *check, interruption, record);
}

void Classifier::run(Worker& worker, const std::vector<int32_t>& piece_ids,
                     Interruption* interruption) const {
    const int64_t num_pieces = static_cast<int64_t>(piece_ids.size());
    const size_t num_classes = static_cast<size_t>(student_.num_classes);
    worker.logits.resize(num_classes);
    worker.probabilities.resize(num_classes);
    grow(worker.scores, piece_ids.size(), interruption);
    grow(worker.attention, piece_ids.size(), interruption);
    grow(worker.contributions, piece_ids.size() * num_classes, interruption);
    const int64_t offsets[2] = {0, num_pieces};
    forward(kernels_, student_, embedding_, {piece_ids.data(), offsets, num_pieces, 1},
            {worker.logits.data(), worker.probabilities.data(), worker.scores.data(),
             worker.attention.data(), worker.contributions.data()},
            worker.workspace, interruption, &products_);
}

void Classifier::weigh_words(Worker& worker, Interruption* interruption) const {
    if (explanation_ == Explanation::scores) return weigh_by_scores(worker, interruption);
    weigh_by_contributions(worker, interruption);
    if (explanation_ == Explanation::gates) weigh_by_gates(worker, interruption);
}

// A word has the mean score of its pieces.
void Classifier::weigh_by_scores(Worker& worker, Interruption* interruption) const {
    clear_to(worker.weights, worker.text.spans.size(), interruption);
    clear_to(worker.num_pieces, worker.text.spans.size(), interruption);
    for_each_piece(worker.text, interruption, [&worker](size_t piece, size_t word) {
        worker.weights[word] += worker.scores[piece];
        worker.num_pieces[word] += 1.0;
    });
    for (size_t w = 0; w < worker.weights.size(); ++w) worker.weights[w] /= worker.num_pieces[w];
}

// A word has for each label the sum of what its pieces add to the label's margin.
void Classifier::weigh_by_contributions(Worker& worker, Interruption* interruption) const {
    const size_t num_classes = static_cast<size_t>(student_.num_classes);
    const size_t num_words = worker.text.spans.size();
    clear_to(worker.weights, num_classes * num_words, interruption);
    for_each_piece(worker.text, interruption, [&](size_t piece, size_t word) {
        const float* shares = worker.contributions.data() + piece * num_classes;
        const double common = common_part(student_.output, shares, num_classes);
        for (size_t k = 0; k < num_classes; ++k) {
            worker.weights[k * num_words + word] += static_cast<double>(shares[k]) - common;
        }
    });
}

// Turns the weights by contributions into those by gates.
void Classifier::weigh_by_gates(Worker& worker, Interruption* interruption) const {
    clear_to(worker.word_attention, worker.text.spans.size(), interruption);
    for_each_piece(worker.text, interruption, [&worker](size_t piece, size_t word) {
        worker.word_attention[word] += worker.attention[piece];
    });
    gate_weights(worker.word_attention, worker.weights);
}

// Counts the unknown pieces, and marks the words that have one.
void Classifier::find_unknown(Worker& worker, Interruption* interruption) const {
    worker.num_unknown_pieces = 0;
    clear_to(worker.is_unknown, worker.text.spans.size(), interruption);
    for_each_piece(worker.text, interruption, [&](size_t piece, size_t word) {
        if (worker.text.piece_ids[piece] != tokenizer_.unknown_id()) return;
        worker.is_unknown[word] = 1;
        ++worker.num_unknown_pieces;
    });
}

float Classifier::familiarity_of(const Worker& worker, Interruption* interruption) const {
    if (!familiarity_) return RecordHead::no_familiarity;
    return familiarity_->of(worker.text.piece_ids, tokenizer_, interruption);
}

void Classifier::write(const Worker& worker, bool is_checked, Interruption* interruption,
                       Record& record) const {
    const TokenizedText& text = worker.text;
    const RecordHead head = {
        static_cast<int32_t>(largest(worker.logits)),
        static_cast<int32_t>(text.spans.size()),
        (text.truncated ? RecordHead::is_truncated : 0) |
            (is_checked ? RecordHead::is_checked : 0) |
            (explanation_ == Explanation::scores ? RecordHead::is_of_no_label : 0),
        static_cast<int32_t>(text.piece_ids.size()),
        worker.num_unknown_pieces,
        familiarity_of(worker, interruption)};
    record.clear();
    record.reserve(sizeof head + worker.probabilities.size() * sizeof(float) +
                   text.spans.size() * (sizeof(Span) + sizeof(uint8_t)) +
                   worker.weights.size() * sizeof(double));
    append(record, &head, 1, interruption);
    append(record, worker.probabilities.data(), worker.probabilities.size(), interruption);
    append(record, text.spans.data(), text.spans.size(), interruption);
    append(record, worker.weights.data(), worker.weights.size(), interruption);
    append(record, worker.is_unknown.data(), worker.is_unknown.size(), interruption);
}

// Overwrites the answer in `worker`.
void Classifier::write_check(Worker& worker, const CheckOptions& options,
                             Interruption* interruption, Record& record) const {
    const CheckedLabel label(student_.output, options, worker.logits);
    const StateOf state_of = [&](const std::vector<int32_t>& piece_ids) {
        run(worker, piece_ids, interruption);
        return label.state(worker.logits, worker.probabilities);
    };
    const LabelState whole = label.state(worker.logits, worker.probabilities);
    const Check check = check_words(worker.text, whole, label.can_change(), state_of);
    const int32_t found[3] = {static_cast<int32_t>(label.index()), check.is_smallest ? 1 : 0,
                              check.has_flip ? static_cast<int32_t>(check.flip.size()) : -1};
    append(record, check.effects.data(), check.effects.size(), interruption);
    append(record, found, 3, interruption);
    append(record, check.flip.data(), check.flip.size(), interruption);
}

}  // namespace dixtill
