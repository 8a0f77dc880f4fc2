// Takes a text through a cell in both directions, and keeps the states. What one step does to a
// unit is in the cell's own file.
#pragma once

#include "embedding_rows.h"
#include "gates.h"
#include "interface.h"
#include "matrix.h"
#include "progress.h"

namespace dixtill::DIXTILL_TARGET {

static inline void copy(const int8_t* from, int64_t count, int8_t* to) {
    for (int64_t i = 0; i < count; ++i) to[i] = from[i];
}

static inline void clear(int8_t* activations, int64_t count) {
    for (int64_t i = 0; i < count; ++i) activations[i] = static_cast<int8_t>(kActivationOffset);
}

// One text. `step` counts from either end.
template <typename CellKernel>
struct Recurrence {
    const ForwardArguments& arguments;
    const int32_t* piece_ids;
    int64_t length;

    const StudentView& student() const { return *arguments.student; }

    // Makes ready for the first step: the state is zero, and so is what stands before the text.
    void reset(const DirectionScratch& own) const {
        const int64_t num_units = readable_units(student().hidden_dim);
        for (int64_t unit = 0; unit < num_units; ++unit) own.carried[unit] = 0.0F;
        clear(own.hidden_q8, num_units);
        if constexpr (CellKernel::kLayout.is_linear) {
            clear(own.input_q8, input_bytes(student().cell, student().embedding_dim));
        }
    }

    // Reads the row of a piece into what the next product reads: the row, or that of the piece
    // before and the row.
    void read_input(int32_t piece, int8_t* input_q8) const {
        const int64_t width = student().embedding_dim;
        if constexpr (CellKernel::kLayout.is_linear) {
            const int64_t stride = pair_stride(width);
            copy(input_q8 + stride, stride, input_q8);
            input_q8 += stride;
        }
        read_row(arguments.embedding, piece, width, input_q8);
    }

    // The products of the embedding rows at `num_pieces` pieces, each `stride` after the last.
    void multiply_inputs(const Direction& direction, const DirectionScratch& own,
                         const int32_t* pieces, int64_t stride, int64_t num_pieces) const {
        const int32_t* start = first_sums(direction.input, direction.correction, arguments.scratch);
        int32_t* out = own.input_products;
        for (int64_t i = 0; i < num_pieces; ++i) {
            read_input(pieces[i * stride], own.input_q8);
            multiply(direction.input, own.input_q8, start, out);
            out += padded_rows(direction.input.num_rows);
        }
    }

    void multiply_state(const Step& step) const {
        const Direction& direction = step.direction;
        const int32_t* start = step.input_products;
        if constexpr (!CellKernel::kLayout.adds_products) {
            start =
                first_sums(direction.recurrent, direction.recurrent_correction, arguments.scratch);
        }
        multiply(direction.recurrent, step.scratch.hidden_q8, start, step.scratch.products);
    }

    void keep_state(const DirectionScratch& own, int64_t time, int64_t offset) const {
        const int64_t width = student().hidden_dim;
        copy(own.hidden_q8, width,
             arguments.scratch.states_q8 + time * state_bytes(width) + offset);
    }

    Step step_of(const Direction& direction, const DirectionScratch& own, int64_t step,
                 int64_t step_in_chunk) const {
        const int64_t width = student().hidden_dim;
        const int64_t at = step_in_chunk * padded_rows(CellKernel::kLayout.num_gates * width);
        Step result = {direction, own, own.input_products + at, {}};
        if constexpr (CellKernel::kLayout.is_linear) result.linear = linear_step(own, step, width);
        return result;
    }

    // Both directions at once: while one waits for its activations, the other multiplies.
    void run_step(int64_t step, int64_t step_in_chunk) const {
        const Scratch& scratch = arguments.scratch;
        const int64_t width = student().hidden_dim;
        const Step ahead = step_of(student().forward, scratch.forward, step, step_in_chunk);
        const Step back = step_of(student().backward, scratch.backward, step, step_in_chunk);
        if constexpr (!CellKernel::kLayout.is_linear) {
            multiply_state(ahead);
            multiply_state(back);
        }
        update_units<CellKernel>(ahead, width);
        update_units<CellKernel>(back, width);
        keep_state(scratch.forward, step, 0);
        keep_state(scratch.backward, length - 1 - step, width);
    }

    // Writes the hidden states of all pieces to scratch.states_q8. Returns false if the caller
    // ended it.
    bool run() const {
        const Scratch& scratch = arguments.scratch;
        reset(scratch.forward);
        reset(scratch.backward);
        for (int64_t first = 0; first < length; first += kChunkSteps) {
            const int64_t count = length - first < kChunkSteps ? length - first : kChunkSteps;
            multiply_inputs(student().forward, scratch.forward, piece_ids + first, 1, count);
            multiply_inputs(student().backward, scratch.backward, piece_ids + length - 1 - first,
                            -1, count);
            for (int64_t i = 0; i < count; ++i) run_step(first + i, i);
            if (!goes_on_after(arguments, count)) return false;
        }
        return true;
    }
};

}  // namespace dixtill::DIXTILL_TARGET
