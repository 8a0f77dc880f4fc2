#include "view.h"

#include <cstring>
#include <stdexcept>
#include <string>

namespace dixtill {
namespace {

Matrix view_matrix(Matrix matrix, const uint8_t* packed, int64_t offset, uint8_t is_small) {
    matrix.values_q8 = block<int8_t>(packed, offset);
    matrix.has_small_sums = is_small != 0;
    return matrix;
}

Direction view_direction(const StudentShape& shape, const DirectionBlocks& blocks,
                         const uint8_t* packed, uint8_t is_small) {
    return {view_matrix(input_matrix(shape), packed, blocks.input, is_small),
            view_matrix(recurrent_matrix(shape), packed, blocks.recurrent, is_small),
            block<int32_t>(packed, blocks.correction),
            block<int32_t>(packed, blocks.recurrent_correction),
            block<float>(packed, blocks.scale),
            block<float>(packed, blocks.bias),
            block<float>(packed, blocks.other_bias)};
}

Readout view_readout(const StudentShape& shape, const Blocks& blocks, const uint8_t* packed,
                     uint8_t is_small) {
    return {view_matrix(readout_matrix(shape), packed, blocks.readout, is_small),
            block<int32_t>(packed, blocks.readout_correction),
            block<float>(packed, blocks.attention_scale),
            block<float>(packed, blocks.attention_vector),
            block<float>(packed, blocks.null_score),
            block<float>(packed, blocks.head_scale),
            block<float>(packed, blocks.head_bias),
            {block<float>(packed, blocks.traced[0]), block<float>(packed, blocks.traced[1])}};
}

PackedHeader read_header(const uint8_t* packed, int64_t num_bytes) {
    PackedHeader header;
    if (num_bytes < static_cast<int64_t>(sizeof header)) {
        throw std::invalid_argument("packed parameters have " + std::to_string(num_bytes) +
                                    " bytes, less than their header");
    }
    if (reinterpret_cast<uintptr_t>(packed) % alignof(float) != 0) {
        throw std::invalid_argument("packed parameters are not aligned to four bytes");
    }
    std::memcpy(&header, packed, sizeof header);
    return header;
}

}  // namespace

StudentView view_packed(const uint8_t* packed, int64_t num_bytes) {
    const PackedHeader header = read_header(packed, num_bytes);
    const StudentShape& shape = header.shape;
    const Blocks blocks = place_blocks(shape);
    if (num_bytes != blocks.num_bytes) {
        throw std::invalid_argument("packed parameters have " + std::to_string(num_bytes) +
                                    " bytes, expected " + std::to_string(blocks.num_bytes));
    }
    StudentView student = {shape.cell,
                           shape.embedding_dim,
                           shape.hidden_dim,
                           shape.attention_dim,
                           shape.num_classes,
                           shape.num_directions,
                           shape.output,
                           {},
                           view_readout(shape, blocks, packed, header.is_readout_small)};
    for (int64_t i = 0; i < shape.num_directions; ++i) {
        student.directions[i] =
            view_direction(shape, blocks.directions[i], packed, header.is_small[i]);
    }
    return student;
}

}  // namespace dixtill
