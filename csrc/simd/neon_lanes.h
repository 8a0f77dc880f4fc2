// Registers, memory and floats for 64-bit ARM: eight lanes are two registers of four.
// simd/scalar.h says what each operation means.
#pragma once

#include <arm_neon.h>

#include <cstdint>

namespace dixtill::DIXTILL_TARGET {

struct I8 {
    int8x16_t low, high;  // rows 0 to 3, rows 4 to 7
};
struct I32 {
    int32x4_t low, high;
};
struct F32 {
    float32x4_t low, high;
};

constexpr int64_t kVectorsPerI32 = 1;
constexpr int kActivationOffset = 0;

static inline I8 load_i8(const int8_t* from) {
    return {vld1q_s8(from), vld1q_s8(from + 16)};
}

// `from` is aligned to four bytes.
static inline I8 broadcast4(const int8_t* from) {
    const int8x16_t x = vreinterpretq_s8_s32(vld1q_dup_s32(reinterpret_cast<const int32_t*>(from)));
    return {x, x};
}

static inline I32 load_i32(const int32_t* from) {
    return {vld1q_s32(from), vld1q_s32(from + 4)};
}

static inline void store_i32(int32_t* to, I32 a) {
    vst1q_s32(to, a.low);
    vst1q_s32(to + 4, a.high);
}

static inline F32 load_i32_as_f32(const int32_t* from) {
    return {vcvtq_f32_s32(vld1q_s32(from)), vcvtq_f32_s32(vld1q_s32(from + 4))};
}

static inline F32 load_sum_as_f32(const int32_t* a, const int32_t* b) {
    return {vcvtq_f32_s32(vaddq_s32(vld1q_s32(a), vld1q_s32(b))),
            vcvtq_f32_s32(vaddq_s32(vld1q_s32(a + 4), vld1q_s32(b + 4)))};
}

static inline F32 set_f32(float value) {
    return {vdupq_n_f32(value), vdupq_n_f32(value)};
}

static inline F32 load_f32(const float* from) {
    return {vld1q_f32(from), vld1q_f32(from + 4)};
}

static inline F32 load_partial_f32(const float* from, int count) {
    float lanes[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    for (int i = 0; i < count; ++i) lanes[i] = from[i];
    return load_f32(lanes);
}

static inline void store_f32(float* to, F32 a) {
    vst1q_f32(to, a.low);
    vst1q_f32(to + 4, a.high);
}

static inline void store_partial_f32(float* to, F32 a, int count) {
    float lanes[8];
    store_f32(lanes, a);
    for (int i = 0; i < count; ++i) to[i] = lanes[i];
}

static inline F32 add(F32 a, F32 b) {
    return {vaddq_f32(a.low, b.low), vaddq_f32(a.high, b.high)};
}

static inline F32 add_in_order(F32 sum, F32 a) {
    return add(sum, a);
}

static inline F32 sub(F32 a, F32 b) {
    return {vsubq_f32(a.low, b.low), vsubq_f32(a.high, b.high)};
}

static inline F32 mul(F32 a, F32 b) {
    return {vmulq_f32(a.low, b.low), vmulq_f32(a.high, b.high)};
}

static inline F32 div(F32 a, F32 b) {
    return {vdivq_f32(a.low, b.low), vdivq_f32(a.high, b.high)};
}

// Like x86: the second operand if the first is not less, or if one is NaN.
static inline F32 min(F32 a, F32 b) {
    return {vbslq_f32(vcltq_f32(a.low, b.low), a.low, b.low),
            vbslq_f32(vcltq_f32(a.high, b.high), a.high, b.high)};
}

static inline F32 max(F32 a, F32 b) {
    return {vbslq_f32(vcgtq_f32(a.low, b.low), a.low, b.low),
            vbslq_f32(vcgtq_f32(a.high, b.high), a.high, b.high)};
}

static inline float32x4_t pow2_of_shifted(float32x4_t a) {
    const int32x4_t exponent = vshlq_n_s32(vreinterpretq_s32_f32(a), 23);
    return vreinterpretq_f32_s32(vaddq_s32(exponent, vdupq_n_s32(0x3F800000)));
}

static inline F32 pow2_of_shifted(F32 a) {
    return {pow2_of_shifted(a.low), pow2_of_shifted(a.high)};
}

static inline void store_activation(int8_t* to, F32 a) {
    const int16x4_t low = vmovn_s32(vcvtnq_s32_f32(a.low));
    const int16x4_t high = vmovn_s32(vcvtnq_s32_f32(a.high));
    vst1_s8(to, vmovn_s16(vcombine_s16(low, high)));
}

static inline float sum_lanes(F32 a) {
    const float32x4_t four = vaddq_f32(a.low, a.high);
    const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
    return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}

}  // namespace dixtill::DIXTILL_TARGET

#include "eight_lanes.h"

namespace dixtill::DIXTILL_TARGET {

using WideLanes = EightLanes;

}  // namespace dixtill::DIXTILL_TARGET
