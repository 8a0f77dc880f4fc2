// The products of matrices with small sums, for targets whose dot4 gains nothing from that.
#pragma once

namespace dixtill::DIXTILL_TARGET {

constexpr bool kOffsetNeedsSmallSums = false;

static inline I32 small_dot4(I32 acc, I8 x, I8 w) {
    return dot4(acc, x, w);
}

static inline I32 small_dot8(I32 acc, I8 x, I8 w, I8 next_x, I8 next_w) {
    return dot4(dot4(acc, x, w), next_x, next_w);
}

}  // namespace dixtill::DIXTILL_TARGET
