// Every 64-bit ARM.
#define DIXTILL_TARGET neon
#include "../simd/neon.h"

#include "../kernels/forward.h"
#include "../kernels/ig_accumulate.h"

namespace dixtill::neon {
extern const Kernels kernels;
const Kernels kernels = {forward, ig_accumulate};
}  // namespace dixtill::neon
