// Converts the parameters of a model file to the layout that the kernels read.
#pragma once

#include <cstdint>

#include "layout.h"

namespace dixtill {

// Row-major parameters with the shapes of specification/parameters.py.
struct LstmParameters {
    const int8_t* weight_q8;  // [4 * hidden_dim, embedding_dim + hidden_dim]
    const float* scale;       // [4 * hidden_dim]
    const float* bias;        // [4 * hidden_dim]
};

struct StudentParameters {
    LstmParameters forward;
    LstmParameters backward;
    const int8_t* attention_weight_q8;  // [attention_dim, 2 * hidden_dim]
    const float* attention_scale;       // [attention_dim]
    const float* attention_vector;      // [attention_dim]
    const float* null_score;            // [1]
    const int8_t* head_weight_q8;       // [num_classes, 2 * hidden_dim]
    const float* head_scale;            // [num_classes]
    const float* head_bias;             // [num_classes]
};

// `out` has packed_bytes(shape) bytes and the alignment of a float.
void pack(const StudentShape& shape, const StudentParameters& parameters, uint8_t* out);

}  // namespace dixtill
