// 64-bit ARM with the dot product instruction (-march=armv8.2-a+dotprod).
#define DIXTILL_TARGET neon_dotprod
#include "../simd/neon_dotprod.h"

#include "../kernels/forward.h"
#include "../kernels/ig_accumulate.h"

namespace dixtill::neon_dotprod {
extern const Kernels kernels;
const Kernels kernels = {forward, ig_accumulate};
}  // namespace dixtill::neon_dotprod
