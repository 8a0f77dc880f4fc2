// Prints how many cycles the parts of an LSTM's step take on one target, for the research note on
// kernels.
//
//   c++ -std=c++17 -O3 -ffp-contract=off -Icsrc -mavx2 -DDIXTILL_TARGET=avx2
//       -DSIMD='"simd/avx2.h"' benchmarks/kernel_phases.cpp -o kernel_phases
//
// It prints medians of 300 rounds. A cycle is the time of one addition in a chain, measured at the
// start, so a CPU that lowers its clock for wide registers seems to need more cycles. The tests
// check the answers.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <vector>

#include SIMD
#include "kernels/forward.h"

namespace {

using namespace dixtill;
using namespace dixtill::DIXTILL_TARGET;

constexpr int64_t kHidden = 50, kNumRows = 4 * kHidden;
constexpr int64_t kNumGroups = (kHidden + kGroupColumns - 1) / kGroupColumns;
constexpr int kRounds = 300, kCalls = 64;

double now_ns() {
    const auto time = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration<double, std::nano>(time).count();
}

template <typename Call>
double median_ns(int num_calls, Call call) {
    std::vector<double> rounds;
    for (int round = 0; round < kRounds; ++round) {
        const double start = now_ns();
        for (int i = 0; i < num_calls; ++i) call();
        rounds.push_back((now_ns() - start) / num_calls);
    }
    std::nth_element(rounds.begin(), rounds.begin() + kRounds / 2, rounds.end());
    return rounds[kRounds / 2];
}

double cycle_ns() {
    uint64_t sum = 0;
    return median_ns(10000, [&sum] {
#if defined(__aarch64__)
        __asm__ volatile("add %0, %0, #1" : "+r"(sum));
#else
        __asm__ volatile("add $1, %0" : "+r"(sum));
#endif
    });
}

// One direction: weights small enough for small sums, and what it keeps.
struct OneDirection {
    alignas(64) int8_t input_q8[kNumGroups * padded_rows(kNumRows) * kGroupColumns];
    alignas(64) int8_t recurrent_q8[kNumGroups * padded_rows(kNumRows) * kGroupColumns];
    alignas(64) int32_t sums[readable_rows(kNumRows)] = {};
    alignas(64) int32_t products[readable_rows(kNumRows)] = {};
    alignas(64) float scale[readable_rows(kNumRows)] = {};
    alignas(64) float cells[readable_units(kHidden)] = {};
    alignas(64) int8_t hidden_q8[readable_units(kHidden)] = {};

    OneDirection() {
        uint32_t state = 1;
        for (int8_t* matrix : {input_q8, recurrent_q8}) {
            for (int64_t i = 0; i < static_cast<int64_t>(sizeof input_q8); ++i) {
                state = state * 1664525U + 1013904223U;
                matrix[i] = static_cast<int8_t>(static_cast<int32_t>(state >> 16U) % 33);
            }
        }
        std::fill(std::begin(scale), std::end(scale), 1e-5F);
    }

    Direction direction() const {
        return {{input_q8, kNumRows, kNumGroups, true},
                {recurrent_q8, kNumRows, kNumGroups, true},
                sums,
                nullptr,
                scale,
                scale,
                nullptr};
    }
    DirectionScratch scratch() {
        return {nullptr, nullptr, nullptr, products, hidden_q8, cells, nullptr};
    }

    void multiply_hidden() { multiply(direction().recurrent, hidden_q8, sums, products); }
    void update() {
        const Direction parameters = direction();
        const DirectionScratch own = scratch();
        update_units<Lstm>({parameters, own, {}, {}}, kHidden);
    }
};

}  // namespace

int main() {
    static OneDirection ahead, back;
    const double cycle = cycle_ns();
    const auto report = [cycle](const char* name, double ns) {
        std::printf("%-40s %7.1f ns %7.0f cycles\n", name, ns, ns / cycle);
        return ns / cycle;
    };
    std::printf("%.2f GHz\n", 1 / cycle);
    const double products =
        report("products of a direction", median_ns(kCalls, [] { ahead.multiply_hidden(); }));
    report("cells of a direction", median_ns(kCalls, [] {
                                       ahead.update();
                                       back.update();
                                   }) / 2);
    report("recurrence of a direction", median_ns(kCalls, [] {
                                            ahead.multiply_hidden();
                                            back.multiply_hidden();
                                            ahead.update();
                                            back.update();
                                        }) / 2);
    static_cast<void>(forward);  // whole, which the benchmarks in Python measure
    std::printf("%-40s %7.1f\n", "MAC a cycle of the products", kNumRows * kHidden / products);
    return 0;
}
