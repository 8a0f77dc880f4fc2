// Turns the contributions of words into their integrated gradients over gates in the attention.
// specification/reference.py specifies it to the last bit, and docs/adr/0016 derives it.
#pragma once

#include <vector>

namespace dixtill {

// `weights` [labels, words] holds contributions, and is overwritten. `attention` [words] holds each
// word's share; the rest up to 1 belongs to the null score.
void gate_weights(const std::vector<double>& attention, std::vector<double>& weights);

}  // namespace dixtill
