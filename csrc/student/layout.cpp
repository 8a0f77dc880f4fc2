#include "layout.h"

#include <stdexcept>
#include <string>

namespace dixtill {
namespace {

// 131072 products of 127 * 127 stay below 2^31.
constexpr int64_t kMaxColumns = 131072;
constexpr int64_t kMaxRows = 1 << 24;

Matrix matrix_of(int64_t num_rows, int64_t num_columns) {
    return {nullptr, num_rows, round_up(num_columns, kGroupColumns) / kGroupColumns, false};
}

int64_t matrix_bytes(const Matrix& matrix) {
    return matrix.num_groups * padded_rows(matrix.num_rows) * kGroupColumns;
}

int64_t take(int64_t& cursor, int64_t num_bytes) {
    const int64_t start = cursor;
    cursor += round_up(num_bytes, kLineBytes);
    return start;
}

// Of int32 or float.
int64_t take_words(int64_t& cursor, int64_t count) {
    return take(cursor, count * static_cast<int64_t>(sizeof(float)));
}

DirectionBlocks place_direction(const StudentShape& shape, int64_t& cursor) {
    const CellLayout& cell = layout_of(shape.cell);
    const int64_t num_rows = direction_sizes(shape).num_rows;
    const int64_t num_other_biases =
        (cell.num_biases - cell.num_gates) * readable_units(shape.hidden_dim);
    DirectionBlocks blocks;
    blocks.input = take(cursor, matrix_bytes(input_matrix(shape)));
    blocks.recurrent = take(cursor, matrix_bytes(recurrent_matrix(shape)));
    blocks.correction = take_words(cursor, padded_rows(num_rows));
    blocks.recurrent_correction =
        take_words(cursor, cell.adds_products ? 0 : padded_rows(num_rows));
    blocks.scale = take_words(cursor, readable_rows(num_rows));
    blocks.bias = take_words(cursor, readable_rows(num_rows));
    blocks.other_bias = take_words(cursor, num_other_biases);
    return blocks;
}

void check_dimension(const char* name, int64_t value, int64_t largest) {
    if (value < 1 || value > largest) {
        throw std::invalid_argument(std::string(name) + " is " + std::to_string(value) +
                                    ", expected 1 to " + std::to_string(largest));
    }
}

void check_shape(const StudentShape& shape) {
    const int64_t cell = static_cast<int64_t>(shape.cell);
    if (cell < 0 || cell >= kNumCells) {
        throw std::invalid_argument("cell " + std::to_string(cell) + " is unknown");
    }
    const int64_t output = static_cast<int64_t>(shape.output);
    if (output < 0 || output >= kNumOutputs) {
        throw std::invalid_argument("output " + std::to_string(output) + " is unknown");
    }
    check_dimension("embedding_dim", shape.embedding_dim, kMaxColumns / 2);
    check_dimension("hidden_dim", shape.hidden_dim, kMaxColumns / 2);
    check_dimension("attention_dim", shape.attention_dim, kMaxRows);
    check_dimension("num_classes", shape.num_classes,
                    shape.output == Output::number ? 1 : kMaxRows);
    check_dimension("num_directions", shape.num_directions, kMaxDirections);
}

}  // namespace

Cell cell_named(const std::string& name) {
    std::string expected;
    for (int64_t cell = 0; cell < kNumCells; ++cell) {
        if (name == kCellLayouts[cell].name) return static_cast<Cell>(cell);
        expected += (cell == 0 ? "" : ", ") + std::string(kCellLayouts[cell].name);
    }
    throw std::invalid_argument("cell is '" + name + "', expected one of " + expected);
}

Output output_named(const std::string& name) {
    std::string expected;
    for (int64_t output = 0; output < kNumOutputs; ++output) {
        if (name == kOutputNames[output]) return static_cast<Output>(output);
        expected += (output == 0 ? "" : ", ") + std::string(kOutputNames[output]);
    }
    throw std::invalid_argument("output is '" + name + "', expected one of " + expected);
}

DirectionSizes direction_sizes(const StudentShape& shape) {
    const CellLayout& cell = layout_of(shape.cell);
    return {cell.num_gates * shape.hidden_dim,
            shape.embedding_dim + (cell.is_linear ? shape.embedding_dim : shape.hidden_dim),
            cell.num_biases * shape.hidden_dim};
}

Matrix input_matrix(const StudentShape& shape) {
    return matrix_of(direction_sizes(shape).num_rows, input_bytes(shape.cell, shape.embedding_dim));
}

Matrix recurrent_matrix(const StudentShape& shape) {
    if (layout_of(shape.cell).is_linear) return matrix_of(0, 0);
    return matrix_of(direction_sizes(shape).num_rows, shape.hidden_dim);
}

int64_t head_row(const StudentShape& shape) {
    return round_up(shape.attention_dim, kNumLanes);
}

int64_t num_head_rows(const StudentShape& shape) {
    return layout_of(shape.cell).is_linear ? 0 : shape.num_classes;
}

Matrix readout_matrix(const StudentShape& shape) {
    return matrix_of(head_row(shape) + num_head_rows(shape), shape.num_states());
}

Blocks place_blocks(const StudentShape& shape) {
    check_shape(shape);
    Blocks blocks = {};
    int64_t cursor = round_up(sizeof(PackedHeader), kLineBytes);
    for (int64_t i = 0; i < shape.num_directions; ++i) {
        blocks.directions[i] = place_direction(shape, cursor);
    }
    blocks.readout = take(cursor, matrix_bytes(readout_matrix(shape)));
    blocks.readout_correction = take_words(cursor, padded_rows(readout_matrix(shape).num_rows));
    blocks.attention_scale = take_words(cursor, head_row(shape));
    blocks.attention_vector = take_words(cursor, head_row(shape));
    blocks.null_score = take_words(cursor, 1);
    blocks.head_scale = take_words(cursor, shape.num_classes);
    blocks.head_bias = take_words(cursor, shape.num_classes);
    const int64_t num_traced = traced_values(shape.cell, shape.num_classes, shape.hidden_dim);
    for (int64_t i = 0; i < shape.num_directions; ++i) {
        blocks.traced[i] = take_words(cursor, num_traced);
    }
    blocks.num_bytes = cursor;
    return blocks;
}

int64_t packed_bytes(const StudentShape& shape) {
    return place_blocks(shape).num_bytes;
}

}  // namespace dixtill
