// Integrated gradients: the weighted sum over the path's steps, times input minus baseline, merged
// into words. Reads each gradient once and keeps nothing of their size.
#pragma once

#include "interface.h"
#include "unroll.h"

namespace dixtill::DIXTILL_TARGET {

// Steps whose sums run side by side: their additions wait for each other, and their rows are
// streams that the memory fetches at once.
constexpr int64_t kParallelSteps = 4;

// products[i] = dot(row i, b), rows `stride` apart. Element j goes to lane j % 8, zero padded.
template <int64_t N>
static inline void dots(const float* rows, int64_t stride, const float* b, int64_t count,
                        float* products) {
    F32 sums[N];
    DIXTILL_UNROLL
    for (int64_t i = 0; i < N; ++i) sums[i] = set_f32(0.0F);
    int64_t j = 0;
    for (; j + kNumLanes <= count; j += kNumLanes) {
        const F32 factor = load_f32(b + j);
        DIXTILL_UNROLL
        for (int64_t i = 0; i < N; ++i) {
            sums[i] = add(sums[i], mul(load_f32(rows + i * stride + j), factor));
        }
    }
    const int rest = static_cast<int>(count - j);
    for (int64_t i = 0; i < N; ++i) {
        if (rest > 0) {
            const F32 row = load_partial_f32(rows + i * stride + j, rest);
            sums[i] = add(sums[i], mul(row, load_partial_f32(b + j, rest)));
        }
        products[i] = sum_lanes(sums[i]);
    }
}

// Adds the share of N steps from `step` on to the attribution of each token. All tokens of a step
// lie in order, so that memory is read as N streams.
template <int64_t N>
static inline void add_steps(const IgArguments& arguments, int64_t step) {
    const int64_t width = arguments.width;
    const int64_t num_tokens = arguments.num_texts * arguments.num_tokens;
    const float* gradients = arguments.gradients + step * num_tokens * width;
    for (int64_t token = 0; token < num_tokens; ++token) {
        if (arguments.word_index[token] < 0) continue;
        float products[N];
        dots<N>(gradients + token * width, num_tokens * width, arguments.delta + token * width,
                width, products);
        for (int64_t i = 0; i < N; ++i) {
            arguments.token_sums[token] += arguments.step_weights[step + i] * products[i];
        }
    }
}

static inline void add_tokens_to_words(const IgArguments& arguments) {
    for (int64_t b = 0; b < arguments.num_texts; ++b) {
        float* words = arguments.attributions + b * arguments.num_words;
        for (int64_t t = 0; t < arguments.num_tokens; ++t) {
            const int64_t token = b * arguments.num_tokens + t;
            const int32_t word = arguments.word_index[token];
            if (word >= 0) words[word] += arguments.token_sums[token];
        }
    }
}

static void ig_accumulate(const IgArguments& arguments) {
    const int64_t num_outputs = arguments.num_texts * arguments.num_words;
    for (int64_t i = 0; i < num_outputs; ++i) arguments.attributions[i] = 0.0F;
    const int64_t num_tokens = arguments.num_texts * arguments.num_tokens;
    for (int64_t i = 0; i < num_tokens; ++i) arguments.token_sums[i] = 0.0F;
    int64_t step = 0;
    for (; step + kParallelSteps <= arguments.num_steps; step += kParallelSteps) {
        add_steps<kParallelSteps>(arguments, step);
    }
    for (; step < arguments.num_steps; ++step) add_steps<1>(arguments, step);
    add_tokens_to_words(arguments);
}

}  // namespace dixtill::DIXTILL_TARGET
