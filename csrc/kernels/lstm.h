// The student's forward pass over a ragged batch: int8 LSTM in both directions, then attention.
// specification/reference.py is its specification, bit for bit.
#pragma once

#include "activations.h"
#include "attention_pool.h"
#include "interface.h"
#include "matrix.h"

namespace dixtill::DIXTILL_TARGET {

// tanh of z = products * scale + bias, for one row of each of the lanes.
template <typename Lanes>
static inline Ratio<Lanes> gate(const Direction& lstm, const int32_t* products, int64_t row) {
    const auto product = mul(Lanes::load(products + row), Lanes::load(lstm.scale + row));
    return tanh_ratio<Lanes>(add(product, Lanes::load(lstm.bias + row)));
}

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

// Gates to cells to hidden states of the units from `unit` on. `row` is that of their input gate,
// and the other gates' are `stride` apart.
template <typename Lanes>
static inline void update_units(const Direction& lstm, const DirectionScratch& scratch,
                                int64_t unit, int64_t row, int64_t stride) {
    const Ratio<Lanes> input = gate<Lanes>(lstm, scratch.products, row);
    const Ratio<Lanes> forget = gate<Lanes>(lstm, scratch.products, row + stride);
    const Ratio<Lanes> candidate = gate<Lanes>(lstm, scratch.products, row + 2 * stride);
    const Ratio<Lanes> output = gate<Lanes>(lstm, scratch.products, row + 3 * stride);
    const auto cell = next_cell(input, forget, candidate, Lanes::load(scratch.cells + unit));
    store_f32(scratch.cells + unit, cell);
    store_activation(scratch.hidden_q8 + unit, scaled_hidden(output, cell));
}

// Lanes past the last unit read rows of other gates: bounded numbers, which meet only zero
// parameters.
static inline void update_cells(const Direction& lstm, int64_t hidden_dim,
                                const DirectionScratch& scratch) {
    for (int64_t first = 0; first < hidden_dim; first += kBlockUnits) {
        const int64_t row = 4 * first, stride = gate_stride(hidden_dim, first);
        if (stride <= EightLanes::kCount) {
            update_units<EightLanes>(lstm, scratch, first, row, stride);
            continue;
        }
        for (int64_t lane = 0; lane < stride; lane += WideLanes::kCount) {
            update_units<WideLanes>(lstm, scratch, first + lane, row + lane, stride);
        }
    }
}

static inline void copy(const int8_t* from, int64_t count, int8_t* to) {
    for (int64_t i = 0; i < count; ++i) to[i] = from[i];
}

// Reads an embedding row as int8 values, as the target's dot4 expects them.
static inline void read_row(const Embedding& embedding, int32_t piece, int64_t width, int8_t* to) {
    const uint8_t* row = embedding.rows + piece * embedding.row_bytes;
    if (embedding.bits == 8) {
        for (int64_t i = 0; i < width; ++i) to[i] = static_cast<int8_t>(row[i] ^ kActivationOffset);
        return;
    }
    const int64_t num_low = embedding.row_bytes;
    for (int64_t i = 0; i < num_low; ++i) {
        to[i] = static_cast<int8_t>((row[i] << 4) ^ kActivationOffset);
    }
    for (int64_t i = 0; i < width - num_low; ++i) {
        to[num_low + i] = static_cast<int8_t>((row[i] & 0xF0) ^ kActivationOffset);
    }
}

static inline void reset(const DirectionScratch& scratch, int64_t hidden_dim) {
    for (int64_t unit = 0; unit < round_up(hidden_dim, kBlockUnits); ++unit) {
        scratch.cells[unit] = 0.0F;
        scratch.hidden_q8[unit] = static_cast<int8_t>(kActivationOffset);
    }
}

// Takes one text through the LSTM. `step` counts from either end.
struct Sequence {
    const ForwardArguments& arguments;
    const int32_t* piece_ids;
    int64_t length;

    const StudentView& student() const { return *arguments.student; }

    // The products of the embedding rows at `num_pieces` pieces, each `stride` after the last.
    void multiply_inputs(const Direction& lstm, const DirectionScratch& own, const int32_t* pieces,
                         int64_t stride, int64_t num_pieces) const {
        const Scratch& scratch = arguments.scratch;
        const int64_t width = student().embedding_dim;
        const int32_t* start = first_sums(lstm.input, lstm.correction, scratch);
        int32_t* out = own.input_products;
        for (int64_t i = 0; i < num_pieces; ++i) {
            read_row(arguments.embedding, pieces[i * stride], width, scratch.input_q8);
            multiply(lstm.input, scratch.input_q8, start, out);
            out += padded_rows(lstm.input.num_rows);
        }
    }

    void keep_state(const DirectionScratch& own, int64_t time, int64_t offset) const {
        const int64_t width = student().hidden_dim;
        copy(own.hidden_q8, width,
             arguments.scratch.states_q8 + time * state_bytes(width) + offset);
    }

    // Both directions at once: while one waits for its activations, the other multiplies.
    void run_step(int64_t step, int64_t step_in_chunk) const {
        const DirectionScratch& ahead = arguments.scratch.forward;
        const DirectionScratch& back = arguments.scratch.backward;
        const Direction& forward = student().forward;
        const Direction& backward = student().backward;
        const int64_t width = student().hidden_dim;
        const int64_t at = step_in_chunk * padded_rows(4 * width);
        multiply(forward.recurrent, ahead.hidden_q8, ahead.input_products + at, ahead.products);
        multiply(backward.recurrent, back.hidden_q8, back.input_products + at, back.products);
        update_cells(forward, width, ahead);
        update_cells(backward, width, back);
        keep_state(ahead, step, 0);
        keep_state(back, length - 1 - step, width);
    }

    // Writes the hidden states of all pieces to scratch.states_q8. Returns false if the caller
    // ended it.
    bool run() const {
        const Scratch& scratch = arguments.scratch;
        reset(scratch.forward, student().hidden_dim);
        reset(scratch.backward, student().hidden_dim);
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

static bool bilstm_forward(const ForwardArguments& arguments) {
    for (int64_t b = 0; b < arguments.num_texts; ++b) {
        const int64_t start = arguments.offsets[b];
        const Sequence text = {arguments, arguments.piece_ids + start,
                               arguments.offsets[b + 1] - start};
        if (!text.run() || !attend(arguments, b)) return false;
    }
    return true;
}

}  // namespace dixtill::DIXTILL_TARGET
