// What an answer and its check read from the logits of a text, or from the share of a piece in
// them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

namespace dixtill {

// Returns the index of the first of the largest values.
inline size_t largest(const std::vector<float>& values) {
    return static_cast<size_t>(std::max_element(values.begin(), values.end()) - values.begin());
}

// Returns the margin of class `label`: its value minus the mean of all `count` values.
inline double margin(const float* values, size_t count, size_t label) {
    double sum = 0.0;
    for (size_t k = 0; k < count; ++k) sum += static_cast<double>(values[k]);
    return static_cast<double>(values[label]) - sum / static_cast<double>(count);
}

}  // namespace dixtill
