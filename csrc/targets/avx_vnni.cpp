// x86-64 with AVX2 and AVX-VNNI (-mavxvnni).
#define DIXTILL_TARGET avx_vnni
#include "../simd/avx_vnni.h"

#include "../kernels/forward.h"
#include "../kernels/ig_accumulate.h"

namespace dixtill::avx_vnni {
extern const Kernels kernels;
const Kernels kernels = {forward, ig_accumulate};
}  // namespace dixtill::avx_vnni
