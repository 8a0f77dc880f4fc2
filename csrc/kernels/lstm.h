// One step of an LSTM; lstm_cell in specification/cells.py is its specification, bit for bit.
#pragma once

#include "gates.h"

namespace dixtill::DIXTILL_TARGET {

// cell = sigmoid(z_f) * cell + sigmoid(z_i) * tanh(z_g) over one denominator: one division instead
// of three.
template <typename Lanes>
static inline typename Lanes::Float next_cell(Ratio<Lanes> input, Ratio<Lanes> forget,
                                              Ratio<Lanes> candidate, typename Lanes::Float cell) {
    const auto shared = mul(input.bottom, candidate.bottom);
    const auto kept = mul(mul(add(forget.bottom, forget.top), cell), shared);
    const auto added = mul(mul(add(input.bottom, input.top), candidate.top), forget.bottom);
    const auto bottom = mul(forget.bottom, shared);
    return div(add(kept, added), add(bottom, bottom));
}

// 127 * sigmoid(z_o) * tanh(cell), at most 127.
template <typename Lanes>
static inline typename Lanes::Float scaled_hidden(Ratio<Lanes> output, typename Lanes::Float cell) {
    const Ratio<Lanes> squashed = tanh_ratio<Lanes>(cell);
    const auto top = mul(add(output.bottom, output.top), squashed.top);
    return div(mul(top, Lanes::fill(63.5F)), mul(output.bottom, squashed.bottom));
}

struct Lstm {
    static constexpr CellLayout kLayout = layout_of(Cell::lstm);

    // The products hold input and state together.
    template <typename Lanes>
    static inline Ratio<Lanes> gate(const Step& step, int64_t row) {
        const auto product = Lanes::load(step.scratch.products + row);
        return tanh_ratio<Lanes>(scaled<Lanes>(step.direction, row, product));
    }

    // Gates i, f, g, o to cells to hidden states.
    template <typename Lanes>
    static inline void update(const Step& step, int64_t unit, int64_t row, int64_t stride) {
        const Ratio<Lanes> input = gate<Lanes>(step, row);
        const Ratio<Lanes> forget = gate<Lanes>(step, row + stride);
        const Ratio<Lanes> candidate = gate<Lanes>(step, row + 2 * stride);
        const Ratio<Lanes> output = gate<Lanes>(step, row + 3 * stride);
        float* carried = step.scratch.carried + unit;
        const auto cell = next_cell<Lanes>(input, forget, candidate, Lanes::load(carried));
        store_f32(carried, cell);
        store_activation(step.scratch.hidden_q8 + unit, scaled_hidden<Lanes>(output, cell));
    }
};

}  // namespace dixtill::DIXTILL_TARGET
