// int8 arithmetic for 64-bit ARM with the dot product instruction (Armv8.2 with dotprod).
#pragma once

#include "neon_lanes.h"

namespace dixtill::DIXTILL_TARGET {

constexpr int64_t kMaxAccumulators = 13;  // twenty-six of 32 registers

static inline I32 dot4(I32 acc, I8 x, I8 w) {
    return {vdotq_s32(acc.low, w.low, x.low), vdotq_s32(acc.high, w.high, x.high)};
}

}  // namespace dixtill::DIXTILL_TARGET

#include "any_dot.h"
