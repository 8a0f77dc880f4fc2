// x86-64 with AVX2 (-mavx2, without FMA).
#define DIXTILL_TARGET avx2
#include "../simd/avx2.h"

#include "../kernels/forward.h"
#include "../kernels/ig_accumulate.h"

namespace dixtill::avx2 {
extern const Kernels kernels;
const Kernels kernels = {forward, ig_accumulate};
}  // namespace dixtill::avx2
