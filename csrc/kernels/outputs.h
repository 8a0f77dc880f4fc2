// The kinds of output that a student may have: what its logits mean, and how they become an answer.
// specification/reference.py specifies the answers to the last bit.
#pragma once

#include <cstdint>

namespace dixtill {

// One label of several, any number of labels, or a number. The values are in packed parameters.
enum class Output : int64_t { softmax, sigmoid, number };

// Their names in model files, in the order of Output.
static constexpr const char* kOutputNames[] = {"softmax", "sigmoid", "number"};
constexpr int64_t kNumOutputs = sizeof kOutputNames / sizeof kOutputNames[0];

}  // namespace dixtill
