// Every 64-bit ARM.
#define DIXTILL_TARGET neon
#include "../simd/neon.h"

#include "../kernels/bilstm_forward.h"
#include "../kernels/ig_accumulate.h"

namespace dixtill::neon {
extern const Kernels kernels;
const Kernels kernels = {bilstm_forward, ig_accumulate};
}  // namespace dixtill::neon
