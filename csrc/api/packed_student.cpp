#include "packed_student.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>

namespace dixtill {
namespace {

constexpr uint32_t kMagic = 0x4C495844;  // "DXIL"
constexpr uint32_t kVersion = 4;
constexpr int64_t kAlignment = 64;
// 131072 products of 127 * 127 stay below 2^31.
constexpr int64_t kMaxColumns = 131072;
constexpr int64_t kMaxRows = 1 << 24;

struct Header {
    uint32_t magic;
    uint32_t version;
    int64_t num_bytes;
    StudentShape shape;
    uint8_t forward_is_small, backward_is_small, readout_is_small;  // Matrix::has_small_sums
    uint8_t unused[13];
};
static_assert(sizeof(Header) == kAlignment, "the header is part of the format");

// Byte offsets of the blocks.
struct LstmBlocks {
    int64_t input, recurrent, correction, scale, bias;
};

struct Blocks {
    LstmBlocks forward, backward;
    int64_t readout, readout_correction;
    int64_t attention_scale, attention_vector, null_score, head_scale, head_bias;
    int64_t num_bytes;
};

Matrix matrix_of(int64_t num_rows, int64_t num_columns) {
    return {nullptr, num_rows, round_up(num_columns, kGroupColumns) / kGroupColumns, false};
}

Matrix input_matrix(const StudentShape& shape) {
    return matrix_of(4 * shape.hidden_dim, shape.embedding_dim);
}

Matrix recurrent_matrix(const StudentShape& shape) {
    return matrix_of(4 * shape.hidden_dim, shape.hidden_dim);
}

int64_t head_row(const StudentShape& shape) {
    return round_up(shape.attention_dim, kNumLanes);
}

Matrix readout_matrix(const StudentShape& shape) {
    return matrix_of(head_row(shape) + shape.num_classes, 2 * shape.hidden_dim);
}

int64_t matrix_bytes(const Matrix& matrix) {
    return matrix.num_groups * padded_rows(matrix.num_rows) * kGroupColumns;
}

int64_t take(int64_t& cursor, int64_t num_bytes) {
    const int64_t start = cursor;
    cursor += round_up(num_bytes, kAlignment);
    return start;
}

// Of int32 or float.
int64_t take_words(int64_t& cursor, int64_t count) {
    return take(cursor, count * static_cast<int64_t>(sizeof(float)));
}

LstmBlocks place_direction(const StudentShape& shape, int64_t& cursor) {
    const int64_t num_rows = padded_rows(4 * shape.hidden_dim);
    LstmBlocks blocks;
    blocks.input = take(cursor, matrix_bytes(input_matrix(shape)));
    blocks.recurrent = take(cursor, matrix_bytes(recurrent_matrix(shape)));
    blocks.correction = take_words(cursor, num_rows);
    blocks.scale = take_words(cursor, readable_rows(shape.hidden_dim));
    blocks.bias = take_words(cursor, readable_rows(shape.hidden_dim));
    return blocks;
}

Blocks place_blocks(const StudentShape& shape) {
    Blocks blocks;
    int64_t cursor = sizeof(Header);
    blocks.forward = place_direction(shape, cursor);
    blocks.backward = place_direction(shape, cursor);
    blocks.readout = take(cursor, matrix_bytes(readout_matrix(shape)));
    blocks.readout_correction = take_words(cursor, padded_rows(readout_matrix(shape).num_rows));
    blocks.attention_scale = take_words(cursor, head_row(shape));
    blocks.attention_vector = take_words(cursor, head_row(shape));
    blocks.null_score = take_words(cursor, 1);
    blocks.head_scale = take_words(cursor, shape.num_classes);
    blocks.head_bias = take_words(cursor, shape.num_classes);
    blocks.num_bytes = cursor;
    return blocks;
}

void check_dimension(const char* name, int64_t value, int64_t largest) {
    if (value < 1 || value > largest) {
        throw std::invalid_argument(std::string(name) + " is " + std::to_string(value) +
                                    ", expected 1 to " + std::to_string(largest));
    }
}

void check_shape(const StudentShape& shape) {
    check_dimension("embedding_dim", shape.embedding_dim, kMaxColumns / 2);
    check_dimension("hidden_dim", shape.hidden_dim, kMaxColumns / 2);
    check_dimension("attention_dim", shape.attention_dim, kMaxRows);
    check_dimension("num_classes", shape.num_classes, kMaxRows);
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

bool is_small(const StudentShape& shape, const LstmWeights& weights) {
    const int64_t num_rows = 4 * shape.hidden_dim;
    const int64_t stride = shape.embedding_dim + shape.hidden_dim;
    const int8_t* recurrent = weights.weight_q8 + shape.embedding_dim;
    return have_small_sums(weights.weight_q8, num_rows, stride, shape.embedding_dim) &&
           have_small_sums(recurrent, num_rows, stride, shape.hidden_dim);
}

bool is_readout_small(const StudentShape& shape, const StudentWeights& weights) {
    const int64_t num_columns = 2 * shape.hidden_dim;
    return have_small_sums(weights.attention_weight_q8, shape.attention_dim, num_columns,
                           num_columns) &&
           have_small_sums(weights.head_weight_q8, shape.num_classes, num_columns, num_columns);
}

template <typename T>
T* block(uint8_t* packed, int64_t offset) {
    return reinterpret_cast<T*>(packed + offset);
}

template <typename T>
const T* block(const uint8_t* packed, int64_t offset) {
    return reinterpret_cast<const T*>(packed + offset);
}

int64_t packed_row(int64_t hidden_dim, int64_t gate, int64_t unit) {
    const int64_t first = unit / kBlockUnits * kBlockUnits;
    return 4 * first + gate * gate_stride(hidden_dim, first) + unit - first;
}

// Halving is exact but for numbers so small that the sigmoid is one half all the same.
void pack_direction(const StudentShape& shape, const LstmWeights& weights, const LstmBlocks& blocks,
                    uint8_t* out) {
    const int64_t num_rows = 4 * shape.hidden_dim;
    const int64_t num_columns = shape.embedding_dim + shape.hidden_dim;
    for (int64_t row = 0; row < num_rows; ++row) {
        const int64_t gate = row / shape.hidden_dim;
        const int64_t place = packed_row(shape.hidden_dim, gate, row % shape.hidden_dim);
        const int8_t* weights_q8 = weights.weight_q8 + row * num_columns;
        pack_row(weights_q8, shape.embedding_dim, num_rows, place,
                 block<int8_t>(out, blocks.input));
        pack_row(weights_q8 + shape.embedding_dim, shape.hidden_dim, num_rows, place,
                 block<int8_t>(out, blocks.recurrent));
        const float factor = gate == 2 ? 1.0F : 0.5F;
        block<int32_t>(out, blocks.correction)[place] = correction_of(weights_q8, num_columns);
        block<float>(out, blocks.scale)[place] = factor * weights.scale[row];
        block<float>(out, blocks.bias)[place] = factor * weights.bias[row];
    }
}

void pack_readout_rows(const StudentShape& shape, const int8_t* rows, int64_t count,
                       int64_t first_row, const Blocks& blocks, uint8_t* out) {
    const int64_t num_columns = 2 * shape.hidden_dim;
    for (int64_t row = 0; row < count; ++row) {
        const int8_t* weights_q8 = rows + row * num_columns;
        pack_row(weights_q8, num_columns, readout_matrix(shape).num_rows, first_row + row,
                 block<int8_t>(out, blocks.readout));
        block<int32_t>(out, blocks.readout_correction)[first_row + row] =
            correction_of(weights_q8, num_columns);
    }
}

void copy_floats(const float* from, int64_t count, uint8_t* to) {
    std::memcpy(to, from, static_cast<size_t>(count) * sizeof(float));
}

Matrix view_matrix(Matrix matrix, const uint8_t* packed, int64_t offset, uint8_t is_small) {
    matrix.weights_q8 = block<int8_t>(packed, offset);
    matrix.has_small_sums = is_small != 0;
    return matrix;
}

Direction view_direction(const StudentShape& shape, const LstmBlocks& blocks, const uint8_t* packed,
                         uint8_t is_small) {
    return {view_matrix(input_matrix(shape), packed, blocks.input, is_small),
            view_matrix(recurrent_matrix(shape), packed, blocks.recurrent, is_small),
            block<int32_t>(packed, blocks.correction), block<float>(packed, blocks.scale),
            block<float>(packed, blocks.bias)};
}

Readout view_readout(const StudentShape& shape, const Blocks& blocks, const uint8_t* packed,
                     uint8_t is_small) {
    return {view_matrix(readout_matrix(shape), packed, blocks.readout, is_small),
            block<int32_t>(packed, blocks.readout_correction),
            block<float>(packed, blocks.attention_scale),
            block<float>(packed, blocks.attention_vector),
            block<float>(packed, blocks.null_score),
            block<float>(packed, blocks.head_scale),
            block<float>(packed, blocks.head_bias)};
}

Header read_header(const uint8_t* packed, int64_t num_bytes) {
    Header header;
    if (num_bytes < static_cast<int64_t>(sizeof header)) {
        throw std::invalid_argument("packed weights have " + std::to_string(num_bytes) +
                                    " bytes, less than their header");
    }
    if (reinterpret_cast<uintptr_t>(packed) % alignof(float) != 0) {
        throw std::invalid_argument("packed weights are not aligned to four bytes");
    }
    std::memcpy(&header, packed, sizeof header);
    if (header.magic != kMagic) {
        throw std::invalid_argument("the buffer does not hold packed weights");
    }
    if (header.version != kVersion) {
        throw std::invalid_argument("packed weights have version " +
                                    std::to_string(header.version) + ", expected " +
                                    std::to_string(kVersion) + "; pack them again");
    }
    return header;
}

}  // namespace

int64_t packed_bytes(const StudentShape& shape) {
    check_shape(shape);
    return place_blocks(shape).num_bytes;
}

void pack(const StudentShape& shape, const StudentWeights& weights, uint8_t* out) {
    check_shape(shape);
    const Blocks blocks = place_blocks(shape);
    std::memset(out, 0, static_cast<size_t>(blocks.num_bytes));
    const Header header = {kMagic,
                           kVersion,
                           blocks.num_bytes,
                           shape,
                           is_small(shape, weights.forward),
                           is_small(shape, weights.backward),
                           is_readout_small(shape, weights),
                           {}};
    std::memcpy(out, &header, sizeof header);
    pack_direction(shape, weights.forward, blocks.forward, out);
    pack_direction(shape, weights.backward, blocks.backward, out);
    pack_readout_rows(shape, weights.attention_weight_q8, shape.attention_dim, 0, blocks, out);
    pack_readout_rows(shape, weights.head_weight_q8, shape.num_classes, head_row(shape), blocks,
                      out);
    copy_floats(weights.attention_scale, shape.attention_dim, out + blocks.attention_scale);
    copy_floats(weights.attention_vector, shape.attention_dim, out + blocks.attention_vector);
    copy_floats(weights.null_score, 1, out + blocks.null_score);
    copy_floats(weights.head_scale, shape.num_classes, out + blocks.head_scale);
    copy_floats(weights.head_bias, shape.num_classes, out + blocks.head_bias);
}

StudentView view_packed(const uint8_t* packed, int64_t num_bytes) {
    const Header header = read_header(packed, num_bytes);
    const StudentShape& shape = header.shape;
    const int64_t expected = packed_bytes(shape);
    if (header.num_bytes != expected || num_bytes != expected) {
        throw std::invalid_argument("packed weights have " + std::to_string(num_bytes) +
                                    " bytes, expected " + std::to_string(expected));
    }
    const Blocks blocks = place_blocks(shape);
    return {shape.embedding_dim,
            shape.hidden_dim,
            shape.attention_dim,
            shape.num_classes,
            view_direction(shape, blocks.forward, packed, header.forward_is_small),
            view_direction(shape, blocks.backward, packed, header.backward_is_small),
            view_readout(shape, blocks, packed, header.readout_is_small)};
}

}  // namespace dixtill
