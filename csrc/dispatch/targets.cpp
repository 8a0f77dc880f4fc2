#include "targets.h"

#include <stdexcept>

#ifdef DIXTILL_HAS_AVX2
#ifdef _MSC_VER
#include <immintrin.h>
#include <intrin.h>
#endif
#endif

namespace dixtill {

namespace scalar {
extern const Kernels kernels;
}
namespace avx2 {
extern const Kernels kernels;
}

namespace {

bool always() {
    return true;
}

#ifdef DIXTILL_HAS_AVX2
bool has_avx2() {
#ifdef _MSC_VER
    // AVX2 is bit 5 of ebx in leaf 7; the system must also save the wide registers (xcr0 bits 1,
    // 2).
    int leaf1[4], leaf7[4];
    __cpuid(leaf1, 1);
    __cpuidex(leaf7, 7, 0);
    const bool saves_state = (leaf1[2] & (1 << 27)) && (_xgetbv(0) & 6) == 6;
    return saves_state && (leaf7[1] & (1 << 5));
#else
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2");
#endif
}
#endif

}  // namespace

const std::vector<Target>& compiled_targets() {
    static const std::vector<Target> targets = {
#ifdef DIXTILL_HAS_AVX2
        {"avx2", "an x86-64 CPU with AVX2", has_avx2, &avx2::kernels},
#endif
        {"scalar", "any CPU", always, &scalar::kernels},
    };
    return targets;
}

const Kernels& kernels_of(const std::string& name) {
    for (const Target& target : compiled_targets()) {
        if (name == target.name && target.is_supported()) return *target.kernels;
    }
    throw std::invalid_argument("kernel '" + name + "' is not supported here");
}

}  // namespace dixtill
