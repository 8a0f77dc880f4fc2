// What an answer and its check read from the logits of a text, or from the share of a piece in
// them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "../kernels/outputs.h"

namespace dixtill {

// Returns the index of the first of the largest values.
inline size_t largest(const std::vector<float>& values) {
    return static_cast<size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

// Returns what the values of all classes have in common, so that a label's margin is its value less
// this: their mean if the labels exclude each other, otherwise nothing.
inline double common_part(Output output, const float* values, size_t count) {
    if (output != Output::softmax) return 0.0;
    double sum = 0.0;
    for (size_t k = 0; k < count; ++k) sum += static_cast<double>(values[k]);
    return sum / static_cast<double>(count);
}

inline double margin(Output output, const std::vector<float>& logits, size_t label) {
    return static_cast<double>(logits[label]) - common_part(output, logits.data(), logits.size());
}

}  // namespace dixtill
