// What the input matrix of one direction makes of a piece's embedding row, and of the row of the
// piece before it if the cell is_linear. Products of frequent pieces may be remembered.
#pragma once

#include "embedding_rows.h"
#include "interface.h"
#include "matrix.h"

namespace dixtill::DIXTILL_TARGET {

constexpr int32_t kNoPiece = -1;

static inline void clear(int8_t* activations, int64_t count) {
    for (int64_t i = 0; i < count; ++i) activations[i] = static_cast<int8_t>(kActivationOffset);
}

// Multiplies the rows of a piece and, if the cell is_linear, of the one before. A row of kNoPiece
// is zero.
static inline void multiply_rows_of(const StudentView& student, const Direction& direction,
                                    const Embedding& embedding, const Scratch& scratch,
                                    int32_t piece, int32_t before, int8_t* input_q8,
                                    int32_t* products) {
    const int64_t width = student.embedding_dim;
    const int64_t num_bytes = input_bytes(student.cell, width);
    const int64_t own = layout_of(student.cell).is_linear ? pair_stride(width) : 0;
    if (before == kNoPiece || piece == kNoPiece) clear(input_q8, num_bytes);
    if (piece != kNoPiece) read_row(embedding, piece, width, input_q8 + own);
    if (own != 0 && before != kNoPiece) read_row(embedding, before, width, input_q8);
    multiply(direction.input, input_q8, first_sums(direction.input, direction.correction, scratch),
             products);
}

static inline void remember(const RememberArguments& arguments) {
    const StudentView& student = *arguments.student;
    const int64_t stride = remembered_stride(student.directions[0].input.num_rows);
    int32_t* out = arguments.products;
    const auto add_row = [&](const Direction& direction, int32_t piece, int32_t before) {
        multiply_rows_of(student, direction, arguments.embedding, arguments.scratch, piece, before,
                         arguments.scratch.directions[0].input_q8, out);
        out += stride;
    };
    for (int64_t i = 0; i < student.num_directions; ++i) {
        const Direction& direction = student.directions[i];
        add_row(direction, arguments.piece, kNoPiece);
        if (layout_of(student.cell).is_linear) add_row(direction, kNoPiece, arguments.piece);
    }
}

}  // namespace dixtill::DIXTILL_TARGET
