// Portable C++: runs everywhere, and is what the others must equal.
#define DIXTILL_TARGET scalar
#include "../simd/scalar.h"

#include "../kernels/forward.h"
#include "../kernels/ig_accumulate.h"

namespace dixtill::scalar {
extern const Kernels kernels;
const Kernels kernels = {forward, ig_accumulate};
}  // namespace dixtill::scalar
