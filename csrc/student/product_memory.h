// Remembers what the input matrices make of the most frequent pieces, so that a piece is multiplied
// once and not in every text. Vocabularies begin with the pieces that training texts use most.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "../kernels/interface.h"
#include "aligned_memory.h"

namespace dixtill {

// Any number of threads may use it at once. Memory that no piece has used yet is not touched.
class ProductMemory {
  public:
    // As much as the second cache of many CPUs holds; of a student with 50 GRU units, 1,489 pieces.
    static constexpr int64_t kMaxBytes = 1 << 21;

    // What is given must outlive it.
    ProductMemory(const Kernels& kernels, const StudentView& student, const Embedding& embedding,
                  int64_t max_bytes = kMaxBytes);

    // Returns the products of a piece as ForwardArguments wants them, which it computes when it
    // first meets the piece; nullptr if the piece is not among the first, or another thread is
    // computing its products just now.
    const int32_t* products_of(int32_t piece, const Scratch& scratch);

  private:
    enum State : uint8_t { kUnknown, kBusy, kKnown };

    const Kernels& kernels_;
    const StudentView& student_;
    const Embedding& embedding_;
    int64_t num_values_;  // of a piece
    std::vector<std::atomic<uint8_t>> states_;
    AlignedMemory memory_;
};

}  // namespace dixtill
