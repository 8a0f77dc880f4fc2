// Converts the parameters of a model file to the layout that the kernels read.
#pragma once

#include <cstdint>

#include "layout.h"

namespace dixtill {

// Row-major parameters with the shapes of specification/parameters.py.
struct DirectionParameters {  // of the sizes that direction_sizes gives
    const int8_t* weight_q8;
    const float* scale;
    const float* bias;
};

struct StudentParameters {
    DirectionParameters directions[kMaxDirections];  // as many as the student reads in
    const int8_t* attention_weight_q8;               // [attention_dim, num_states]
    const float* attention_scale;                    // [attention_dim]
    const float* attention_vector;                   // [attention_dim]
    const float* null_score;                         // [1]
    const int8_t* head_weight_q8;                    // [num_classes, num_states]
    const float* head_scale;                         // [num_classes]
    const float* head_bias;                          // [num_classes]
};

// `out` has packed_bytes(shape) bytes and the alignment of a float.
void pack(const StudentShape& shape, const StudentParameters& parameters, uint8_t* out);

}  // namespace dixtill
