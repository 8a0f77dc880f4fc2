// Goes from a text to its answer: tokenizer, student and word weights in one call.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "../process/pool.h"
#include "../student/forward.h"
#include "../student/pack.h"
#include "../student/view.h"
#include "../text/tokenizer.h"
#include "check.h"
#include "familiarity.h"

namespace dixtill {

// Where a word's weight comes from.
enum class Explanation { gates, contributions, scores };

// An answer as bytes, without padding, in the machine's byte order:
//
//   int32    label, number of words, flags (1 if the text went past the limit, 2 if checked),
//            number of pieces, and how many of those are the unknown one
//   float    familiarity in [0, 1], or -1 if the student cannot tell
//   float    probabilities [num_classes], or the number
//   int64    start and end of each word, in code points of the text [words, 2]
//   double   weights [num_classes, words]; of scores, which belong to no class, [1, words]
//   uint8    whether a piece of the word is the unknown one [words]
//
// and where it was checked (check.h):
//
//   double   effects [words]
//   int32    the checked label, 1 if no smaller flip exists, the flip's number of words or -1, its
//            words
using Record = std::string;

// Whether answers are to be checked, and how.
using WantedCheck = std::optional<CheckOptions>;

class Classifier {
  public:
    // The parameters are copied; the embedding and the tokenizer's vocabulary must outlive the
    // classifier.
    Classifier(const Kernels& kernels, const StudentShape& shape,
               const StudentParameters& parameters, const Embedding& embedding, Tokenizer tokenizer,
               Explanation explanation, std::optional<Familiarity> familiarity = std::nullopt);
    ~Classifier();

    // Many threads may call this at once. Throws Interrupted.
    Record answer(std::string_view utf8, const WantedCheck& check,
                  Interruption* interruption = nullptr) const;

    // Returns the answers to the first texts: those that are begun within a tenth of a second, and
    // at least one. So the caller sees the first answers early, however long the list takes. Any
    // number of threads gives the same bits. Throws Interrupted.
    std::vector<Record> answer_some(std::vector<std::string_view> texts, int64_t num_threads,
                                    const WantedCheck& check,
                                    Interruption::IsWanted is_interruption_wanted) const;

  private:
    struct Worker;

    void answer_with(Worker& worker, std::string_view utf8, const WantedCheck& check,
                     Interruption* interruption, Record& record) const;
    void answer_in(Worker& worker, std::string_view utf8, const WantedCheck& check,
                   Interruption* interruption, Record& record) const;
    void run(Worker& worker, const std::vector<int32_t>& piece_ids,
             Interruption* interruption) const;
    void weigh_words(Worker& worker, Interruption* interruption) const;
    void weigh_by_contributions(Worker& worker, Interruption* interruption) const;
    void weigh_by_scores(Worker& worker, Interruption* interruption) const;
    void weigh_by_gates(Worker& worker, Interruption* interruption) const;
    void find_unknown(Worker& worker, Interruption* interruption) const;
    float familiarity_of(const Worker& worker, Interruption* interruption) const;
    void write(const Worker& worker, bool is_checked, Interruption* interruption,
               Record& record) const;
    void write_check(Worker& worker, const CheckOptions& options, Interruption* interruption,
                     Record& record) const;

    const Kernels& kernels_;
    AlignedMemory memory_;
    StudentView student_;
    Embedding embedding_;
    mutable ProductMemory products_;
    Tokenizer tokenizer_;
    Explanation explanation_;
    std::optional<Familiarity> familiarity_;
    mutable Pool<Worker> workers_;
};

}  // namespace dixtill
