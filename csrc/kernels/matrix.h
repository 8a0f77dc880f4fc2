// Multiplies a packed int8 matrix by an int8 vector, whatever the products mean to the caller.
#pragma once

#include "interface.h"
#include "unroll.h"

namespace dixtill::DIXTILL_TARGET {

constexpr int64_t kRegisterRows = kVectorsPerI32 * kNumLanes;
constexpr int64_t kRegisterBytes = kVectorsPerI32 * kVectorBytes;

// Returns what sums over activations begin with. If the products are of activations with their
// offset, that is the correction, which subtracts what kActivationOffset adds.
static inline const int32_t* first_sums(const Matrix& matrix, const int32_t* correction,
                                        const Scratch& scratch) {
    const bool is_plain =
        kActivationOffset == 0 || (kOffsetNeedsSmallSums && !matrix.has_small_sums);
    return is_plain ? scratch.zeros : correction;
}

// Adds to N registers of rows the products of all groups of columns.
template <int64_t N>
static inline void add_products(const int8_t* values, int64_t group_bytes, int64_t num_groups,
                                const int8_t* x, I32* sums) {
    for (int64_t group = 0; group < num_groups; ++group) {
        const I8 input = broadcast4(x + group * kGroupColumns);
        DIXTILL_UNROLL
        for (int64_t i = 0; i < N; ++i) {
            sums[i] = dot4(sums[i], input, load_i8(values + i * kRegisterBytes));
        }
        values += group_bytes;
    }
}

// The same where the matrix has_small_sums, two groups at a time.
template <int64_t N>
static inline void add_small_products(const int8_t* values, int64_t group_bytes, int64_t num_groups,
                                      const int8_t* x, I32* sums) {
    int64_t group = 0;
    for (; group + 2 <= num_groups; group += 2) {
        const I8 input = broadcast4(x + group * kGroupColumns);
        const I8 next = broadcast4(x + (group + 1) * kGroupColumns);
        DIXTILL_UNROLL
        for (int64_t i = 0; i < N; ++i) {
            const int8_t* w = values + i * kRegisterBytes;
            sums[i] = small_dot8(sums[i], input, load_i8(w), next, load_i8(w + group_bytes));
        }
        values += 2 * group_bytes;
    }
    if (group == num_groups) return;
    const I8 input = broadcast4(x + group * kGroupColumns);
    DIXTILL_UNROLL
    for (int64_t i = 0; i < N; ++i) {
        sums[i] = small_dot4(sums[i], input, load_i8(values + i * kRegisterBytes));
    }
}

// One register of rows after another stays in an accumulator while all columns go by, so that each
// broadcast of x serves N of them.
template <int64_t N>
static inline void multiply_rows(const Matrix& matrix, int64_t first_row, const int8_t* x,
                                 const int32_t* start, int32_t* products) {
    const int8_t* values = matrix.values_q8 + first_row * kGroupColumns;
    const int64_t group_bytes = padded_rows(matrix.num_rows) * kGroupColumns;
    start += first_row;
    products += first_row;
    I32 sums[N];
    DIXTILL_UNROLL
    for (int64_t i = 0; i < N; ++i) sums[i] = load_i32(start + i * kRegisterRows);
    if (matrix.has_small_sums) {
        add_small_products<N>(values, group_bytes, matrix.num_groups, x, sums);
    } else {
        add_products<N>(values, group_bytes, matrix.num_groups, x, sums);
    }
    DIXTILL_UNROLL
    for (int64_t i = 0; i < N; ++i) store_i32(products + i * kRegisterRows, sums[i]);
}

// multiply_rows<count>, 1 <= count <= N.
template <int64_t N>
static inline void multiply_count(int64_t count, const Matrix& matrix, int64_t first_row,
                                  const int8_t* x, const int32_t* start, int32_t* products) {
    if (count == N) {
        multiply_rows<N>(matrix, first_row, x, start, products);
    } else if constexpr (N > 1) {
        multiply_count<N - 1>(count, matrix, first_row, x, start, products);
    }
}

// The last two blocks share what is left, so that neither is too short to hide the latency.
static inline int64_t next_block(int64_t remaining) {
    if (remaining <= kMaxAccumulators) return remaining;
    return remaining < 2 * kMaxAccumulators ? (remaining + 1) / 2 : kMaxAccumulators;
}

// products = start + matrix @ x, both [padded_rows]; start comes from first_sums, or from such a
// product over other columns. x has num_groups * 4 values, aligned to four bytes.
static inline void multiply(const Matrix& matrix, const int8_t* x, const int32_t* start,
                            int32_t* products) {
    int64_t remaining = (matrix.num_rows + kRegisterRows - 1) / kRegisterRows;
    int64_t first_row = 0;
    while (remaining > 0) {
        const int64_t count = next_block(remaining);
        multiply_count<kMaxAccumulators>(count, matrix, first_row, x, start, products);
        first_row += count * kRegisterRows;
        remaining -= count;
    }
}

}  // namespace dixtill::DIXTILL_TARGET
