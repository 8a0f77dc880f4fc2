// int8 arithmetic for AVX2; simd/scalar.h says what each operation means. Loops over
// data and memory are left to kernels/.
#pragma once

#include "avx_floats.h"
#include "avx_integers.h"

namespace dixtill::DIXTILL_TARGET {

constexpr int64_t kMaxAccumulators = 9;  // of 16 registers
constexpr bool kOffsetNeedsSmallSums = true;

// For parameters of any size: the offset of x is subtracted, and its sign moves to w. Exact while
// |x|, |w| <= 127: the largest pair, 2 * 127 * 127 = 32258, stays below the 32767 at which maddubs
// saturates.
static inline I32 dot4(I32 acc, I8 x, I8 w) {
    const __m256i plain = _mm256_xor_si256(x, _mm256_set1_epi8(-128));
    const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(plain), _mm256_sign_epi8(w, plain));
    return _mm256_add_epi32(acc, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

static inline I32 small_dot4(I32 acc, I8 x, I8 w) {
    const __m256i pairs = _mm256_maddubs_epi16(x, w);
    return _mm256_add_epi32(acc, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

// Two groups of columns are added in int16 before they are widened, which saves one of four
// multiplications.
static inline I32 small_dot8(I32 acc, I8 x, I8 w, I8 next_x, I8 next_w) {
    const __m256i sums =
        _mm256_add_epi16(_mm256_maddubs_epi16(x, w), _mm256_maddubs_epi16(next_x, next_w));
    return _mm256_add_epi32(acc, _mm256_madd_epi16(sums, _mm256_set1_epi16(1)));
}

using WideLanes = EightLanes;

}  // namespace dixtill::DIXTILL_TARGET
