// Eight lanes as a type, for kernels that are written for any width.
#pragma once

#include <cstdint>

namespace dixtill::DIXTILL_TARGET {

// What a kernel needs to run on registers of this width.
struct EightLanes {
    using Float = F32;
    static constexpr int64_t kCount = 8;
    static inline F32 load(const float* from) { return load_f32(from); }
    static inline F32 load(const int32_t* from) { return load_i32_as_f32(from); }
    static inline F32 load_sum(const int32_t* a, const int32_t* b) { return load_sum_as_f32(a, b); }
    static inline F32 fill(float value) { return set_f32(value); }
};

}  // namespace dixtill::DIXTILL_TARGET
