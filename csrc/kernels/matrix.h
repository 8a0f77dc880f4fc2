// A packed int8 matrix times an int8 vector. What the products mean is the caller's business.
#pragma once

#include "interface.h"

namespace dixtill::DIXTILL_TARGET {

// products [num_panels * 32] = matrix @ x. x holds num_groups * 4 values, aligned to four bytes.
// The four accumulators share each broadcast of x.
static inline void multiply(const Matrix& matrix, const int8_t* x, int32_t* products) {
    const int8_t* weights = matrix.weights_q8;
    for (int64_t panel = 0; panel < matrix.num_panels; ++panel) {
        I32 first = zero_i32(), second = zero_i32(), third = zero_i32(), fourth = zero_i32();
        for (int64_t group = 0; group < matrix.num_groups; ++group) {
            const I8 input = broadcast4_i8(x + group * kGroupColumns);
            first = dot4_i8(first, input, load_i8(weights));
            second = dot4_i8(second, input, load_i8(weights + kVectorBytes));
            third = dot4_i8(third, input, load_i8(weights + 2 * kVectorBytes));
            fourth = dot4_i8(fourth, input, load_i8(weights + 3 * kVectorBytes));
            weights += kPanelVectors * kVectorBytes;
        }
        int32_t* out = products + panel * kPanelRows;
        store_i32(out, first);
        store_i32(out + kNumLanes, second);
        store_i32(out + 2 * kNumLanes, third);
        store_i32(out + 3 * kNumLanes, fourth);
    }
}

}  // namespace dixtill::DIXTILL_TARGET
