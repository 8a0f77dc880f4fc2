// What the cells share: a step, its gates, and the way through its units.
#pragma once

#include "activations.h"
#include "interface.h"

namespace dixtill::DIXTILL_TARGET {

// One step of one direction, whose products are there.
struct Step {
    const Direction& direction;
    const DirectionScratch& scratch;
    const int32_t* input_products;  // of this step
    LinearStep linear;              // filled by linear cells
};

// z = product * scale + bias, for one row of each of the lanes.
template <typename Lanes>
static inline typename Lanes::Float scaled(const Direction& direction, int64_t row,
                                           typename Lanes::Float product) {
    return add(mul(product, Lanes::load(direction.scale + row)), Lanes::load(direction.bias + row));
}

// Stores 127 * state. Rounding can take a state to 1.01, so it is clamped.
template <typename Lanes>
static inline void store_state(int8_t* to, typename Lanes::Float state) {
    const auto limit = Lanes::fill(127.0F);
    store_activation(to, max(min(mul(state, limit), limit), Lanes::fill(-127.0F)));
}

// Calls CellKernel::update<Lanes>(step, unit, row, stride) for the units from `unit` on. `row` is
// that of their first gate, and the other gates' are `stride` apart. Lanes past the last unit read
// rows of other gates: bounded numbers, which meet only zero parameters.
template <typename CellKernel>
static inline void update_units(const Step& step, int64_t hidden_dim) {
    for (int64_t first = 0; first < hidden_dim; first += kBlockUnits) {
        const int64_t row = CellKernel::kLayout.num_gates * first;
        const int64_t stride = gate_stride(hidden_dim, first);
        if (stride <= EightLanes::kCount) {
            CellKernel::template update<EightLanes>(step, first, row, stride);
            continue;
        }
        for (int64_t lane = 0; lane < stride; lane += WideLanes::kCount) {
            CellKernel::template update<WideLanes>(step, first + lane, row + lane, stride);
        }
    }
}

}  // namespace dixtill::DIXTILL_TARGET
