#include "pack.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace dixtill {
namespace {

// Writes one row into its place; `out` is zeroed.
void pack_row(const int8_t* row, int64_t num_columns, int64_t num_rows, int64_t place,
              int8_t* out) {
    for (int64_t column = 0; column < num_columns; ++column) {
        const int64_t group = column / kGroupColumns;
        const int64_t at = (group * padded_rows(num_rows) + place) * kGroupColumns;
        out[at + column % kGroupColumns] = row[column];
    }
}

int32_t correction_of(const int8_t* row, int64_t num_columns) {
    int32_t sum = 0;
    for (int64_t column = 0; column < num_columns; ++column) sum += row[column];
    return -128 * sum;
}

// Whether the rows, `stride` apart, have small sums over the columns from `row` on.
bool have_small_sums(const int8_t* rows, int64_t num_rows, int64_t stride, int64_t num_columns) {
    for (int64_t r = 0; r < num_rows; ++r) {
        for (int64_t first = 0; first < num_columns; first += 2 * kGroupColumns) {
            int64_t sums[2] = {0, 0};  // columns 0, 1, 4, 5 and 2, 3, 6, 7
            for (int64_t c = first; c < std::min(first + 2 * kGroupColumns, num_columns); ++c) {
                sums[(c - first) / 2 % 2] += std::abs(static_cast<int>(rows[r * stride + c]));
            }
            if (std::max(sums[0], sums[1]) > kSmallSum) return false;
        }
    }
    return true;
}

bool is_small(const StudentShape& shape, const LstmParameters& parameters) {
    const int64_t num_rows = 4 * shape.hidden_dim;
    const int64_t stride = shape.embedding_dim + shape.hidden_dim;
    const int8_t* recurrent = parameters.weight_q8 + shape.embedding_dim;
    return have_small_sums(parameters.weight_q8, num_rows, stride, shape.embedding_dim) &&
           have_small_sums(recurrent, num_rows, stride, shape.hidden_dim);
}

bool is_readout_small(const StudentShape& shape, const StudentParameters& parameters) {
    const int64_t num_columns = 2 * shape.hidden_dim;
    return have_small_sums(parameters.attention_weight_q8, shape.attention_dim, num_columns,
                           num_columns) &&
           have_small_sums(parameters.head_weight_q8, shape.num_classes, num_columns, num_columns);
}

int64_t packed_row(int64_t hidden_dim, int64_t gate, int64_t unit) {
    const int64_t first = unit / kBlockUnits * kBlockUnits;
    return 4 * first + gate * gate_stride(hidden_dim, first) + unit - first;
}

// Halving is exact, except for numbers so small that the sigmoid is one half anyway.
void pack_direction(const StudentShape& shape, const LstmParameters& parameters,
                    const LstmBlocks& blocks, uint8_t* out) {
    const int64_t num_rows = 4 * shape.hidden_dim;
    const int64_t num_columns = shape.embedding_dim + shape.hidden_dim;
    for (int64_t row = 0; row < num_rows; ++row) {
        const int64_t gate = row / shape.hidden_dim;
        const int64_t place = packed_row(shape.hidden_dim, gate, row % shape.hidden_dim);
        const int8_t* values_q8 = parameters.weight_q8 + row * num_columns;
        pack_row(values_q8, shape.embedding_dim, num_rows, place, block<int8_t>(out, blocks.input));
        pack_row(values_q8 + shape.embedding_dim, shape.hidden_dim, num_rows, place,
                 block<int8_t>(out, blocks.recurrent));
        const float factor = gate == 2 ? 1.0F : 0.5F;
        block<int32_t>(out, blocks.correction)[place] = correction_of(values_q8, num_columns);
        block<float>(out, blocks.scale)[place] = factor * parameters.scale[row];
        block<float>(out, blocks.bias)[place] = factor * parameters.bias[row];
    }
}

void pack_readout_rows(const StudentShape& shape, const int8_t* rows, int64_t count,
                       int64_t first_row, const Blocks& blocks, uint8_t* out) {
    const int64_t num_columns = 2 * shape.hidden_dim;
    for (int64_t row = 0; row < count; ++row) {
        const int8_t* values_q8 = rows + row * num_columns;
        pack_row(values_q8, num_columns, readout_matrix(shape).num_rows, first_row + row,
                 block<int8_t>(out, blocks.readout));
        block<int32_t>(out, blocks.readout_correction)[first_row + row] =
            correction_of(values_q8, num_columns);
    }
}

void copy_floats(const float* from, int64_t count, uint8_t* to) {
    std::memcpy(to, from, static_cast<size_t>(count) * sizeof(float));
}

}  // namespace

void pack(const StudentShape& shape, const StudentParameters& parameters, uint8_t* out) {
    const Blocks blocks = place_blocks(shape);
    std::memset(out, 0, static_cast<size_t>(blocks.num_bytes));
    const PackedHeader header = {shape,
                                 is_small(shape, parameters.forward),
                                 is_small(shape, parameters.backward),
                                 is_readout_small(shape, parameters),
                                 {}};
    std::memcpy(out, &header, sizeof header);
    pack_direction(shape, parameters.forward, blocks.forward, out);
    pack_direction(shape, parameters.backward, blocks.backward, out);
    pack_readout_rows(shape, parameters.attention_weight_q8, shape.attention_dim, 0, blocks, out);
    pack_readout_rows(shape, parameters.head_weight_q8, shape.num_classes, head_row(shape), blocks,
                      out);
    copy_floats(parameters.attention_scale, shape.attention_dim, out + blocks.attention_scale);
    copy_floats(parameters.attention_vector, shape.attention_dim, out + blocks.attention_vector);
    copy_floats(parameters.null_score, 1, out + blocks.null_score);
    copy_floats(parameters.head_scale, shape.num_classes, out + blocks.head_scale);
    copy_floats(parameters.head_bias, shape.num_classes, out + blocks.head_bias);
}

}  // namespace dixtill
