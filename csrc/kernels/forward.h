// The student's forward pass over a ragged batch: its cell in both directions, then attention.
// specification/reference.py is its specification, bit for bit.
#pragma once

#include "attention_pool.h"
#include "gru.h"
#include "interface.h"
#include "lstm.h"
#include "recurrence.h"

namespace dixtill::DIXTILL_TARGET {

template <typename CellKernel>
static bool answer_texts(const ForwardArguments& arguments) {
    for (int64_t b = 0; b < arguments.num_texts; ++b) {
        const int64_t start = arguments.offsets[b];
        const Recurrence<CellKernel> text = {arguments, arguments.piece_ids + start,
                                             arguments.offsets[b + 1] - start};
        if (!text.run() || !attend(arguments, b)) return false;
    }
    return true;
}

static bool forward(const ForwardArguments& arguments) {
    switch (arguments.student->cell) {
        case Cell::lstm:
            return answer_texts<Lstm>(arguments);
        case Cell::gru:
            return answer_texts<Gru>(arguments);
    }
    return false;  // there is no other cell
}

}  // namespace dixtill::DIXTILL_TARGET
