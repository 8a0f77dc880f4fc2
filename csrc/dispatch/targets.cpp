#include "targets.h"

#include <stdexcept>

#if defined(DIXTILL_HAS_AVX2)
#ifdef _MSC_VER
#include <immintrin.h>
#include <intrin.h>
#else
#include <cpuid.h>
#endif
#elif defined(DIXTILL_HAS_NEON_DOTPROD)
#if defined(__linux__)
#include <sys/auxv.h>
#elif defined(_WIN32)
#define NOMINMAX
#include <windows.h>
#endif
#endif

namespace dixtill {

namespace scalar {
extern const Kernels kernels;
}
namespace avx2 {
extern const Kernels kernels;
}
namespace avx_vnni {
extern const Kernels kernels;
}
namespace avx512_vnni {
extern const Kernels kernels;
}
namespace neon {
extern const Kernels kernels;
}
namespace neon_dotprod {
extern const Kernels kernels;
}

namespace {

#if defined(DIXTILL_HAS_AVX2)

struct Registers {
    uint32_t eax, ebx, ecx, edx;
};

// Returns zeros for a leaf that the CPU does not have.
Registers cpuid(uint32_t leaf, uint32_t subleaf) {
    Registers r = {};
#ifdef _MSC_VER
    int values[4];
    __cpuid(values, 0);
    if (static_cast<uint32_t>(values[0]) < leaf) return r;
    __cpuidex(values, static_cast<int>(leaf), static_cast<int>(subleaf));
    r = {static_cast<uint32_t>(values[0]), static_cast<uint32_t>(values[1]),
         static_cast<uint32_t>(values[2]), static_cast<uint32_t>(values[3])};
#else
    if (!__get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx)) return {};
#endif
    return r;
}

bool has_bit(uint32_t value, int bit) {
    return (value >> bit) & 1U;
}

// Returns which kinds of registers the operating system saves, one bit for each.
uint64_t saved_state() {
    if (!has_bit(cpuid(1, 0).ecx, 27)) return 0;
#ifdef _MSC_VER
    return _xgetbv(0);
#else
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (static_cast<uint64_t>(high) << 32) | low;
#endif
}

bool saves(uint64_t kinds) {
    return (saved_state() & kinds) == kinds;
}

constexpr uint64_t kAvxState = 0x06;
constexpr uint64_t kAvx512State = 0xE6;

bool has_avx2() {
    return saves(kAvxState) && has_bit(cpuid(7, 0).ebx, 5);
}

bool has_avx_vnni() {
    return has_avx2() && cpuid(7, 0).eax >= 1 && has_bit(cpuid(7, 1).eax, 4);
}

// MSVC's /arch:AVX512 assumes F, DQ, CD, BW and VL, which every CPU with VNNI has.
bool has_avx512_vnni() {
    constexpr uint32_t kNeeded = 1U << 16 | 1U << 17 | 1U << 28 | 1U << 30 | 1U << 31;
    const Registers features = cpuid(7, 0);
    return saves(kAvx512State) && (features.ebx & kNeeded) == kNeeded && has_bit(features.ecx, 11);
}

#elif defined(DIXTILL_HAS_NEON_DOTPROD)

bool has_neon_dotprod() {
#if defined(__linux__)
    constexpr unsigned long kDotProduct = 1UL << 20;  // HWCAP_ASIMDDP
    return (getauxval(AT_HWCAP) & kDotProduct) != 0;
#elif defined(__APPLE__)
    return true;  // every Mac with Apple silicon
#elif defined(_WIN32)
    constexpr DWORD kDotProduct = 43;  // PF_ARM_V82_DP_INSTRUCTIONS_AVAILABLE
    return IsProcessorFeaturePresent(kDotProduct) != 0;
#else
    return false;
#endif
}

#endif

}  // namespace

const std::vector<Target>& compiled_targets() {
    static const std::vector<Target> targets = {
#ifdef DIXTILL_HAS_AVX512_VNNI
        {"avx512_vnni", "an x86-64 CPU with AVX-512 VNNI", has_avx512_vnni(),
         &avx512_vnni::kernels},
#endif
#ifdef DIXTILL_HAS_AVX_VNNI
        {"avx_vnni", "an x86-64 CPU with AVX-VNNI", has_avx_vnni(), &avx_vnni::kernels},
#endif
#ifdef DIXTILL_HAS_AVX2
        {"avx2", "an x86-64 CPU with AVX2", has_avx2(), &avx2::kernels},
#endif
#ifdef DIXTILL_HAS_NEON_DOTPROD
        {"neon_dotprod", "a 64-bit ARM CPU with the dot product instructions (Armv8.2)",
         has_neon_dotprod(), &neon_dotprod::kernels},
#endif
#ifdef DIXTILL_HAS_NEON
        {"neon", "a 64-bit ARM CPU", true, &neon::kernels},
#endif
        {"scalar", "any CPU", true, &scalar::kernels},
    };
    return targets;
}

const Kernels& kernels_of(const std::string& name) {
    for (const Target& target : compiled_targets()) {
        if (name == target.name && target.is_supported) return *target.kernels;
    }
    throw std::invalid_argument("kernel '" + name + "' is not supported here");
}

}  // namespace dixtill
