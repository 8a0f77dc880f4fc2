// Reports progress to the caller of a kernel.
#pragma once

#include "interface.h"

namespace dixtill::DIXTILL_TARGET {

// How many pieces are read out or traced between two reports. Either takes about half the time of a
// step or less.
constexpr int64_t kPiecesPerReport = 512;

// Returns false when the caller wants to end the kernel.
static inline bool goes_on_after(const ForwardArguments& arguments, int64_t num_pieces) {
    const Progress& progress = arguments.progress;
    return progress.goes_on_after == nullptr || progress.goes_on_after(progress.owner, num_pieces);
}

}  // namespace dixtill::DIXTILL_TARGET
