// Accumulates integrated gradients with checked arguments; the arithmetic is in kernels/.
#pragma once

#include "../kernels/interface.h"
#include "../process/interruption.h"

namespace dixtill {

// Throws std::invalid_argument, before it computes anything, when a word index is out of range;
// Interrupted when `interruption` has come.
void ig_accumulate(const Kernels& kernels, const IgArguments& arguments,
                   Interruption* interruption = nullptr);

}  // namespace dixtill
