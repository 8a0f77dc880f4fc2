// Where everything lies in the packed parameters: one flat buffer, the same for every target.
//
//   header: the cell, the dimensions, the output, and which matrices have small sums
//   each direction: input parameters, recurrent parameters, their corrections, scale, biases
//   readout: parameters, correction, attention scale, attention vector, null score, head scale,
//   head bias, and if the contributions are traced the head's parameters as floats
//
// Each block begins at a cache line and has the layout that kernels/interface.h gives. The
// embedding is not packed: the kernels read it row by row as it stands in the model file's bytes.
#pragma once

#include <cstdint>
#include <string>

#include "../kernels/interface.h"

namespace dixtill {

struct StudentShape {
    Cell cell;
    int64_t embedding_dim;
    int64_t hidden_dim;
    int64_t attention_dim;
    int64_t num_classes;
    int64_t num_directions;
    Output output = Output::softmax;

    // Of all directions together, of one piece.
    int64_t num_states() const { return num_directions * hidden_dim; }
};

// The beginning of the buffer.
struct PackedHeader {
    StudentShape shape;
    uint8_t is_small[kMaxDirections], is_readout_small;  // Matrix::has_small_sums
    uint8_t unused[5];  // zero, where a compiler would leave any bytes
};

// The sizes of a direction's parameters in a model file: weights [num_rows, num_columns], a scale
// for each row, and biases.
struct DirectionSizes {
    int64_t num_rows, num_columns, num_biases;
};

// Byte offsets of the blocks. One that the cell lacks takes no bytes; a direction that the student
// lacks has no blocks.
struct DirectionBlocks {
    int64_t input, recurrent, correction, recurrent_correction, scale, bias, other_bias;
};

struct Blocks {
    DirectionBlocks directions[kMaxDirections];
    int64_t readout, readout_correction;
    int64_t attention_scale, attention_vector, null_score, head_scale, head_bias;
    int64_t traced[kMaxDirections];
    int64_t num_bytes;
};

// Throws std::invalid_argument unless a cell has this name.
Cell cell_named(const std::string& name);

// Throws std::invalid_argument unless an output has this name.
Output output_named(const std::string& name);

DirectionSizes direction_sizes(const StudentShape& shape);

// Matrices of a student without their parameters.
Matrix input_matrix(const StudentShape& shape);
Matrix recurrent_matrix(const StudentShape& shape);
Matrix readout_matrix(const StudentShape& shape);

// The first row of the head in the readout's matrix.
int64_t head_row(const StudentShape& shape);

// How many rows of the readout's matrix are the head's: none if the contributions are traced.
int64_t num_head_rows(const StudentShape& shape);

// Throws std::invalid_argument for an unknown cell, and for a dimension below one or beyond what
// int32 sums can hold.
Blocks place_blocks(const StudentShape& shape);
int64_t packed_bytes(const StudentShape& shape);

template <typename T>
T* block(uint8_t* packed, int64_t offset) {
    return reinterpret_cast<T*>(packed + offset);
}

template <typename T>
const T* block(const uint8_t* packed, int64_t offset) {
    return reinterpret_cast<const T*>(packed + offset);
}

}  // namespace dixtill
