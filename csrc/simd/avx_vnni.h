// int8 arithmetic for AVX-VNNI, the eight-lane dot product of CPUs without AVX-512.
#pragma once

#include "avx_floats.h"
#include "avx_integers.h"

namespace dixtill::DIXTILL_TARGET {

constexpr int64_t kMaxAccumulators = 13;  // of 16 registers

static inline I32 dot4(I32 acc, I8 x, I8 w) {
    return _mm256_dpbusd_avx_epi32(acc, x, w);
}

using WideLanes = EightLanes;

}  // namespace dixtill::DIXTILL_TARGET

#include "any_dot.h"
