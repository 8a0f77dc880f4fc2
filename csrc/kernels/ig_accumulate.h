// Integrated gradients: the weighted sum over the path's steps, times input minus baseline, merged
// into words. Reads each gradient once and keeps nothing of their size.
#pragma once

#include "interface.h"

namespace dixtill::DIXTILL_TARGET {

// Element j goes to lane j % 8, zero padded.
static inline float dot(const float* a, const float* b, int64_t count) {
    F32 sum = set_f32(0.0F);
    int64_t j = 0;
    for (; j + kNumLanes <= count; j += kNumLanes) {
        sum = add(sum, mul(load_f32(a + j), load_f32(b + j)));
    }
    const int rest = static_cast<int>(count - j);
    if (rest > 0) {
        sum = add(sum, mul(load_partial_f32(a + j, rest), load_partial_f32(b + j, rest)));
    }
    return sum_lanes(sum);
}

// `token` counts over texts and tokens. Its rows of the steps lie num_texts * num_tokens apart;
// its delta stays in the first cache across them.
static inline float attribution_of(const IgArguments& arguments, int64_t token) {
    const int64_t step_stride = arguments.num_texts * arguments.num_tokens * arguments.width;
    const float* gradient = arguments.gradients + token * arguments.width;
    const float* delta = arguments.delta + token * arguments.width;
    float sum = 0.0F;
    for (int64_t step = 0; step < arguments.num_steps; ++step) {
        const float product = dot(gradient, delta, arguments.width);
        sum += arguments.step_weights[step] * product;
        gradient += step_stride;
    }
    return sum;
}

static void ig_accumulate(const IgArguments& arguments) {
    const int64_t num_outputs = arguments.num_texts * arguments.num_words;
    for (int64_t i = 0; i < num_outputs; ++i) arguments.attributions[i] = 0.0F;
    for (int64_t b = 0; b < arguments.num_texts; ++b) {
        for (int64_t t = 0; t < arguments.num_tokens; ++t) {
            const int64_t token = b * arguments.num_tokens + t;
            const int32_t word = arguments.word_index[token];
            if (word < 0) continue;
            arguments.attributions[b * arguments.num_words + word] +=
                attribution_of(arguments, token);
        }
    }
}

}  // namespace dixtill::DIXTILL_TARGET
