// The student's forward pass with checked arguments. Owns the working memory; kernels/ does the
// arithmetic.
#pragma once

#include <cstdint>

#include "../kernels/interface.h"
#include "../process/interruption.h"
#include "aligned_memory.h"

namespace dixtill {

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

// The memory that a forward pass works in. Grows to the longest text that it meets. Belongs to one
// student, and to one thread at a time.
class Workspace {
  public:
    const Scratch& for_texts_up_to(int64_t length, const StudentView& student);

  private:
    template <typename T>
    T* take(int64_t count);
    DirectionScratch take_direction(int64_t length, const StudentView& student);
    void place(int64_t length, const StudentView& student);

    AlignedMemory memory_;
    int64_t num_bytes_ = 0;
    int64_t longest_ = -1;
    Scratch scratch_ = {};
};

// Throws std::invalid_argument, before it computes anything, when an offset or a piece id is out
// of range or the embedding has another width than the student; Interrupted. Many threads may call
// this at once, each with its own workspace.
void forward(const Kernels& kernels, const StudentView& student, const Embedding& embedding,
             const RaggedBatch& batch, const ForwardOutputs& outputs, Workspace& workspace,
             Interruption* interruption = nullptr);

// Does the same in memory of its own.
void forward(const Kernels& kernels, const StudentView& student, const Embedding& embedding,
             const RaggedBatch& batch, const ForwardOutputs& outputs,
             Interruption* interruption = nullptr);

}  // namespace dixtill
