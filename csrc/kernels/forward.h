// The student's forward pass over a ragged batch: its cell in each direction, then attention.
// specification/reference.py is its specification, bit for bit.
#pragma once

#include "gru.h"
#include "interface.h"
#include "linear.h"
#include "lstm.h"
#include "pooled_head.h"
#include "readout.h"
#include "recurrence.h"
#include "traced_head.h"

namespace dixtill::DIXTILL_TARGET {

template <typename CellKernel, typename Head>
static bool answer_texts(const ForwardArguments& arguments) {
    for (int64_t b = 0; b < arguments.num_texts; ++b) {
        const int64_t start = arguments.offsets[b];
        const Recurrence<CellKernel> text = {arguments, start, arguments.offsets[b + 1] - start};
        if (!text.run() || !read_out<Head>(arguments, b)) return false;
    }
    return true;
}

static bool forward(const ForwardArguments& arguments) {
    switch (arguments.student->cell) {
        case Cell::lstm:
            return answer_texts<Lstm, PooledHead>(arguments);
        case Cell::gru:
            return answer_texts<Gru, PooledHead>(arguments);
        case Cell::linear:
            return answer_texts<Linear, TracedHead>(arguments);
    }
    return false;  // there is no other cell
}

}  // namespace dixtill::DIXTILL_TARGET
