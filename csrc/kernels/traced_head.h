// A piece contributes what it added to the states of a linear cell, as far as attention found it
// there; traced_shares in specification/cells.py is the specification, bit for bit.
//
// The shares are sums over the units, of what a step added times how much of it reaches the logit.
// That is computed from step to step, against the direction of reading.
#pragma once

#include "interface.h"
#include "progress.h"

namespace dixtill::DIXTILL_TARGET {

// What both directions of a text read.
struct Trace {
    const ForwardArguments& arguments;
    const float* attention;
    int64_t length;

    int64_t num_units() const { return lane_units(arguments.student->hidden_dim); }

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
        const int64_t count = num_units();
        float* reached = arguments.scratch.reached + k * count;
        weights += k * count;
        F32 sum = set_f32(0.0F);
        int64_t unit = 0;
        for (; unit + WideLanes::kCount <= count; unit += WideLanes::kCount) {
            sum = add_in_order(sum,
                               go_back<WideLanes>(step, attention[time], weights, reached, unit));
        }
        for (; unit < count; unit += EightLanes::kCount) {
            sum = add(sum, go_back<EightLanes>(step, attention[time], weights, reached, unit));
        }
        return sum_lanes(sum);
    }

    // Nothing reaches the logit from after the last step.
    void start() const {
        const int64_t count = arguments.student->num_classes * num_units();
        for (int64_t i = 0; i < count; ++i) arguments.scratch.reached[i] = 0.0F;
    }

    // Returns false when the caller wants to end the kernel.
    bool goes_on_after_step(int64_t step) const {
        return (step + 1) % kPiecesPerReport != 0 || goes_on_after(arguments, kPiecesPerReport / 2);
    }
};

struct TracedHead {
    static inline void take(const Readout&, const int32_t*, int64_t, float*) {}

    // Fills the contributions, and adds them to the logits in order of time, which is the order in
    // which the backward direction is traced. Returns false if the caller ended it.
    static inline bool contribute(const ForwardArguments& arguments, const float* attention,
                                  int64_t length, float* contributions, float* logits) {
        const StudentView& student = *arguments.student;
        const Readout& readout = student.readout;
        const int64_t num_classes = student.num_classes, width = student.hidden_dim;
        const Trace trace = {arguments, attention, length};
        trace.start();
        for (int64_t t = length - 1; t >= 0; --t) {
            const LinearStep step = linear_step(arguments.scratch.forward, t, width);
            for (int64_t k = 0; k < num_classes; ++k) {
                contributions[t * num_classes + k] = trace.share(step, t, readout.traced_ahead, k);
            }
            if (!trace.goes_on_after_step(t)) return false;
        }
        trace.start();
        for (int64_t t = 0; t < length; ++t) {
            const LinearStep step = linear_step(arguments.scratch.backward, length - 1 - t, width);
            for (int64_t k = 0; k < num_classes; ++k) {
                const float back = trace.share(step, t, readout.traced_back, k);
                *contributions = (*contributions + back) * readout.head_scale[k];
                logits[k] += *contributions++;
            }
            if (!trace.goes_on_after_step(t)) return false;
        }
        return true;
    }
};

}  // namespace dixtill::DIXTILL_TARGET
