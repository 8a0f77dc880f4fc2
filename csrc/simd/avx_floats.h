// Float and memory operations on eight lanes that all AVX targets share; simd/scalar.h says what
// each means.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace dixtill::DIXTILL_TARGET {

using F32 = __m256;

// maddubs and dpbusd need one unsigned operand: activations are stored with 128 added, which
// the row's correction subtracts again.
constexpr int kActivationOffset = 128;

static inline F32 load_i32_as_f32(const int32_t* from) {
    return _mm256_cvtepi32_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}

static inline F32 load_sum_as_f32(const int32_t* a, const int32_t* b) {
    return _mm256_cvtepi32_ps(
        _mm256_add_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(a)),
                         _mm256_loadu_si256(reinterpret_cast<const __m256i*>(b))));
}

static inline F32 set_f32(float value) {
    return _mm256_set1_ps(value);
}

static inline F32 load_f32(const float* from) {
    return _mm256_loadu_ps(from);
}

static inline __m256i first_lanes(int count) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

static inline F32 load_partial_f32(const float* from, int count) {
    return _mm256_maskload_ps(from, first_lanes(count));
}

static inline void store_f32(float* to, F32 a) {
    _mm256_storeu_ps(to, a);
}

static inline void store_partial_f32(float* to, F32 a, int count) {
    _mm256_maskstore_ps(to, first_lanes(count), a);
}

static inline F32 add(F32 a, F32 b) {
    return _mm256_add_ps(a, b);
}

static inline F32 add_in_order(F32 sum, F32 a) {
    return add(sum, a);
}

static inline F32 sub(F32 a, F32 b) {
    return _mm256_sub_ps(a, b);
}

static inline F32 mul(F32 a, F32 b) {
    return _mm256_mul_ps(a, b);
}

static inline F32 div(F32 a, F32 b) {
    return _mm256_div_ps(a, b);
}

static inline F32 min(F32 a, F32 b) {
    return _mm256_min_ps(a, b);
}

static inline F32 max(F32 a, F32 b) {
    return _mm256_max_ps(a, b);
}

static inline F32 pow2_of_shifted(F32 a) {
    const __m256i exponent = _mm256_slli_epi32(_mm256_castps_si256(a), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(exponent, _mm256_set1_epi32(0x3F800000)));
}

static inline void store_activation(int8_t* to, F32 a) {
    const __m256i wide = _mm256_cvtps_epi32(a);
    const __m128i half =
        _mm_packs_epi32(_mm256_castsi256_si128(wide), _mm256_extracti128_si256(wide, 1));
    const __m128i rounded = _mm_packs_epi16(half, half);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm_xor_si128(rounded, _mm_set1_epi8(-128)));
}

static inline float sum_lanes(F32 a) {
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

}  // namespace dixtill::DIXTILL_TARGET

#include "eight_lanes.h"
