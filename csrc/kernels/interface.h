// What a caller hands to a kernel: plain data, the same for every target. Checking it, and
// allocating the scratch memory, is the work of api/.
#pragma once

#include <cstddef>
#include <cstdint>

namespace dixtill {

// The eight lanes are part of the numerical contract (docs/adr/0001), not of a register's width.
constexpr int64_t kNumLanes = 8;
constexpr int64_t kGroupColumns = 4;                         // columns that one dot4 consumes
constexpr int64_t kPanelVectors = 4;                         // an LSTM's gates; accumulators in use
constexpr int64_t kPanelRows = kPanelVectors * kNumLanes;    // 32
constexpr int64_t kVectorBytes = kNumLanes * kGroupColumns;  // 32

static constexpr int64_t round_up(int64_t value, int64_t multiple) {
    return (value + multiple - 1) / multiple * multiple;
}

// A packed int8 matrix: [num_panels][num_groups][4 vectors][8 rows][4 columns].
struct Matrix {
    const int8_t* weights_q8;
    int64_t num_panels;
    int64_t num_groups;
};

// One direction of the LSTM. A panel holds the four gates i, f, g, o of eight units.
struct Direction {
    Matrix matrix;       // columns: embedding, then hidden state
    const float* scale;  // [num_panels][4 gates][8 units]
    const float* bias;   // [num_panels][4 gates][8 units]
};

// Attention and head share one matrix: attention rows, padded to eight, then the head's rows.
struct Readout {
    Matrix matrix;
    const float* attention_scale;   // [round_up(attention_dim, 8)], zero padded
    const float* attention_vector;  // [round_up(attention_dim, 8)], zero padded
    const float* head_scale;        // [num_classes]
    const float* head_bias;         // [num_classes]
};

struct StudentView {
    int64_t embedding_dim;
    int64_t hidden_dim;
    int64_t attention_dim;
    int64_t num_classes;
    Direction forward;
    Direction backward;
    Readout readout;
};

// Memory for one text at a time, zeroed by the caller before the first one. Buffers of int8 are
// aligned to four bytes.
struct Scratch {
    int8_t* inputs_q8;  // [input_bytes]: one step's embedding row, then the hidden state
    int8_t* states_q8;  // [longest text][state_bytes]: forward, then backward hidden state
    int32_t* products;  // [num_products]
    float* cells;       // [round_up(hidden_dim, 8)]
};

static constexpr int64_t input_bytes(int64_t embedding_dim, int64_t hidden_dim) {
    return round_up(embedding_dim + round_up(hidden_dim, kNumLanes), kGroupColumns);
}

static constexpr int64_t state_bytes(int64_t hidden_dim) {
    return round_up(2 * hidden_dim, kGroupColumns);
}

// A ragged batch: text b owns the pieces offsets[b] to offsets[b + 1].
struct ForwardArguments {
    const StudentView* student;
    const int8_t* embedding_q8;  // [num_pieces, embedding_dim]
    const int32_t* piece_ids;    // [P]
    const int64_t* offsets;      // [num_texts + 1]
    int64_t num_texts;
    float* logits;         // [num_texts, num_classes]
    float* probabilities;  // [num_texts, num_classes]
    float* scores;         // [P]
    float* attention;      // [P]
    float* contributions;  // [P, num_classes]
    Scratch scratch;
};

struct IgArguments {
    const float* gradients;     // [num_steps, num_texts, num_tokens, width]
    const float* step_weights;  // [num_steps]
    const float* delta;         // [num_texts, num_tokens, width]
    const int32_t* word_index;  // [num_texts, num_tokens], -1 on padding
    int64_t num_steps;
    int64_t num_texts;
    int64_t num_tokens;
    int64_t width;
    int64_t num_words;
    float* attributions;  // [num_texts, num_words]
};

// What a target offers.
struct Kernels {
    void (*bilstm_forward)(const ForwardArguments&);
    void (*ig_accumulate)(const IgArguments&);
};

}  // namespace dixtill
