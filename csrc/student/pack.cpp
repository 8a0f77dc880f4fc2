#include "pack.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace dixtill {
namespace {

void copy_floats(const float* from, int64_t count, uint8_t* to) {
    std::memcpy(to, from, static_cast<size_t>(count) * sizeof(float));
}

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

bool is_small(const StudentShape& shape, const DirectionParameters& parameters) {
    const DirectionSizes sizes = direction_sizes(shape);
    const int64_t stride = sizes.num_columns;
    const int8_t* recurrent = parameters.weight_q8 + shape.embedding_dim;
    return have_small_sums(parameters.weight_q8, sizes.num_rows, stride, shape.embedding_dim) &&
           have_small_sums(recurrent, sizes.num_rows, stride, shape.hidden_dim);
}

bool is_readout_small(const StudentShape& shape, const StudentParameters& parameters) {
    const int64_t num_columns = 2 * shape.hidden_dim;
    return have_small_sums(parameters.attention_weight_q8, shape.attention_dim, num_columns,
                           num_columns) &&
           have_small_sums(parameters.head_weight_q8, shape.num_classes, num_columns, num_columns);
}

int64_t packed_row(const StudentShape& shape, int64_t gate, int64_t unit) {
    const int64_t first = unit / kBlockUnits * kBlockUnits;
    return layout_of(shape.cell).num_gates * first + gate * gate_stride(shape.hidden_dim, first) +
           unit - first;
}

// Packs a row of weights into its place.
void pack_weights(const StudentShape& shape, const int8_t* row_q8, int64_t place,
                  const DirectionBlocks& blocks, uint8_t* out) {
    const int64_t num_rows = direction_sizes(shape).num_rows;
    const int8_t* of_state_q8 = row_q8 + shape.embedding_dim;
    pack_row(row_q8, shape.embedding_dim, num_rows, place, block<int8_t>(out, blocks.input));
    pack_row(of_state_q8, shape.hidden_dim, num_rows, place, block<int8_t>(out, blocks.recurrent));
    const int32_t of_input = correction_of(row_q8, shape.embedding_dim);
    const int32_t of_state = correction_of(of_state_q8, shape.hidden_dim);
    const bool adds = layout_of(shape.cell).adds_products;
    block<int32_t>(out, blocks.correction)[place] = adds ? of_input + of_state : of_input;
    if (!adds) block<int32_t>(out, blocks.recurrent_correction)[place] = of_state;
}

// Halving is exact, except for numbers so small that the sigmoid is one half anyway.
void pack_direction(const StudentShape& shape, const DirectionParameters& parameters,
                    const DirectionBlocks& blocks, uint8_t* out) {
    const DirectionSizes sizes = direction_sizes(shape);
    for (int64_t row = 0; row < sizes.num_rows; ++row) {
        const int64_t gate = row / shape.hidden_dim;
        const int64_t place = packed_row(shape, gate, row % shape.hidden_dim);
        pack_weights(shape, parameters.weight_q8 + row * sizes.num_columns, place, blocks, out);
        const float factor = layout_of(shape.cell).is_sigmoid[gate] ? 0.5F : 1.0F;
        block<float>(out, blocks.scale)[place] = factor * parameters.scale[row];
        block<float>(out, blocks.bias)[place] = factor * parameters.bias[row];
    }
    copy_floats(parameters.bias + sizes.num_rows, sizes.num_biases - sizes.num_rows,
                out + blocks.other_bias);
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
