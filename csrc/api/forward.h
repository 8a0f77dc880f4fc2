// The student's forward pass with checked arguments: what a caller outside csrc/ uses. Allocates
// the scratch memory; the arithmetic is in kernels/.
#pragma once

#include <cstdint>

#include "../kernels/interface.h"

namespace dixtill {

struct Embedding {
    const int8_t* rows_q8;  // [num_pieces, dim]
    int64_t num_pieces;
    int64_t dim;
};

struct RaggedBatch {
    const int32_t* piece_ids;  // [num_piece_ids]
    const int64_t* offsets;    // [num_texts + 1]
    int64_t num_piece_ids;
    int64_t num_texts;
};

struct ForwardOutputs {
    float* logits;         // [num_texts, num_classes]
    float* probabilities;  // [num_texts, num_classes]
    float* scores;         // [num_piece_ids]
    float* attention;      // [num_piece_ids]
    float* contributions;  // [num_piece_ids, num_classes]
};

// Throws std::invalid_argument, before it computes anything, when an offset or a piece id is out
// of range or the embedding is not of the student's width. Safe to call from many threads.
void forward(const Kernels& kernels, const StudentView& student, const Embedding& embedding,
             const RaggedBatch& batch, const ForwardOutputs& outputs);

}  // namespace dixtill
