// Packed parameters as the kernels see them.
#pragma once

#include <cstdint>

#include "layout.h"

namespace dixtill {

// Returns pointers into `packed`, which must outlive them. Throws std::invalid_argument when the
// buffer is not as large as its header says, or not aligned for floats: nothing outside it is read.
StudentView view_packed(const uint8_t* packed, int64_t num_bytes);

}  // namespace dixtill
