// x86-64 with AVX-512 F, BW, VL and VNNI.
#define DIXTILL_TARGET avx512_vnni
#include "../simd/avx512_vnni.h"

#include "../kernels/forward.h"
#include "../kernels/ig_accumulate.h"

namespace dixtill::avx512_vnni {
extern const Kernels kernels;
const Kernels kernels = {forward, ig_accumulate};
}  // namespace dixtill::avx512_vnni
