// int8 arithmetic for AVX2; simd/scalar.h says what each operation means. No loops over data, no
// memory: kernels/ owns those.
#pragma once

#include "avx_floats.h"
#include "avx_integers.h"

namespace dixtill::DIXTILL_TARGET {

constexpr int64_t kMaxAccumulators = 12;  // of 16 registers
constexpr int kActivationOffset = 0;

// maddubs needs one unsigned operand, so x gives its sign to w first. Exact while |x|, |w| <= 127:
// the largest pair, 2 * 127 * 127 = 32258, stays below the 32767 at which maddubs saturates.
static inline I32 dot4(I32 acc, I8 x, I8 w) {
    const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(x), _mm256_sign_epi8(w, x));
    return _mm256_add_epi32(acc, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

static inline void store_activation(int8_t* to, F32 a) {
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), rounded_q8(a));
}

using WideLanes = EightLanes;

}  // namespace dixtill::DIXTILL_TARGET
