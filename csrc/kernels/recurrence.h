// Takes a text through a cell in each direction, and keeps the states. What one step does to a
// unit is in the cell's own file.
#pragma once

#include "gates.h"
#include "inputs.h"
#include "interface.h"
#include "matrix.h"
#include "progress.h"

namespace dixtill::DIXTILL_TARGET {

static inline void copy(const int8_t* from, int64_t count, int8_t* to) {
    for (int64_t i = 0; i < count; ++i) to[i] = from[i];
}

// One direction of reading.
struct Way {
    const Direction& direction;
    const DirectionScratch& own;
    int64_t first_time, stride;  // the piece of the first step, and from one step to the next
    int64_t first_remembered;    // where its products begin in what is remembered of a piece
    int64_t first_state;         // where in scratch.states_q8 the state of the first step is
    int64_t state_stride;        // from one step's state to the next one's
};

// One text. `step` counts from the end where a direction begins, `time` from the first piece.
template <typename CellKernel>
struct Recurrence {
    static constexpr bool kIsLinear = CellKernel::kLayout.is_linear;

    const ForwardArguments& arguments;
    int64_t start;  // of the text's pieces in the batch
    int64_t length;

    const StudentView& student() const { return *arguments.student; }

    Way way(int64_t index) const {
        const Direction& direction = student().directions[index];
        const int64_t first_time = time_of(index, 0, length), stride = index == 0 ? 1 : -1;
        const int64_t num_bytes = state_bytes(student());
        return {direction,
                arguments.scratch.directions[index],
                first_time,
                stride,
                index * remembered_of_direction(student().cell, direction.input.num_rows),
                first_time * num_bytes + index * student().hidden_dim,
                stride * num_bytes};
    }

    static int64_t time_at(const Way& way, int64_t step) {
        return way.first_time + step * way.stride;
    }

    // Makes ready for the first step.
    void reset(const DirectionScratch& own) const {
        const int64_t num_units = readable_units(student().hidden_dim);
        for (int64_t unit = 0; unit < num_units; ++unit) own.carried[unit] = 0.0F;
        clear(own.hidden_q8, num_units);
    }

    // The products that are remembered of the piece at a step, or nullptr.
    const int32_t* remembered(const Way& way, int64_t step) const {
        if (arguments.remembered == nullptr) return nullptr;
        const int32_t* found = arguments.remembered[start + time_at(way, step)];
        return found == nullptr ? found : found + way.first_remembered;
    }

    int32_t piece_at(const Way& way, int64_t step) const {
        return arguments.piece_ids[start + time_at(way, step)];
    }

    // The products of a step: remembered ones, or else new ones in `out`.
    InputProducts products_of(const Way& way, int64_t step, int32_t* out) const {
        const int32_t* zeros = arguments.scratch.zeros;
        const bool has_before = kIsLinear && step > 0;
        const int32_t* own = remembered(way, step);
        if (own != nullptr) {
            if (!has_before) return {own, zeros};
            const int32_t* before = remembered(way, step - 1);
            const int64_t stride = remembered_stride(way.direction.input.num_rows);
            if (before != nullptr) return {own, before + stride};
        }
        multiply_rows_of(student(), way.direction, arguments.embedding, arguments.scratch,
                         piece_at(way, step), has_before ? piece_at(way, step - 1) : kNoPiece,
                         way.own.input_q8, out);
        return {out, zeros};
    }

    void multiply_inputs(const Way& way, int64_t first, int64_t num_steps) const {
        const int64_t stride = padded_rows(way.direction.input.num_rows);
        for (int64_t i = 0; i < num_steps; ++i) {
            way.own.inputs[i] = products_of(way, first + i, way.own.input_products + i * stride);
        }
    }

    void multiply_state(const Step& step) const {
        const Direction& direction = step.direction;
        const int32_t* sums = step.input.own;
        if constexpr (!CellKernel::kLayout.adds_products) {
            sums =
                first_sums(direction.recurrent, direction.recurrent_correction, arguments.scratch);
        }
        multiply(direction.recurrent, step.scratch.hidden_q8, sums, step.scratch.products);
    }

    void keep_state(const Way& way, int64_t step) const {
        copy(way.own.hidden_q8, student().hidden_dim,
             arguments.scratch.states_q8 + way.first_state + step * way.state_stride);
    }

    Step step_of(const Way& way, int64_t step, int64_t step_in_chunk) const {
        Step result = {way.direction, way.own, way.own.inputs[step_in_chunk], {}};
        if constexpr (kIsLinear) {
            result.linear = linear_step(way.own, step, student().hidden_dim);
        }
        return result;
    }

    // All directions at once: while one waits for its activations, the other multiplies.
    void run_step(const Way* ways, const Way* end, int64_t step, int64_t step_in_chunk) const {
        if constexpr (!kIsLinear) {
            for (const Way* way = ways; way != end; ++way) {
                multiply_state(step_of(*way, step, step_in_chunk));
            }
        }
        for (const Way* way = ways; way != end; ++way) {
            update_units<CellKernel>(step_of(*way, step, step_in_chunk), student().hidden_dim);
            keep_state(*way, step);
        }
    }

    // Writes the hidden states of all pieces to scratch.states_q8. Returns false if the caller
    // ended it.
    bool run() const {
        const Way ways[] = {way(0), way(1)};
        const Way* end = ways + student().num_directions;
        for (const Way* way = ways; way != end; ++way) reset(way->own);
        for (int64_t first = 0; first < length; first += kChunkSteps) {
            const int64_t count = length - first < kChunkSteps ? length - first : kChunkSteps;
            for (const Way* way = ways; way != end; ++way) multiply_inputs(*way, first, count);
            for (int64_t i = 0; i < count; ++i) run_step(ways, end, first + i, i);
            if (!goes_on_after(arguments, count)) return false;
        }
        return true;
    }
};

}  // namespace dixtill::DIXTILL_TARGET
