// A piece contributes what its state says, times its attention.
#pragma once

#include "interface.h"

namespace dixtill::DIXTILL_TARGET {

struct PooledHead {
    // What a piece would give to each class if it had all the attention. `products` are those of
    // the head with its state.
    static inline void take(const Readout& readout, const int32_t* products, int64_t num_classes,
                            float* shares) {
        for (int64_t k = 0; k < num_classes; ++k) {
            shares[k] = static_cast<float>(products[k]) * readout.head_scale[k];
        }
    }

    // contributions *= attention; logits += the contributions, in order of time.
    static inline bool contribute(const ForwardArguments& arguments, const float* attention,
                                  int64_t length, float* contributions, float* logits) {
        const int64_t num_classes = arguments.student->num_classes;
        for (int64_t t = 0; t < length; ++t) {
            for (int64_t k = 0; k < num_classes; ++k) {
                contributions[k] *= attention[t];
                logits[k] += contributions[k];
            }
            contributions += num_classes;
        }
        return true;
    }
};

}  // namespace dixtill::DIXTILL_TARGET
