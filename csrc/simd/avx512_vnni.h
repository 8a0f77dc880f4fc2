// AVX-512 with VNNI: a register holds sixteen rows, or sixteen units. Sums stay at eight lanes
// (docs/adr/0001).
#pragma once

#include "avx_floats.h"

namespace dixtill::DIXTILL_TARGET {

using I8 = __m512i;
using I32 = __m512i;

constexpr int64_t kVectorsPerI32 = 2;
constexpr int64_t kMaxAccumulators = 14;  // of 32 registers; more would not hide more latency

static inline I8 load_i8(const int8_t* from) {
    return _mm512_loadu_si512(from);
}

// `from` is aligned to four bytes.
static inline I8 broadcast4(const int8_t* from) {
    return _mm512_set1_epi32(*reinterpret_cast<const int32_t*>(from));
}

static inline I32 load_i32(const int32_t* from) {
    return _mm512_loadu_si512(from);
}

static inline void store_i32(int32_t* to, I32 a) {
    _mm512_storeu_si512(to, a);
}

static inline I32 dot4(I32 acc, I8 x, I8 w) {
    return _mm512_dpbusd_epi32(acc, x, w);
}

struct WideLanes {
    using Float = __m512;
    static constexpr int64_t kCount = 16;
    static inline __m512 load(const float* from) { return _mm512_loadu_ps(from); }
    static inline __m512 load(const int32_t* from) {
        return _mm512_cvtepi32_ps(_mm512_loadu_si512(from));
    }
    static inline __m512 load_sum(const int32_t* a, const int32_t* b) {
        return _mm512_cvtepi32_ps(_mm512_add_epi32(_mm512_loadu_si512(a), _mm512_loadu_si512(b)));
    }
    static inline __m512 fill(float value) { return _mm512_set1_ps(value); }
};

static inline __m512 add(__m512 a, __m512 b) {
    return _mm512_add_ps(a, b);
}

static inline F32 add_in_order(F32 sum, __m512 a) {
    const __m256 high = _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(a), 1));
    return add(add(sum, _mm512_castps512_ps256(a)), high);
}

static inline __m512 sub(__m512 a, __m512 b) {
    return _mm512_sub_ps(a, b);
}

static inline __m512 mul(__m512 a, __m512 b) {
    return _mm512_mul_ps(a, b);
}

static inline __m512 div(__m512 a, __m512 b) {
    return _mm512_div_ps(a, b);
}

static inline __m512 min(__m512 a, __m512 b) {
    return _mm512_min_ps(a, b);
}

static inline __m512 max(__m512 a, __m512 b) {
    return _mm512_max_ps(a, b);
}

static inline void store_f32(float* to, __m512 a) {
    _mm512_storeu_ps(to, a);
}

static inline void store_activation(int8_t* to, __m512 a) {
    const __m128i rounded = _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(a));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_xor_si128(rounded, _mm_set1_epi8(-128)));
}

}  // namespace dixtill::DIXTILL_TARGET

#include "any_dot.h"
