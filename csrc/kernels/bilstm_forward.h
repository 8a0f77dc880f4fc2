// The student's forward pass over a ragged batch: int8 LSTM in both directions, then attention.
// runtime/reference.py is its specification, bit for bit.
#pragma once

#include "activations.h"
#include "attention_pool.h"
#include "interface.h"
#include "matrix.h"

namespace dixtill::DIXTILL_TARGET {

// z = products * scale + bias, for eight units of one gate.
static inline F32 gate_input(const Direction& lstm, const int32_t* products, int64_t at) {
    const F32 product = mul(load_i32_as_f32(products + at), load_f32(lstm.scale + at));
    return add(product, load_f32(lstm.bias + at));
}

// Gates to cells to hidden states, which are written as int8, rounded up to eight units. The
// padded units have zero weights, scales and biases, so their state is always zero. tanh and
// sigmoid stay within 1, so 127 * hidden needs no clamping.
static inline void update_cells(const Direction& lstm, const int32_t* products, float* cells,
                                int8_t* hidden_q8) {
    for (int64_t panel = 0; panel < lstm.matrix.num_panels; ++panel) {
        const int64_t at = panel * kPanelRows;
        const F32 input = sigmoid(gate_input(lstm, products, at));
        const F32 forget = sigmoid(gate_input(lstm, products, at + kNumLanes));
        const F32 candidate = tanh(gate_input(lstm, products, at + 2 * kNumLanes));
        const F32 output = sigmoid(gate_input(lstm, products, at + 3 * kNumLanes));
        const F32 previous = load_f32(cells + panel * kNumLanes);
        const F32 cell = add(mul(forget, previous), mul(input, candidate));
        store_f32(cells + panel * kNumLanes, cell);
        const F32 hidden = mul(output, tanh(cell));
        store_rounded_q8(hidden_q8 + panel * kNumLanes, mul(hidden, set_f32(127.0F)));
    }
}

static inline void copy(const int8_t* from, int64_t count, int8_t* to) {
    for (int64_t i = 0; i < count; ++i) to[i] = from[i];
}

static inline void reset(const StudentView& student, const Scratch& scratch) {
    const int64_t num_inputs = input_bytes(student.embedding_dim, student.hidden_dim);
    for (int64_t i = 0; i < num_inputs; ++i) scratch.inputs_q8[i] = 0;
    for (int64_t i = 0; i < round_up(student.hidden_dim, kNumLanes); ++i) scratch.cells[i] = 0.0F;
}

// Writes the hidden states of one direction to their half of scratch.states_q8. A step has two
// phases, products then activations: faster than interleaving them.
static inline void run_direction(const ForwardArguments& arguments, const int32_t* piece_ids,
                                 int64_t length, bool is_backward) {
    const StudentView& student = *arguments.student;
    const Scratch& scratch = arguments.scratch;
    const Direction& lstm = is_backward ? student.backward : student.forward;
    int8_t* hidden = scratch.inputs_q8 + student.embedding_dim;
    reset(student, scratch);
    for (int64_t step = 0; step < length; ++step) {
        const int64_t t = is_backward ? length - 1 - step : step;
        const int8_t* row = arguments.embedding_q8 + piece_ids[t] * student.embedding_dim;
        copy(row, student.embedding_dim, scratch.inputs_q8);
        multiply(lstm.matrix, scratch.inputs_q8, scratch.products);
        update_cells(lstm, scratch.products, scratch.cells, hidden);
        int8_t* state = scratch.states_q8 + t * state_bytes(student.hidden_dim);
        copy(hidden, student.hidden_dim, state + (is_backward ? student.hidden_dim : 0));
    }
}

static void bilstm_forward(const ForwardArguments& arguments) {
    for (int64_t b = 0; b < arguments.num_texts; ++b) {
        const int32_t* piece_ids = arguments.piece_ids + arguments.offsets[b];
        const int64_t length = arguments.offsets[b + 1] - arguments.offsets[b];
        run_direction(arguments, piece_ids, length, false);
        run_direction(arguments, piece_ids, length, true);
        attend(arguments, b);
    }
}

}  // namespace dixtill::DIXTILL_TARGET
