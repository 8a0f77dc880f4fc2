// From what words contribute to their integrated gradients over gates in the attention.
// specification/reference.py is the specification, to the last bit, and docs/adr/0016 the
// derivation.
#pragma once

#include <vector>

namespace dixtill {

// `weights` [words] comes as contributions. `attention` [words] is each word's share of it; what
// they lack of 1 is the null score's.
void gate_weights(const std::vector<double>& attention, std::vector<double>& weights);

}  // namespace dixtill
