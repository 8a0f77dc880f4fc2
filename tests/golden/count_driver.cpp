// Runs one workload on one target, for tools/count_instructions.py to count its instructions.
//
//   count_driver --compiler             what compiled this
//   count_driver --list                 a line "workload target" for each pair that runs here
//   count_driver WORKLOAD TARGET        runs it: once to warm up, once inside counted_call
//
// Weights and inputs are made up: the same work for any values, as no kernel branches on them.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "../../csrc/attribution/ig_accumulate.h"
#include "../../csrc/dispatch/targets.h"
#include "../../csrc/student/forward.h"
#include "../../csrc/student/pack.h"
#include "../../csrc/student/product_memory.h"
#include "../../csrc/student/view.h"
#include "../../csrc/text/tokenizer.h"
#include "random_parameters.h"

#if defined(_MSC_VER)
#define DIXTILL_NOINLINE __declspec(noinline)
#else
#define DIXTILL_NOINLINE __attribute__((noinline))
#endif

namespace {

using dixtill::Cell;
using dixtill::Kernels;

struct Workload {
    virtual ~Workload() = default;
    virtual void run(const Kernels& kernels) = 0;
};

std::vector<uint8_t> pack_random(const dixtill::StudentShape& shape, Lcg& random) {
    const RandomParameters weights(shape, 4e-5F, random);
    std::vector<uint8_t> packed(static_cast<size_t>(dixtill::packed_bytes(shape)));
    dixtill::pack(shape, weights.view(), packed.data());
    return packed;
}

// A student of the shipped widths on texts of one length.
class ForwardWorkload : public Workload {
  public:
    ForwardWorkload(Cell cell, int64_t num_texts, int64_t length, int64_t bits = 8,
                    int64_t num_directions = 2)
        : packed_(
              pack_random({cell, kEmbeddingDim, 50, 100, kNumClasses, num_directions}, random_)),
          embedding_q8_(random_.q8(kNumPieces * kEmbeddingDim)),
          num_texts_(num_texts),
          num_piece_ids_(num_texts * length),
          bits_(bits) {
        for (int64_t b = 0; b <= num_texts; ++b) offsets_.push_back(b * length);
        for (int64_t i = 0; i < num_piece_ids_; ++i) {
            piece_ids_.push_back(static_cast<int32_t>(random_.next() % kNumPieces));
        }
        for (auto* output : {&logits_, &probabilities_}) output->resize(of_classes(num_texts));
        for (auto* output : {&scores_, &attention_}) output->resize(piece_ids_.size());
        contributions_.resize(of_classes(num_piece_ids_));
    }

    void run(const Kernels& kernels) override {
        dixtill::forward(kernels, view(), embedding(), batch(), outputs());
    }

  protected:
    dixtill::StudentView view() const {
        return dixtill::view_packed(packed_.data(), static_cast<int64_t>(packed_.size()));
    }
    dixtill::Embedding embedding() const {
        return {reinterpret_cast<const uint8_t*>(embedding_q8_.data()), kNumPieces,
                dixtill::embedding_row_bytes(kEmbeddingDim, bits_), bits_};
    }
    dixtill::RaggedBatch batch() const {
        return {piece_ids_.data(), offsets_.data(), num_piece_ids_, num_texts_};
    }
    dixtill::ForwardOutputs outputs() {
        return {logits_.data(), probabilities_.data(), scores_.data(), attention_.data(),
                contributions_.data()};
    }

  private:
    static constexpr int64_t kEmbeddingDim = 50, kNumClasses = 3, kNumPieces = 300;

    static size_t of_classes(int64_t count) { return static_cast<size_t>(count * kNumClasses); }

    Lcg random_;
    std::vector<uint8_t> packed_;
    std::vector<int8_t> embedding_q8_;
    int64_t num_texts_, num_piece_ids_, bits_;
    std::vector<int64_t> offsets_;
    std::vector<int32_t> piece_ids_;
    std::vector<float> logits_, probabilities_, scores_, attention_, contributions_;
};

// One text in memory that is kept, as a classifier answers it. In the second run, the products of
// all its pieces are remembered, or of none.
class KeptWorkload : public ForwardWorkload {
  public:
    KeptWorkload(Cell cell, int64_t length, bool remembers, int64_t num_directions = 2)
        : ForwardWorkload(cell, 1, length, 8, num_directions), remembers_(remembers) {}

    void run(const Kernels& kernels) override {
        if (remembers_ && !products_) products_.emplace(kernels, student_, rows_);
        dixtill::forward(kernels, student_, rows_, batch(), outputs(), workspace_, nullptr,
                         products_ ? &*products_ : nullptr);
    }

  private:
    const bool remembers_;
    const dixtill::StudentView student_ = view();
    const dixtill::Embedding rows_ = embedding();
    dixtill::Workspace workspace_;
    std::optional<dixtill::ProductMemory> products_;
};

// Twelve steps over two texts of twenty tokens, of MiniLM's width.
class IgWorkload : public Workload {
  public:
    void run(const Kernels& kernels) override {
        dixtill::ig_accumulate(
            kernels, {gradients_.data(), step_weights_.data(), delta_.data(), word_index_.data(),
                      kNumSteps, kNumTexts, kNumTokens, kWidth, kNumTokens, attributions_.data()});
    }

  private:
    static constexpr int64_t kNumSteps = 12, kNumTexts = 2, kNumTokens = 20, kWidth = 384;
    static constexpr int64_t kNumDeltas = kNumTexts * kNumTokens * kWidth;

    Lcg random_;
    std::vector<float> gradients_ = random_.floats(kNumSteps * kNumDeltas, 1.0F);
    std::vector<float> step_weights_ = random_.floats(kNumSteps, 1.0F);
    std::vector<float> delta_ = random_.floats(kNumDeltas, 1.0F);
    std::vector<int32_t> word_index_ = std::vector<int32_t>(kNumTexts * kNumTokens, 3);
    std::vector<float> attributions_ = std::vector<float>(kNumTexts * kNumTokens);
};

// Two tweets, one beyond ASCII; any target does the same.
class TextWorkload : public Workload {
  public:
    void run(const Kernels&) override {
        for (const char* text : kTexts) tokenizer_.read(text, scratch_, read_);
    }

  private:
    static constexpr const char* kTexts[] = {
        "Apple shares jump after record earnings as iPhone sales beat analysts' estimates",
        "Caf\u00e9 chain\u2019s profit \u2014 up 5.3% \u2014 beats &amp; raises https://t.co/x "
        "$CAF"};

    dixtill::Tokenizer tokenizer_{
        "[UNK]\napple\nshares\njump\nafter\nrecord\nearn\n##ings\nas\nsales\nbeat\n##s\n'\n"
        "estimates\ncafe\nchain\nprofit\nup\n5\n.\n3\n%\n$\nraises\n&",
        {true,
         true,
         true,
         256,
         {dixtill::CleaningRule::html_entities_v2, dixtill::CleaningRule::urls_v2}}};
    dixtill::TokenizerScratch scratch_;
    dixtill::TokenizedText read_;
};

struct NamedWorkload {
    const char* name;
    void (*run)(const Kernels&);
};

}  // namespace

int counted_calls = 0;

// tools/count_instructions.py counts from the entry of this function to its end. What it does after
// the run keeps the compiler from leaving it by a jump, whose end would not be seen.
extern "C" DIXTILL_NOINLINE void counted_call(Workload& workload, const Kernels& kernels) {
    workload.run(kernels);
    ++counted_calls;
}

namespace {

void run_counted(Workload&& workload, const Kernels& kernels) {
    workload.run(kernels);
    counted_call(workload, kernels);
}

// What else should be counted is one more line: it may ignore `kernels`.
constexpr NamedWorkload kWorkloads[] = {
    {"forward_12_pieces",
     [](const Kernels& k) { run_counted(ForwardWorkload(Cell::lstm, 1, 12), k); }},
    {"forward_12_pieces_4_bits",
     [](const Kernels& k) { run_counted(ForwardWorkload(Cell::lstm, 1, 12, 4), k); }},
    {"forward_32_pieces",
     [](const Kernels& k) { run_counted(ForwardWorkload(Cell::lstm, 1, 32), k); }},
    {"forward_8_texts_of_32",
     [](const Kernels& k) { run_counted(ForwardWorkload(Cell::lstm, 8, 32), k); }},
    {"gru_12_pieces", [](const Kernels& k) { run_counted(ForwardWorkload(Cell::gru, 1, 12), k); }},
    {"gru_32_pieces", [](const Kernels& k) { run_counted(ForwardWorkload(Cell::gru, 1, 32), k); }},
    {"linear_12_pieces",
     [](const Kernels& k) { run_counted(ForwardWorkload(Cell::linear, 1, 12), k); }},
    {"linear_32_pieces",
     [](const Kernels& k) { run_counted(ForwardWorkload(Cell::linear, 1, 32), k); }},
    {"lstm_12_kept", [](const Kernels& k) { run_counted(KeptWorkload(Cell::lstm, 12, false), k); }},
    {"lstm_12_remembered",
     [](const Kernels& k) { run_counted(KeptWorkload(Cell::lstm, 12, true), k); }},
    {"gru_12_kept", [](const Kernels& k) { run_counted(KeptWorkload(Cell::gru, 12, false), k); }},
    {"gru_12_remembered",
     [](const Kernels& k) { run_counted(KeptWorkload(Cell::gru, 12, true), k); }},
    {"linear_12_kept",
     [](const Kernels& k) { run_counted(KeptWorkload(Cell::linear, 12, false), k); }},
    {"linear_12_remembered",
     [](const Kernels& k) { run_counted(KeptWorkload(Cell::linear, 12, true), k); }},
    {"lstm_12_one_direction",
     [](const Kernels& k) { run_counted(KeptWorkload(Cell::lstm, 12, false, 1), k); }},
    {"gru_12_one_direction",
     [](const Kernels& k) { run_counted(KeptWorkload(Cell::gru, 12, false, 1), k); }},
    {"ig_accumulate", [](const Kernels& k) { run_counted(IgWorkload(), k); }},
    {"text_to_pieces", [](const Kernels& k) { run_counted(TextWorkload(), k); }},
};

void print_compiler() {
#if defined(__clang__)
    std::printf("clang++ %d.%d.%d\n", __clang_major__, __clang_minor__, __clang_patchlevel__);
#elif defined(__GNUC__)
    std::printf("g++ %d.%d.%d\n", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#else
    std::printf("unknown\n");
#endif
}

void print_pairs() {
    for (const dixtill::Target& target : dixtill::compiled_targets()) {
        if (!target.is_supported) continue;
        for (const NamedWorkload& workload : kWorkloads) {
            std::printf("%s %s\n", workload.name, target.name);
        }
    }
}

int run(const char* name, const char* target) {
    for (const NamedWorkload& workload : kWorkloads) {
        if (std::strcmp(workload.name, name) != 0) continue;
        workload.run(dixtill::kernels_of(target));
        return 0;
    }
    std::fprintf(stderr, "count_driver: no workload '%s'\n", name);
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    const std::string first = argc > 1 ? argv[1] : "";
    try {
        if (argc == 2 && first == "--compiler") return print_compiler(), 0;
        if (argc == 2 && first == "--list") return print_pairs(), 0;
        if (argc == 3) return run(argv[1], argv[2]);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "count_driver: %s\n", error.what());
        return 1;
    }
    std::fprintf(stderr, "usage: count_driver --compiler | --list | WORKLOAD TARGET\n");
    return 2;
}
