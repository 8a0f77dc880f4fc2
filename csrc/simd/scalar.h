// Eight lanes in portable C++: the fallback on any CPU, and the target that is easiest to verify.
// Loops over data and memory are left to kernels/.
#pragma once

#include <cstdint>

#define DIXTILL_UNROLL  // unrolling makes this target slower

namespace dixtill::DIXTILL_TARGET {

struct I8 {
    int8_t lane[32];
};
struct I32 {
    int32_t lane[8];
};
struct F32 {
    float lane[8];
};

union FloatBits {
    float number;
    uint32_t bits;
};

// 1.5 * 2^23: a float of this size has a unit in the last place of 1, so adding it rounds to an
// integer, half to even, and leaves that integer in the low bits.
static const float kRoundingShift = 12582912.0F;

constexpr int64_t kVectorsPerI32 = 1;    // packed vectors of eight rows that an I32 accumulates
constexpr int64_t kMaxAccumulators = 4;  // I32 that multiply() keeps at once
// What a target adds to its int8 activations; the packed corrections are for 0 and 128.
constexpr int kActivationOffset = 0;
// Whether dot4 subtracts that itself, so that only the small dots need the corrections.
constexpr bool kOffsetNeedsSmallSums = false;

static inline I8 load_i8(const int8_t* from) {
    I8 out;
    for (int i = 0; i < 32; ++i) out.lane[i] = from[i];
    return out;
}

// Four values, repeated in each lane; `from` is aligned to four bytes.
static inline I8 broadcast4(const int8_t* from) {
    I8 out;
    for (int i = 0; i < 32; ++i) out.lane[i] = from[i % 4];
    return out;
}

static inline I32 load_i32(const int32_t* from) {
    I32 out;
    for (int i = 0; i < 8; ++i) out.lane[i] = from[i];
    return out;
}

// acc[lane] += the sum of four products x * w. Unrolled by hand, because GCC 12 compiles a loop to
// slower code.
static inline I32 dot4(I32 acc, I8 x, I8 w) {
    for (int i = 0; i < 8; ++i) {
        const int8_t* a = x.lane + 4 * i;
        const int8_t* b = w.lane + 4 * i;
        acc.lane[i] += a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3];
    }
    return acc;
}

// dot4 for a matrix that has_small_sums.
static inline I32 small_dot4(I32 acc, I8 x, I8 w) {
    return dot4(acc, x, w);
}

// dot4 for two groups of columns of such a matrix, whose products may be added in int16.
static inline I32 small_dot8(I32 acc, I8 x, I8 w, I8 next_x, I8 next_w) {
    return dot4(dot4(acc, x, w), next_x, next_w);
}

static inline void store_i32(int32_t* to, I32 a) {
    for (int i = 0; i < 8; ++i) to[i] = a.lane[i];
}

static inline F32 load_i32_as_f32(const int32_t* from) {
    F32 out;
    for (int i = 0; i < 8; ++i) out.lane[i] = static_cast<float>(from[i]);
    return out;
}

// The sums are exact: a and b are products of matrices whose columns fit in one matrix together.
static inline F32 load_sum_as_f32(const int32_t* a, const int32_t* b) {
    F32 out;
    for (int i = 0; i < 8; ++i) out.lane[i] = static_cast<float>(a[i] + b[i]);
    return out;
}

static inline F32 set_f32(float value) {
    F32 out;
    for (int i = 0; i < 8; ++i) out.lane[i] = value;
    return out;
}

static inline F32 load_f32(const float* from) {
    F32 out;
    for (int i = 0; i < 8; ++i) out.lane[i] = from[i];
    return out;
}

// Loads the first `count` lanes, 0 < count < 8; the others are zero, and their memory is not read.
static inline F32 load_partial_f32(const float* from, int count) {
    F32 out = set_f32(0.0F);
    for (int i = 0; i < count; ++i) out.lane[i] = from[i];
    return out;
}

static inline void store_f32(float* to, F32 a) {
    for (int i = 0; i < 8; ++i) to[i] = a.lane[i];
}

static inline void store_partial_f32(float* to, F32 a, int count) {
    for (int i = 0; i < count; ++i) to[i] = a.lane[i];
}

static inline F32 add(F32 a, F32 b) {
    for (int i = 0; i < 8; ++i) a.lane[i] += b.lane[i];
    return a;
}

// Adds the lanes of a to those of sum, eight at a time; here there are only eight.
static inline F32 add_in_order(F32 sum, F32 a) {
    return add(sum, a);
}

static inline F32 sub(F32 a, F32 b) {
    for (int i = 0; i < 8; ++i) a.lane[i] -= b.lane[i];
    return a;
}

static inline F32 mul(F32 a, F32 b) {
    for (int i = 0; i < 8; ++i) a.lane[i] *= b.lane[i];
    return a;
}

static inline F32 div(F32 a, F32 b) {
    for (int i = 0; i < 8; ++i) a.lane[i] /= b.lane[i];
    return a;
}

static inline F32 min(F32 a, F32 b) {
    for (int i = 0; i < 8; ++i) a.lane[i] = a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i];
    return a;
}

static inline F32 max(F32 a, F32 b) {
    for (int i = 0; i < 8; ++i) a.lane[i] = a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i];
    return a;
}

// 2^n for a float that is 1.5 * 2^23 + n, -126 <= n <= 127: n moves from the low bits into the
// exponent; the bits above it are shifted out.
static inline F32 pow2_of_shifted(F32 a) {
    for (int i = 0; i < 8; ++i) {
        FloatBits value = {a.lane[i]};
        value.bits = (value.bits << 23) + 0x3F800000U;
        a.lane[i] = value.number;
    }
    return a;
}

// Rounds eight values of at most 127 in magnitude half to even, and adds kActivationOffset.
static inline void store_activation(int8_t* to, F32 a) {
    for (int i = 0; i < 8; ++i) {
        const FloatBits shifted = {a.lane[i] + kRoundingShift};
        to[i] = static_cast<int8_t>(static_cast<int32_t>(shifted.bits) - 0x4B400000);
    }
}

// Adds in the order of docs/adr/0001, which halves a register twice.
static inline float sum_lanes(F32 a) {
    const float* l = a.lane;
    return ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]));
}

}  // namespace dixtill::DIXTILL_TARGET

#include "eight_lanes.h"

namespace dixtill::DIXTILL_TARGET {

// The lanes for work on single units, where the width changes no bit.
using WideLanes = EightLanes;

}  // namespace dixtill::DIXTILL_TARGET
