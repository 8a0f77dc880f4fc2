// The score of a state; from scores to attention, and from logits to an answer.
#pragma once

#include "activations.h"
#include "interface.h"

namespace dixtill::DIXTILL_TARGET {

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

// 1 / (1 + exp(-value)), or exp(value) / (1 + exp(value)) below 0, so that no exponential is
// above 1.
static inline void sigmoid(const float* values, int64_t count, float* out) {
    for (int64_t i = 0; i < count; ++i) out[i] = values[i] < 0.0F ? values[i] : -values[i];
    exp_of_difference(out, 0.0F, count, out);
    for (int64_t i = 0; i < count; ++i) {
        out[i] = (values[i] < 0.0F ? out[i] : 1.0F) / (1.0F + out[i]);
    }
}

// There must be at least one logit.
static inline void answer_of(Output output, const float* logits, int64_t count, float* out) {
    switch (output) {
        case Output::softmax:
            return softmax(logits, count, out);
        case Output::sigmoid:
            return sigmoid(logits, count, out);
        case Output::number:
            for (int64_t i = 0; i < count; ++i) out[i] = logits[i];
    }
}

// Softmax over the null score and the scores of the pieces, in this order. No piece gets the share
// of the null score, so a text may have no pieces.
static inline void attention_of(const float* scores, float null_score, int64_t length, float* out) {
    const float shift = largest(null_score, scores, length);
    float of_null;
    exp_of_difference(&null_score, shift, 1, &of_null);
    share_out(scores, shift, of_null, length, out);
}

}  // namespace dixtill::DIXTILL_TARGET
