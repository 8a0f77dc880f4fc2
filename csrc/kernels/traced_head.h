// A piece contributes what it added to the states of a linear cell, as far as attention found it
// there; traced_shares in specification/cells.py is the specification, bit for bit.
//
// The shares are sums over the units, of what a step added times how much of it reaches the logit.
// That is computed from step to step, against the direction of reading.
#pragma once

#include "interface.h"
#include "progress.h"

namespace dixtill::DIXTILL_TARGET {

// What each direction of a text reads.
struct Trace {
    const ForwardArguments& arguments;
    const float* attention;
    int64_t length;
    int64_t num_units;  // as many as there are lanes
    float* reached;     // [num_classes, num_units]

    // Goes one step back for one class, from the unit `unit` on: the terms of its share.
    template <typename Lanes>
    static inline typename Lanes::Float go_back(const LinearStep& step, float attention,
                                                const float* weights, float* reached,
                                                int64_t unit) {
        const auto pooled = mul(Lanes::fill(attention), Lanes::load(weights + unit));
        const auto now = add(pooled, Lanes::load(reached + unit));
        store_f32(reached + unit, mul(Lanes::load(step.kept + unit), now));
        return mul(Lanes::load(step.added + unit), now);
    }

    // The share of the piece at `time`, which the direction read in `step`, in class k.
    // `weights` are the head's of that direction.
    inline float share(const LinearStep& step, int64_t time, const float* weights,
                       int64_t k) const {
        float* reached_k = reached + k * num_units;
        weights += k * num_units;
        F32 sum = set_f32(0.0F);
        int64_t unit = 0;
        for (; unit + WideLanes::kCount <= num_units; unit += WideLanes::kCount) {
            sum = add_in_order(sum,
                               go_back<WideLanes>(step, attention[time], weights, reached_k, unit));
        }
        for (; unit < num_units; unit += EightLanes::kCount) {
            sum = add(sum, go_back<EightLanes>(step, attention[time], weights, reached_k, unit));
        }
        return sum_lanes(sum);
    }

    // Adds one direction's shares to those of all pieces; the first direction sets them.
    // Returns false if the caller ended it.
    inline bool add_direction(int64_t direction, float* shares) const {
        const StudentView& student = *arguments.student;
        const DirectionScratch& own = arguments.scratch.directions[direction];
        const float* weights = student.readout.traced[direction];
        const int64_t num_classes = student.num_classes, width = student.hidden_dim;
        // Nothing reaches the logit from after the last step.
        for (int64_t i = 0; i < num_classes * num_units; ++i) reached[i] = 0.0F;
        for (int64_t step = length - 1; step >= 0; --step) {
            const int64_t time = time_of(direction, step, length);
            const LinearStep done = linear_step(own, step, width);
            float* at = shares + time * num_classes;
            for (int64_t k = 0; k < num_classes; ++k) {
                const float found = share(done, time, weights, k);
                at[k] = direction == 0 ? found : at[k] + found;
            }
            if ((step + 1) % kPiecesPerReport == 0 &&
                !goes_on_after(arguments, kPiecesPerReport / 2)) {
                return false;
            }
        }
        return true;
    }
};

struct TracedHead {
    static inline void take(const Readout&, const int32_t*, int64_t, float*) {}

    // Fills the contributions, and adds them to the logits in order of time. Returns false if the
    // caller ended it.
    static inline bool contribute(const ForwardArguments& arguments, const float* attention,
                                  int64_t length, float* contributions, float* logits) {
        const StudentView& student = *arguments.student;
        const int64_t num_classes = student.num_classes;
        const Trace trace = {arguments, attention, length, lane_units(student.hidden_dim),
                             arguments.scratch.reached};
        for (int64_t i = 0; i < student.num_directions; ++i) {
            if (!trace.add_direction(i, contributions)) return false;
        }
        for (int64_t t = 0; t < length; ++t) {
            for (int64_t k = 0; k < num_classes; ++k) {
                *contributions *= student.readout.head_scale[k];
                logits[k] += *contributions++;
            }
        }
        return true;
    }
};

}  // namespace dixtill::DIXTILL_TARGET
