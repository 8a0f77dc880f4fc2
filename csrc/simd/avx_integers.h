// Integer registers of 256 bits, for the targets that have no wider ones.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace dixtill::DIXTILL_TARGET {

using I8 = __m256i;
using I32 = __m256i;

constexpr int64_t kVectorsPerI32 = 1;

static inline I8 load_i8(const int8_t* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

// `from` is aligned to four bytes.
static inline I8 broadcast4(const int8_t* from) {
    return _mm256_castps_si256(_mm256_broadcast_ss(reinterpret_cast<const float*>(from)));
}

static inline I32 load_i32(const int32_t* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
}

static inline void store_i32(int32_t* to, I32 a) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), a);
}

}  // namespace dixtill::DIXTILL_TARGET
