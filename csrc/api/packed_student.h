// The packed weights: one flat buffer that describes itself, the same for every target.
//
//   header (64 bytes): magic, version, the four dimensions, the buffer's size
//   forward direction: input weights, recurrent weights, correction, scale, bias
//   backward direction: the same
//   readout: weights, correction, attention scale, attention vector, null score, head scale, head
//   bias
//
// Each block begins at a multiple of 64 bytes and has the layout that kernels/interface.h gives.
// The embedding is not packed: it is used row by row as it stands in the model file's bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../kernels/interface.h"

namespace dixtill {

struct StudentShape {
    int64_t embedding_dim;
    int64_t hidden_dim;
    int64_t attention_dim;
    int64_t num_classes;
};

// Row-major weights with the shapes of specification/weights.py.
struct LstmWeights {
    const int8_t* weight_q8;  // [4 * hidden_dim, embedding_dim + hidden_dim]
    const float* scale;       // [4 * hidden_dim]
    const float* bias;        // [4 * hidden_dim]
};

struct StudentWeights {
    LstmWeights forward;
    LstmWeights backward;
    const int8_t* attention_weight_q8;  // [attention_dim, 2 * hidden_dim]
    const float* attention_scale;       // [attention_dim]
    const float* attention_vector;      // [attention_dim]
    const float* null_score;            // [1]
    const int8_t* head_weight_q8;       // [num_classes, 2 * hidden_dim]
    const float* head_scale;            // [num_classes]
    const float* head_bias;             // [num_classes]
};

// Throws std::invalid_argument for a dimension below one or beyond what int32 sums can hold.
int64_t packed_bytes(const StudentShape& shape);

// `out` has packed_bytes(shape) bytes and the alignment of a float.
void pack(const StudentShape& shape, const StudentWeights& weights, uint8_t* out);

// Pointers into `packed`, which must outlive them. Throws std::invalid_argument when the buffer is
// not packed weights of this version, is cut short, or is not aligned for floats.
StudentView view_packed(const uint8_t* packed, int64_t num_bytes);

}  // namespace dixtill
