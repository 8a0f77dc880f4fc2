// One step of a GRU; gru_cell in specification/cells.py is its specification, bit for bit.
#pragma once

#include "gates.h"

namespace dixtill::DIXTILL_TARGET {

// (1 - sigmoid(z_z)) * tanh(z_n) + sigmoid(z_z) * state over one denominator.
template <typename Lanes>
static inline typename Lanes::Float next_state(Ratio<Lanes> update, Ratio<Lanes> candidate,
                                               typename Lanes::Float state) {
    const auto added = mul(sub(update.bottom, update.top), candidate.top);
    const auto kept = mul(mul(add(update.bottom, update.top), state), candidate.bottom);
    return div(add(added, kept), mul(add(update.bottom, update.bottom), candidate.bottom));
}

// Input and state keep their products apart: r and z add them up, n needs each by itself.
struct Gru {
    static constexpr CellLayout kLayout = layout_of(Cell::gru);

    template <typename Lanes>
    static inline Ratio<Lanes> gate(const Step& step, int64_t row) {
        const auto product =
            Lanes::load_sum(step.input_products + row, step.scratch.products + row);
        return tanh_ratio<Lanes>(scaled<Lanes>(step.direction, row, product));
    }

    // tanh(n of the input + sigmoid(z_r) * n of the state).
    template <typename Lanes>
    static inline Ratio<Lanes> candidate(const Step& step, Ratio<Lanes> reset, int64_t unit,
                                         int64_t row) {
        const Direction& direction = step.direction;
        const auto of_input = scaled<Lanes>(direction, row, Lanes::load(step.input_products + row));
        const auto of_state =
            add(mul(Lanes::load(step.scratch.products + row), Lanes::load(direction.scale + row)),
                Lanes::load(direction.other_bias + unit));
        const auto open = div(add(reset.bottom, reset.top), add(reset.bottom, reset.bottom));
        return tanh_ratio<Lanes>(add(of_input, mul(open, of_state)));
    }

    // Gates r, z, n to states.
    template <typename Lanes>
    static inline void update(const Step& step, int64_t unit, int64_t row, int64_t stride) {
        const Ratio<Lanes> reset = gate<Lanes>(step, row);
        const Ratio<Lanes> update = gate<Lanes>(step, row + stride);
        const Ratio<Lanes> new_part = candidate<Lanes>(step, reset, unit, row + 2 * stride);
        float* carried = step.scratch.carried + unit;
        const auto state = next_state<Lanes>(update, new_part, Lanes::load(carried));
        store_f32(carried, state);
        store_state<Lanes>(step.scratch.hidden_q8 + unit, state);
    }
};

}  // namespace dixtill::DIXTILL_TARGET
