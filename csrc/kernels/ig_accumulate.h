// Computes integrated gradients: the weighted sum over the path's steps, times input minus
// baseline, merged into words. Reads each gradient once and allocates nothing of their size.
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

// Adds the share of N steps from `step` on to the sum of each token. The tokens of a step lie in
// order, so that memory is read as N streams.
template <int64_t N>
static inline void add_steps(const IgArguments& arguments, const TokenBlock& block, int64_t step) {
    const int64_t width = arguments.width;
    const int64_t stride = arguments.num_texts * arguments.num_tokens * width;
    const float* gradients = arguments.gradients + step * stride;
    for (int64_t token = block.begin; token < block.end; ++token) {
        if (arguments.word_index[token] < 0) continue;
        float products[N];
        dots<N>(gradients + token * width, stride, arguments.delta + token * width, width,
                products);
        for (int64_t i = 0; i < N; ++i) {
            block.sums[token - block.begin] += arguments.step_weights[step + i] * products[i];
        }
    }
}

static inline void add_tokens_to_words(const IgArguments& arguments, const TokenBlock& block) {
    int64_t text = block.begin / arguments.num_tokens;
    int64_t end_of_text = (text + 1) * arguments.num_tokens;
    for (int64_t token = block.begin; token < block.end; ++token) {
        if (token == end_of_text) {
            ++text;
            end_of_text += arguments.num_tokens;
        }
        const int32_t word = arguments.word_index[token];
        if (word < 0) continue;
        arguments.attributions[text * arguments.num_words + word] +=
            block.sums[token - block.begin];
    }
}

static void ig_accumulate(const IgArguments& arguments, const TokenBlock& block) {
    for (int64_t i = 0; i < block.end - block.begin; ++i) block.sums[i] = 0.0F;
    int64_t step = 0;
    for (; step + kParallelSteps <= arguments.num_steps; step += kParallelSteps) {
        add_steps<kParallelSteps>(arguments, block, step);
    }
    for (; step < arguments.num_steps; ++step) add_steps<1>(arguments, block, step);
    add_tokens_to_words(arguments, block);
}

}  // namespace dixtill::DIXTILL_TARGET
