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
    const int64_t stride = sizes.num_columns, num_first = shape.embedding_dim;
    return have_small_sums(parameters.weight_q8, sizes.num_rows, stride, num_first) &&
           have_small_sums(parameters.weight_q8 + num_first, sizes.num_rows, stride,
                           stride - num_first);
}

bool is_readout_small(const StudentShape& shape, const StudentParameters& parameters) {
    const int64_t num_columns = shape.num_states();
    return have_small_sums(parameters.attention_weight_q8, shape.attention_dim, num_columns,
                           num_columns) &&
           have_small_sums(parameters.head_weight_q8, num_head_rows(shape), num_columns,
                           num_columns);
}

int64_t packed_row(const StudentShape& shape, int64_t gate, int64_t unit) {
    const int64_t first = unit / kBlockUnits * kBlockUnits;
    return layout_of(shape.cell).num_gates * first + gate * gate_stride(shape.hidden_dim, first) +
           unit - first;
}

// Packs a row of weights into its place: the columns that read the piece, and the others.
void pack_weights(const StudentShape& shape, const int8_t* row_q8, int64_t place,
                  const DirectionBlocks& blocks, uint8_t* out) {
    const CellLayout& cell = layout_of(shape.cell);
    const DirectionSizes sizes = direction_sizes(shape);
    const int64_t num_first = shape.embedding_dim, num_others = sizes.num_columns - num_first;
    const int8_t* others_q8 = row_q8 + num_first;
    auto* first_at = block<int8_t>(out, blocks.input);
    auto* others_at = block<int8_t>(out, blocks.recurrent);
    if (cell.is_linear) {  // the piece before comes first, as its row does
        others_at = first_at;
        first_at += pair_stride(shape.embedding_dim) * padded_rows(sizes.num_rows);
    }
    pack_row(row_q8, num_first, sizes.num_rows, place, first_at);
    pack_row(others_q8, num_others, sizes.num_rows, place, others_at);
    const int32_t first = correction_of(row_q8, num_first);
    const int32_t others = correction_of(others_q8, num_others);
    block<int32_t>(out, blocks.correction)[place] = cell.adds_products ? first + others : first;
    if (!cell.adds_products) block<int32_t>(out, blocks.recurrent_correction)[place] = others;
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
    const int64_t num_columns = shape.num_states();
    for (int64_t row = 0; row < count; ++row) {
        const int8_t* values_q8 = rows + row * num_columns;
        pack_row(values_q8, num_columns, readout_matrix(shape).num_rows, first_row + row,
                 block<int8_t>(out, blocks.readout));
        block<int32_t>(out, blocks.readout_correction)[first_row + row] =
            correction_of(values_q8, num_columns);
    }
}

// Packs a head whose products with states are integers.
void pack_pooled_head(const StudentShape& shape, const StudentParameters& parameters,
                      const Blocks& blocks, uint8_t* out) {
    pack_readout_rows(shape, parameters.head_weight_q8, shape.num_classes, head_row(shape), blocks,
                      out);
    copy_floats(parameters.head_scale, shape.num_classes, out + blocks.head_scale);
}

// Packs a head whose products are with states of 1 instead of 127.
void pack_traced_head(const StudentShape& shape, const StudentParameters& parameters,
                      const Blocks& blocks, uint8_t* out) {
    const int64_t width = shape.hidden_dim;
    const int8_t* values_q8 = parameters.head_weight_q8;
    for (int64_t k = 0; k < shape.num_classes; ++k) {
        for (int64_t i = 0; i < shape.num_directions; ++i, values_q8 += width) {
            std::copy(values_q8, values_q8 + width,
                      block<float>(out, blocks.traced[i]) + k * lane_units(width));
        }
        block<float>(out, blocks.head_scale)[k] = parameters.head_scale[k] * 127.0F;
    }
}

}  // namespace

void pack(const StudentShape& shape, const StudentParameters& parameters, uint8_t* out) {
    const Blocks blocks = place_blocks(shape);
    std::memset(out, 0, static_cast<size_t>(blocks.num_bytes));
    PackedHeader header = {shape, {}, is_readout_small(shape, parameters), {}};
    for (int64_t i = 0; i < shape.num_directions; ++i) {
        header.is_small[i] = is_small(shape, parameters.directions[i]);
        pack_direction(shape, parameters.directions[i], blocks.directions[i], out);
    }
    std::memcpy(out, &header, sizeof header);
    pack_readout_rows(shape, parameters.attention_weight_q8, shape.attention_dim, 0, blocks, out);
    const auto pack_head = num_head_rows(shape) == 0 ? pack_traced_head : pack_pooled_head;
    pack_head(shape, parameters, blocks, out);
    copy_floats(parameters.attention_scale, shape.attention_dim, out + blocks.attention_scale);
    copy_floats(parameters.attention_vector, shape.attention_dim, out + blocks.attention_vector);
    copy_floats(parameters.null_score, 1, out + blocks.null_score);
    copy_floats(parameters.head_bias, shape.num_classes, out + blocks.head_bias);
}

}  // namespace dixtill
