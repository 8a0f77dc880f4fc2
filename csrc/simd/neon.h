// int8 arithmetic for every 64-bit ARM (Armv8.0: no dot product instruction).
#pragma once

#include "neon_lanes.h"

namespace dixtill::DIXTILL_TARGET {

constexpr int64_t kMaxAccumulators = 8;  // sixteen of 32 registers

// Sums of two products, at most 2 * 127 * 127 = 32258, fit in int16.
static inline int32x4_t dot4(int32x4_t acc, int8x16_t x, int8x16_t w) {
    const int16x8_t first = vmull_s8(vget_low_s8(x), vget_low_s8(w));
    const int16x8_t second = vmull_high_s8(x, w);
    return vpadalq_s16(acc, vpaddq_s16(first, second));
}

static inline I32 dot4(I32 acc, I8 x, I8 w) {
    return {dot4(acc.low, x.low, w.low), dot4(acc.high, x.high, w.high)};
}

}  // namespace dixtill::DIXTILL_TARGET
