// int8 arithmetic for AVX-VNNI, the eight-lane dot product of CPUs without AVX-512.
#pragma once

#include "avx_floats.h"
#include "avx_integers.h"

namespace dixtill::DIXTILL_TARGET {

constexpr int64_t kMaxAccumulators = 13;  // of 16 registers
// dpbusd needs one unsigned operand: activations are kept with 128 added, which the row's
// correction takes away again.
constexpr int kActivationOffset = 128;

static inline I32 dot4(I32 acc, I8 x, I8 w) {
    return _mm256_dpbusd_avx_epi32(acc, x, w);
}

static inline void store_activation(int8_t* to, F32 a) {
    const __m128i shifted = _mm_xor_si128(rounded_q8(a), _mm_set1_epi8(-128));
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), shifted);
}

using WideLanes = EightLanes;

}  // namespace dixtill::DIXTILL_TARGET

#include "any_dot.h"
