// What a caller passes to a kernel: plain data, the same for every target. student/ and
// attribution/ check it and allocate the working memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cells.h"
#include "outputs.h"

#if defined(__FLT_EVAL_METHOD__) && __FLT_EVAL_METHOD__ != 0 && __FLT_EVAL_METHOD__ != 16
#error "floats must be computed as floats (on 32-bit x86: -msse2 -mfpmath=sse)"
#endif

namespace dixtill {

// The eight lanes are part of the numerical contract (docs/adr/0001), not of a register's width.
constexpr int64_t kNumLanes = 8;
constexpr int64_t kGroupColumns = 4;                         // columns that one dot4 consumes
constexpr int64_t kVectorBytes = kNumLanes * kGroupColumns;  // 8 rows of 4 columns
constexpr int64_t kVectorsPerLine = 2;                       // a cache line, the widest register
constexpr int64_t kLineBytes = kVectorsPerLine * kVectorBytes;

static constexpr int64_t round_up(int64_t value, int64_t multiple) {
    return (value + multiple - 1) / multiple * multiple;
}

// Rows of an int8 matrix as it is packed, zero padded.
static constexpr int64_t padded_rows(int64_t num_rows) {
    return round_up(num_rows, kVectorsPerLine * kNumLanes);
}

// A packed int8 matrix: [num_groups][padded_rows / 8][8 rows][4 columns].
struct Matrix {
    const int8_t* values_q8;
    int64_t num_rows;
    int64_t num_groups;
    // Whether |w| sums to at most kSmallSum over the four columns of each row whose products are
    // added in one int16: 8n + (0, 1, 4, 5) and 8n + (2, 3, 6, 7). The quantizer ensures it.
    bool has_small_sums;
};

// 255 * 128 = 32640 fits in int16.
constexpr int64_t kSmallSum = 128;

// How many units have their gates side by side: as many as the widest register has lanes.
constexpr int64_t kBlockUnits = 16;

// Rows from one gate to the next within a block of units; fewer in the last block.
static constexpr int64_t gate_stride(int64_t hidden_dim, int64_t first_unit) {
    return hidden_dim - first_unit < kBlockUnits ? hidden_dim - first_unit : kBlockUnits;
}

// How many rows may be read: lanes past the last unit read beyond the last row.
static constexpr int64_t readable_rows(int64_t num_rows) {
    return padded_rows(num_rows) + kBlockUnits;
}

// The same where each unit has one value.
static constexpr int64_t readable_units(int64_t hidden_dim) {
    return round_up(hidden_dim, kBlockUnits);
}

// The same where registers do not go beyond the last one: as many as sums over units have lanes.
static constexpr int64_t lane_units(int64_t hidden_dim) {
    return round_up(hidden_dim, kNumLanes);
}

// Bytes from one row to the next where two neighboring rows are multiplied at once: a multiple of
// the columns whose products may be added in int16, so that those are of one row.
static constexpr int64_t pair_stride(int64_t embedding_dim) {
    return round_up(embedding_dim, 2 * kGroupColumns);
}

// A student reads forward, or in both directions: direction 0 from the first piece of a text on,
// direction 1 from the last one.
constexpr int64_t kMaxDirections = 2;

// Which piece of a text a direction reads in a step.
static constexpr int64_t time_of(int64_t direction, int64_t step, int64_t length) {
    return direction == 0 ? step : length - 1 - step;
}

// The cell's parameters in one direction. Rows are [blocks of units][gates][units] without padding,
// so that a register of products is one that was stored whole. The scales and biases of gates with
// a sigmoid are halved, since sigmoid(z) = (1 + tanh(z / 2)) / 2.
struct Direction {
    Matrix input;      // if the cell is_linear, pair_stride columns for the piece before, then more
    Matrix recurrent;  // without rows if the cell is_linear
    // -128 times the row's sum over `input`, and over `recurrent` too if the cell adds_products.
    const int32_t* correction;            // [padded_rows]
    const int32_t* recurrent_correction;  // [padded_rows], unless the cell adds_products
    const float* scale;                   // [readable_rows], zero padded
    const float* bias;                    // [readable_rows], zero padded
    const float* other_bias;              // [readable_units] if there are more biases than gates
};

// Attention and head share one matrix: attention rows, padded to eight, then the head's rows. A
// linear cell's contributions are traced instead, with the head's parameters as floats.
struct Readout {
    Matrix matrix;
    const int32_t* correction;      // [padded_rows]: -128 times the row's sum
    const float* attention_scale;   // [round_up(attention_dim, 8)], zero padded
    const float* attention_vector;  // [round_up(attention_dim, 8)], zero padded
    const float* null_score;        // [1]
    const float* head_scale;        // [num_classes]; if the cell is_linear, 127 times as much
    const float* head_bias;         // [num_classes]
    // [traced_values] each, zero padded: the head of each direction's states.
    const float* traced[kMaxDirections];
};

struct StudentView {
    Cell cell;
    int64_t embedding_dim;
    int64_t hidden_dim;
    int64_t attention_dim;
    int64_t num_classes;
    int64_t num_directions;
    Output output;
    Direction directions[kMaxDirections];
    Readout readout;
};

// Steps whose input products are computed ahead: few enough to stay in the first cache.
constexpr int64_t kChunkSteps = 16;

// The products of one piece's row, or if the cell is_linear those of two neighbors, which are
// added.
struct InputProducts {
    const int32_t* own;     // [padded_rows], and kBlockUnits that may be read
    const int32_t* before;  // the same; of the piece before, if the cell is_linear
};

// What is remembered of a piece: for each direction its own products, and if the cell is_linear
// those as the piece before. So many are values apart:
static constexpr int64_t remembered_stride(int64_t num_rows) {
    return padded_rows(num_rows) + kBlockUnits;
}

static constexpr int64_t remembered_of_direction(Cell cell, int64_t num_rows) {
    return (layout_of(cell).is_linear ? 2 : 1) * remembered_stride(num_rows);
}

static constexpr int64_t remembered_values(const StudentView& student) {
    return student.num_directions *
           remembered_of_direction(student.cell, student.directions[0].input.num_rows);
}

// What one direction keeps while it runs.
struct DirectionScratch {
    int8_t* input_q8;         // [input_bytes]: an embedding row, or if is_linear two neighbors
    int32_t* input_products;  // [kChunkSteps][padded_rows], and kBlockUnits that may be read
    InputProducts* inputs;    // [kChunkSteps]: of each step, computed above or remembered
    int32_t* products;        // [readable_rows]
    int8_t* hidden_q8;        // [readable_units]
    float* carried;           // [readable_units]: an LSTM's cells, otherwise the states
    float* linear_steps;      // [longest text, 2, lane_units] in order of reading, if is_linear
};

// What a step of a linear cell does: state = kept * state + added.
struct LinearStep {
    float* kept;   // [lane_units]
    float* added;  // [lane_units]
};

static inline LinearStep linear_step(const DirectionScratch& scratch, int64_t step,
                                     int64_t hidden_dim) {
    const int64_t width = lane_units(hidden_dim);
    float* kept = scratch.linear_steps + step * 2 * width;
    return {kept, kept + width};
}

// Memory for one text at a time, zeroed by the caller before the first one. Buffers of int8 are
// aligned to four bytes.
struct Scratch {
    DirectionScratch directions[kMaxDirections];
    int8_t* states_q8;          // [longest text][state_bytes]: one direction's after the other's
    int32_t* readout_products;  // [padded_rows of the readout]
    const int32_t* zeros;       // [padded_rows] of the tallest matrix, and kBlockUnits
    float* reached;             // [traced_values]
};

static constexpr int64_t input_bytes(Cell cell, int64_t embedding_dim) {
    return layout_of(cell).is_linear ? 2 * pair_stride(embedding_dim)
                                     : round_up(embedding_dim, kGroupColumns);
}

static constexpr int64_t state_bytes(const StudentView& student) {
    return round_up(student.num_directions * student.hidden_dim, kGroupColumns);
}

// [num_classes, lane_units] if the contributions are traced, otherwise none.
static constexpr int64_t traced_values(Cell cell, int64_t num_classes, int64_t hidden_dim) {
    return layout_of(cell).is_linear ? num_classes * lane_units(hidden_dim) : 0;
}

// Rows of int8 values, 8 bits each or 4. With 4, a value is a multiple of 16, of which the upper
// half is kept: byte i has column i in its low half, and column (embedding_dim + 1) / 2 + i in its
// high one, so that both halves of a row are read without shuffling.
struct Embedding {
    const uint8_t* rows;  // [num_pieces, row_bytes]
    int64_t num_pieces;
    int64_t row_bytes;
    int64_t bits;
};

static constexpr int64_t embedding_row_bytes(int64_t embedding_dim, int64_t bits) {
    return bits == 4 ? (embedding_dim + 1) / 2 : embedding_dim;
}

// A kernel reports its progress to its caller, who may end it.
struct Progress {
    // Called after `num_pieces` more pieces; returns false to end the kernel.
    bool (*goes_on_after)(void* owner, int64_t num_pieces) = nullptr;
    void* owner = nullptr;
};

// A ragged batch: text b owns the pieces offsets[b] to offsets[b + 1].
struct ForwardArguments {
    const StudentView* student;
    Embedding embedding;
    const int32_t* piece_ids;  // [P]
    const int64_t* offsets;    // [num_texts + 1]
    int64_t num_texts;
    // [P], each nullptr or what is remembered of the piece; nullptr if nothing is remembered.
    const int32_t* const* remembered;
    float* logits;         // [num_texts, num_classes]
    float* probabilities;  // [num_texts, num_classes]; of a number, the logit itself
    float* scores;         // [P]
    float* attention;      // [P]
    float* contributions;  // [P, num_classes]
    Scratch scratch;
    Progress progress;
};

// The products of one piece, to be remembered.
struct RememberArguments {
    const StudentView* student;
    Embedding embedding;
    int32_t piece;
    Scratch scratch;
    int32_t* products;  // [remembered_values]
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

// Consecutive tokens of all texts, counted from the first token of the first text.
struct TokenBlock {
    int64_t begin, end;
    float* sums;  // [end - begin], working memory
};

// The kernels of one target.
struct Kernels {
    bool (*forward)(const ForwardArguments&);  // returns false if the caller ended it
    void (*remember)(const RememberArguments&);
    void (*ig_accumulate)(const IgArguments&, const TokenBlock&);  // adds to the attributions
};

}  // namespace dixtill
