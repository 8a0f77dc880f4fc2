// Computes everything after the states of one text: scores, attention, contributions, logits and
// probabilities. How the contributions come about is left to a head.
#pragma once

#include "attention.h"
#include "interface.h"
#include "matrix.h"
#include "progress.h"

namespace dixtill::DIXTILL_TARGET {

// Fills scores [length], and has the head take what it needs of each state into contributions
// [length, num_classes]. Returns false if the caller ended it.
template <typename Head>
static inline bool score_pieces(const ForwardArguments& arguments, int64_t length, float* scores,
                                float* contributions) {
    const StudentView& student = *arguments.student;
    const Readout& readout = student.readout;
    int32_t* products = arguments.scratch.readout_products;
    const int32_t* start = first_sums(readout.matrix, readout.correction, arguments.scratch);
    const int32_t* head = products + round_up(student.attention_dim, kNumLanes);
    for (int64_t t = 0; t < length; ++t) {
        if ((t + 1) % kPiecesPerReport == 0 && !goes_on_after(arguments, kPiecesPerReport / 2)) {
            return false;
        }
        const int8_t* state = arguments.scratch.states_q8 + t * state_bytes(student);
        multiply(readout.matrix, state, start, products);
        scores[t] = attention_score(readout, products, student.attention_dim);
        Head::take(readout, head, student.num_classes, contributions + t * student.num_classes);
    }
    return true;
}

// Answers text `b`. Returns false if the caller ended it.
template <typename Head>
static inline bool read_out(const ForwardArguments& arguments, int64_t b) {
    const Readout& readout = arguments.student->readout;
    const int64_t num_classes = arguments.student->num_classes;
    const int64_t start = arguments.offsets[b];
    const int64_t length = arguments.offsets[b + 1] - start;
    float* scores = arguments.scores + start;
    float* attention = arguments.attention + start;
    float* contributions = arguments.contributions + start * num_classes;
    float* logits = arguments.logits + b * num_classes;
    if (!score_pieces<Head>(arguments, length, scores, contributions)) return false;
    attention_of(scores, *readout.null_score, length, attention);
    for (int64_t k = 0; k < num_classes; ++k) logits[k] = readout.head_bias[k];
    if (!Head::contribute(arguments, attention, length, contributions, logits)) return false;
    answer_of(arguments.student->output, logits, num_classes,
              arguments.probabilities + b * num_classes);
    return true;
}

}  // namespace dixtill::DIXTILL_TARGET
