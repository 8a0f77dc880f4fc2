// A packed int8 matrix times an int8 vector. What the products mean is the caller's business.
#pragma once

#include "interface.h"
#include "unroll.h"

namespace dixtill::DIXTILL_TARGET {

constexpr int64_t kRegisterRows = kVectorsPerI32 * kNumLanes;
constexpr int64_t kRegisterBytes = kVectorsPerI32 * kVectorBytes;

// What sums over activations begin with: the correction takes away what kActivationOffset adds.
static inline const int32_t* first_sums(const int32_t* correction, const Scratch& scratch) {
    return kActivationOffset == 0 ? scratch.zeros : correction;
}

// One register of rows after another stays in an accumulator while all columns go by, so that each
// broadcast of x serves N of them.
template <int64_t N>
static inline void multiply_rows(const int8_t* weights, int64_t group_bytes, int64_t num_groups,
                                 const int8_t* x, const int32_t* start, int32_t* products) {
    I32 sums[N];
    DIXTILL_UNROLL
    for (int64_t i = 0; i < N; ++i) sums[i] = load_i32(start + i * kRegisterRows);
    for (int64_t group = 0; group < num_groups; ++group) {
        const I8 input = broadcast4(x + group * kGroupColumns);
        DIXTILL_UNROLL
        for (int64_t i = 0; i < N; ++i) {
            sums[i] = dot4(sums[i], input, load_i8(weights + i * kRegisterBytes));
        }
        weights += group_bytes;
    }
    DIXTILL_UNROLL
    for (int64_t i = 0; i < N; ++i) store_i32(products + i * kRegisterRows, sums[i]);
}

// multiply_rows<count>, 1 <= count <= N.
template <int64_t N>
static inline void multiply_count(int64_t count, const int8_t* weights, int64_t group_bytes,
                                  int64_t num_groups, const int8_t* x, const int32_t* start,
                                  int32_t* products) {
    if (count == N) {
        multiply_rows<N>(weights, group_bytes, num_groups, x, start, products);
    } else if constexpr (N > 1) {
        multiply_count<N - 1>(count, weights, group_bytes, num_groups, x, start, products);
    }
}

// The last two blocks share what is left, so that none is too short to hide a latency.
static inline int64_t next_block(int64_t remaining) {
    if (remaining <= kMaxAccumulators) return remaining;
    return remaining < 2 * kMaxAccumulators ? (remaining + 1) / 2 : kMaxAccumulators;
}

// products = start + matrix @ x, both [padded_rows]. x holds num_groups * 4 values, aligned to
// four bytes.
static inline void multiply(const Matrix& matrix, const int8_t* x, const int32_t* start,
                            int32_t* products) {
    const int64_t group_bytes = padded_rows(matrix.num_rows) * kGroupColumns;
    const int8_t* weights = matrix.weights_q8;
    int64_t remaining = (matrix.num_rows + kRegisterRows - 1) / kRegisterRows;
    while (remaining > 0) {
        const int64_t count = next_block(remaining);
        multiply_count<kMaxAccumulators>(count, weights, group_bytes, matrix.num_groups, x, start,
                                         products);
        weights += count * kRegisterBytes;
        start += count * kRegisterRows;
        products += count * kRegisterRows;
        remaining -= count;
    }
}

}  // namespace dixtill::DIXTILL_TARGET
