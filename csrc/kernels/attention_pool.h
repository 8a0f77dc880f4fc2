// Computes scores, attention, contributions and logits from the states of one text.
#pragma once

#include "activations.h"
#include "interface.h"
#include "matrix.h"
#include "progress.h"

namespace dixtill::DIXTILL_TARGET {

// How many scores are computed between two reports. A score takes at most half a step's time.
constexpr int64_t kScoresPerReport = 512;

// attention_vector * tanh(products * scale), from `unit` on.
template <typename Lanes>
static inline typename Lanes::Float attention_terms(const Readout& readout, const int32_t* products,
                                                    int64_t unit) {
    const auto scale = Lanes::load(readout.attention_scale + unit);
    const auto activation = tanh<Lanes>(mul(Lanes::load(products + unit), scale));
    return mul(Lanes::load(readout.attention_vector + unit), activation);
}

// The sum of the terms of all units, in eight lanes.
static inline float attention_score(const Readout& readout, const int32_t* products,
                                    int64_t attention_dim) {
    F32 sum = set_f32(0.0F);
    int64_t unit = 0;
    for (; unit + WideLanes::kCount <= attention_dim; unit += WideLanes::kCount) {
        sum = add_in_order(sum, attention_terms<WideLanes>(readout, products, unit));
    }
    for (; unit < attention_dim; unit += EightLanes::kCount) {
        sum = add(sum, attention_terms<EightLanes>(readout, products, unit));
    }
    return sum_lanes(sum);
}

// Fills scores [length], and shares [length, num_classes] with what each piece would give to each
// class if it had all the attention. Returns false if the caller ended it.
static inline bool score_pieces(const ForwardArguments& arguments, int64_t length, float* scores,
                                float* shares) {
    const StudentView& student = *arguments.student;
    const Readout& readout = student.readout;
    int32_t* products = arguments.scratch.readout_products;
    const int32_t* start = first_sums(readout.matrix, readout.correction, arguments.scratch);
    const int32_t* head = products + round_up(student.attention_dim, kNumLanes);
    for (int64_t t = 0; t < length; ++t) {
        if ((t + 1) % kScoresPerReport == 0 && !goes_on_after(arguments, kScoresPerReport / 2)) {
            return false;
        }
        const int8_t* state = arguments.scratch.states_q8 + t * state_bytes(student.hidden_dim);
        multiply(readout.matrix, state, start, products);
        scores[t] = attention_score(readout, products, student.attention_dim);
        for (int64_t k = 0; k < student.num_classes; ++k) {
            *shares++ = static_cast<float>(head[k]) * readout.head_scale[k];
        }
    }
    return true;
}

// Returns the largest of `first` and the values.
static inline float largest(float first, const float* values, int64_t count) {
    float result = first;
    for (int64_t i = 0; i < count; ++i) result = values[i] > result ? values[i] : result;
    return result;
}

// out = exp(values - shift)
static inline void exp_of_difference(const float* values, float shift, int64_t count, float* out) {
    const F32 shifts = set_f32(shift);
    int64_t i = 0;
    for (; i + kNumLanes <= count; i += kNumLanes) {
        store_f32(out + i, exp(sub(load_f32(values + i), shifts)));
    }
    const int rest = static_cast<int>(count - i);
    if (rest > 0) {
        store_partial_f32(out + i, exp(sub(load_partial_f32(values + i, rest), shifts)), rest);
    }
}

// out = exp(values - shift), divided by `first` and their sum. It runs in order, from `first` on,
// so a value's place in a register cannot change it.
static inline void share_out(const float* values, float shift, float first, int64_t count,
                             float* out) {
    exp_of_difference(values, shift, count, out);
    float sum = first;
    for (int64_t i = 0; i < count; ++i) sum += out[i];
    for (int64_t i = 0; i < count; ++i) out[i] /= sum;
}

// There must be at least one value.
static inline void softmax(const float* values, int64_t count, float* out) {
    share_out(values, largest(values[0], values, count), 0.0F, count, out);
}

// Softmax over the null score and the scores of the pieces, in this order. No piece gets the share
// of the null score, so a text may have no pieces.
static inline void attention_of(const float* scores, float null_score, int64_t length, float* out) {
    const float shift = largest(null_score, scores, length);
    float of_null;
    exp_of_difference(&null_score, shift, 1, &of_null);
    share_out(scores, shift, of_null, length, out);
}

// contributions *= attention; logits = bias + the contributions, in order of time.
static inline void pool(const Readout& readout, const float* attention, int64_t length,
                        int64_t num_classes, float* contributions, float* logits) {
    for (int64_t k = 0; k < num_classes; ++k) logits[k] = readout.head_bias[k];
    for (int64_t t = 0; t < length; ++t) {
        for (int64_t k = 0; k < num_classes; ++k) {
            contributions[k] *= attention[t];
            logits[k] += contributions[k];
        }
        contributions += num_classes;
    }
}

// Computes everything after the states of text `b`. Returns false if the caller ended it.
static inline bool attend(const ForwardArguments& arguments, int64_t b) {
    const Readout& readout = arguments.student->readout;
    const int64_t num_classes = arguments.student->num_classes;
    const int64_t start = arguments.offsets[b];
    const int64_t length = arguments.offsets[b + 1] - start;
    float* scores = arguments.scores + start;
    float* attention = arguments.attention + start;
    float* contributions = arguments.contributions + start * num_classes;
    float* logits = arguments.logits + b * num_classes;
    if (!score_pieces(arguments, length, scores, contributions)) return false;
    attention_of(scores, *readout.null_score, length, attention);
    pool(readout, attention, length, num_classes, contributions, logits);
    softmax(logits, num_classes, arguments.probabilities + b * num_classes);
    return true;
}

}  // namespace dixtill::DIXTILL_TARGET
