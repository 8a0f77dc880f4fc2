// Packed weights as the kernels see them.
#pragma once

#include <cstdint>

#include "layout.h"

namespace dixtill {

// Pointers into `packed`, which must outlive them. Throws std::invalid_argument when the buffer has
// not the size that its header asks for, or is not aligned for floats: nothing outside it is read.
StudentView view_packed(const uint8_t* packed, int64_t num_bytes);

}  // namespace dixtill
