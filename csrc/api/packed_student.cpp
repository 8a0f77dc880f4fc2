#include "packed_student.h"

#include <cstring>
#include <stdexcept>
#include <string>

namespace dixtill {
namespace {

constexpr uint32_t kMagic = 0x4C495844;  // "DXIL"
constexpr uint32_t kVersion = 1;
constexpr int64_t kAlignment = 64;
// 131072 products of 127 * 127 stay below 2^31.
constexpr int64_t kMaxColumns = 131072;
constexpr int64_t kMaxRows = 1 << 24;

struct Header {
    uint32_t magic;
    uint32_t version;
    int64_t num_bytes;
    StudentShape shape;
    uint8_t unused[16];
};
static_assert(sizeof(Header) == kAlignment, "the header is part of the format");

struct LstmBlocks {
    int64_t weights, scale, bias;
};

// Byte offsets of the blocks.
struct Blocks {
    LstmBlocks forward, backward;
    int64_t readout_weights, attention_scale, attention_vector, head_scale, head_bias;
    int64_t num_bytes;
};

Matrix lstm_matrix(const StudentShape& shape) {
    const int64_t num_columns = shape.embedding_dim + shape.hidden_dim;
    return {nullptr, round_up(shape.hidden_dim, kNumLanes) / kNumLanes,
            round_up(num_columns, kGroupColumns) / kGroupColumns};
}

int64_t head_row(const StudentShape& shape) {
    return round_up(shape.attention_dim, kNumLanes);
}

Matrix readout_matrix(const StudentShape& shape) {
    const int64_t num_rows = head_row(shape) + shape.num_classes;
    return {nullptr, round_up(num_rows, kPanelRows) / kPanelRows,
            round_up(2 * shape.hidden_dim, kGroupColumns) / kGroupColumns};
}

int64_t matrix_bytes(const Matrix& matrix) {
    return matrix.num_panels * matrix.num_groups * kPanelVectors * kVectorBytes;
}

int64_t take(int64_t& cursor, int64_t num_bytes) {
    const int64_t start = cursor;
    cursor += round_up(num_bytes, kAlignment);
    return start;
}

int64_t take_floats(int64_t& cursor, int64_t count) {
    return take(cursor, count * static_cast<int64_t>(sizeof(float)));
}

LstmBlocks place_direction(const Matrix& matrix, int64_t& cursor) {
    LstmBlocks blocks;
    blocks.weights = take(cursor, matrix_bytes(matrix));
    blocks.scale = take_floats(cursor, matrix.num_panels * kPanelRows);
    blocks.bias = take_floats(cursor, matrix.num_panels * kPanelRows);
    return blocks;
}

Blocks place_blocks(const StudentShape& shape) {
    Blocks blocks;
    int64_t cursor = sizeof(Header);
    blocks.forward = place_direction(lstm_matrix(shape), cursor);
    blocks.backward = place_direction(lstm_matrix(shape), cursor);
    blocks.readout_weights = take(cursor, matrix_bytes(readout_matrix(shape)));
    blocks.attention_scale = take_floats(cursor, head_row(shape));
    blocks.attention_vector = take_floats(cursor, head_row(shape));
    blocks.head_scale = take_floats(cursor, shape.num_classes);
    blocks.head_bias = take_floats(cursor, shape.num_classes);
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

// Writes one row into its place; `out` is zeroed. Row r of a panel is lane r % 8 of vector r / 8.
void pack_row(const int8_t* row, int64_t num_columns, const Matrix& matrix, int64_t panel,
              int64_t row_in_panel, int8_t* out) {
    for (int64_t column = 0; column < num_columns; ++column) {
        const int64_t group = panel * matrix.num_groups + column / kGroupColumns;
        const int64_t at = (group * kPanelRows + row_in_panel) * kGroupColumns;
        out[at + column % kGroupColumns] = row[column];
    }
}

void pack_direction(const StudentShape& shape, const LstmWeights& weights, const LstmBlocks& blocks,
                    uint8_t* out) {
    const int64_t num_columns = shape.embedding_dim + shape.hidden_dim;
    int8_t* packed = reinterpret_cast<int8_t*>(out + blocks.weights);
    float* scale = reinterpret_cast<float*>(out + blocks.scale);
    float* bias = reinterpret_cast<float*>(out + blocks.bias);
    for (int64_t row = 0; row < 4 * shape.hidden_dim; ++row) {
        const int64_t gate = row / shape.hidden_dim, unit = row % shape.hidden_dim;
        const int64_t panel = unit / kNumLanes;
        const int64_t row_in_panel = gate * kNumLanes + unit % kNumLanes;
        pack_row(weights.weight_q8 + row * num_columns, num_columns, lstm_matrix(shape), panel,
                 row_in_panel, packed);
        scale[panel * kPanelRows + row_in_panel] = weights.scale[row];
        bias[panel * kPanelRows + row_in_panel] = weights.bias[row];
    }
}

void pack_readout_rows(const StudentShape& shape, const int8_t* rows, int64_t num_rows,
                       int64_t first_row, int8_t* out) {
    const int64_t num_columns = 2 * shape.hidden_dim;
    for (int64_t row = 0; row < num_rows; ++row) {
        const int64_t place = first_row + row;
        pack_row(rows + row * num_columns, num_columns, readout_matrix(shape), place / kPanelRows,
                 place % kPanelRows, out);
    }
}

void copy_floats(const float* from, int64_t count, uint8_t* to) {
    std::memcpy(to, from, static_cast<size_t>(count) * sizeof(float));
}

Direction view_direction(const StudentShape& shape, const LstmBlocks& blocks,
                         const uint8_t* packed) {
    Direction direction = {lstm_matrix(shape),
                           reinterpret_cast<const float*>(packed + blocks.scale),
                           reinterpret_cast<const float*>(packed + blocks.bias)};
    direction.matrix.weights_q8 = reinterpret_cast<const int8_t*>(packed + blocks.weights);
    return direction;
}

Readout view_readout(const StudentShape& shape, const Blocks& blocks, const uint8_t* packed) {
    Readout readout = {readout_matrix(shape),
                       reinterpret_cast<const float*>(packed + blocks.attention_scale),
                       reinterpret_cast<const float*>(packed + blocks.attention_vector),
                       reinterpret_cast<const float*>(packed + blocks.head_scale),
                       reinterpret_cast<const float*>(packed + blocks.head_bias)};
    readout.matrix.weights_q8 = reinterpret_cast<const int8_t*>(packed + blocks.readout_weights);
    return readout;
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
    const Header header = {kMagic, kVersion, blocks.num_bytes, shape, {}};
    std::memcpy(out, &header, sizeof header);
    pack_direction(shape, weights.forward, blocks.forward, out);
    pack_direction(shape, weights.backward, blocks.backward, out);
    int8_t* readout = reinterpret_cast<int8_t*>(out + blocks.readout_weights);
    pack_readout_rows(shape, weights.attention_weight_q8, shape.attention_dim, 0, readout);
    pack_readout_rows(shape, weights.head_weight_q8, shape.num_classes, head_row(shape), readout);
    copy_floats(weights.attention_scale, shape.attention_dim, out + blocks.attention_scale);
    copy_floats(weights.attention_vector, shape.attention_dim, out + blocks.attention_vector);
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
            view_direction(shape, blocks.forward, packed),
            view_direction(shape, blocks.backward, packed),
            view_readout(shape, blocks, packed)};
}

}  // namespace dixtill
