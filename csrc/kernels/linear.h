// One step of a linear cell; linear_steps in specification/cells.py is its specification, bit for
// bit.
#pragma once

#include "gates.h"

namespace dixtill::DIXTILL_TARGET {

// The gates read the piece and the one before it, and no state.
struct Linear {
    static constexpr CellLayout kLayout = layout_of(Cell::linear);

    template <typename Lanes>
    static inline Ratio<Lanes> gate(const Step& step, int64_t row) {
        const auto product = Lanes::load(step.input_products + row);
        return tanh_ratio<Lanes>(scaled<Lanes>(step.direction, row, product));
    }

    // Gates z, n to what the step keeps, 1 - sigmoid(z_z), and adds, sigmoid(z_z) * tanh(z_n).
    template <typename Lanes>
    static inline void update(const Step& step, int64_t unit, int64_t row, int64_t stride) {
        const Ratio<Lanes> update = gate<Lanes>(step, row);
        const Ratio<Lanes> candidate = gate<Lanes>(step, row + stride);
        const auto share = div(Lanes::fill(0.5F), mul(update.bottom, candidate.bottom));
        const auto kept = mul(mul(sub(update.bottom, update.top), candidate.bottom), share);
        const auto added = mul(mul(add(update.bottom, update.top), candidate.top), share);
        store_f32(step.linear.kept + unit, kept);
        store_f32(step.linear.added + unit, added);
        float* carried = step.scratch.carried + unit;
        const auto state = add(mul(kept, Lanes::load(carried)), added);
        store_f32(carried, state);
        store_state<Lanes>(step.scratch.hidden_q8 + unit, state);
    }
};

}  // namespace dixtill::DIXTILL_TARGET
