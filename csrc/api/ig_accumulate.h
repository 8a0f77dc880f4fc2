// Integrated-gradients accumulation with checked arguments; the arithmetic is in kernels/.
#pragma once

#include "../kernels/interface.h"

namespace dixtill {

// Throws std::invalid_argument, before it computes anything, when a word index is out of range.
// Provides token_sums itself.
void ig_accumulate(const Kernels& kernels, IgArguments arguments);

}  // namespace dixtill
