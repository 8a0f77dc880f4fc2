// int8 arithmetic for every 64-bit ARM (Armv8.0: no dot product instruction).
#pragma once

#include "neon_lanes.h"

namespace dixtill::DIXTILL_TARGET {

constexpr int64_t kMaxAccumulators = 8;  // sixteen of 32 registers

constexpr bool kOffsetNeedsSmallSums = false;

// Sums of two products, at most 2 * 127 * 127 = 32258, fit in int16.
static inline int32x4_t dot4(int32x4_t acc, int8x16_t x, int8x16_t w) {
    const int16x8_t first = vmull_s8(vget_low_s8(x), vget_low_s8(w));
    const int16x8_t second = vmull_high_s8(x, w);
    return vpadalq_s16(acc, vpaddq_s16(first, second));
}

static inline I32 dot4(I32 acc, I8 x, I8 w) {
    return {dot4(acc.low, x.low, w.low), dot4(acc.high, x.high, w.high)};
}

static inline I32 small_dot4(I32 acc, I8 x, I8 w) {
    return dot4(acc, x, w);
}

// Sums of four products, at most 127 * kSmallSum, fit in int16.
static inline int32x4_t small_dot8(int32x4_t acc, int8x16_t x, int8x16_t w, int8x16_t next_x,
                                   int8x16_t next_w) {
    const int16x8_t first = vmlal_s8(vmull_s8(vget_low_s8(x), vget_low_s8(w)), vget_low_s8(next_x),
                                     vget_low_s8(next_w));
    const int16x8_t second = vmlal_high_s8(vmull_high_s8(x, w), next_x, next_w);
    return vpadalq_s16(acc, vpaddq_s16(first, second));
}

static inline I32 small_dot8(I32 acc, I8 x, I8 w, I8 next_x, I8 next_w) {
    return {small_dot8(acc.low, x.low, w.low, next_x.low, next_w.low),
            small_dot8(acc.high, x.high, w.high, next_x.high, next_w.high)};
}

}  // namespace dixtill::DIXTILL_TARGET
