// The label that a check is about, and what the student's answer to a text says of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "logits.h"

namespace dixtill {

// What to check of an answer.
struct CheckOptions {
    static constexpr int64_t top_label = -1;

    int64_t label = top_label;       // an index
    std::vector<double> thresholds;  // [num_classes], of the probabilities if they are of sigmoid
};

struct LabelState {
    double margin;
    bool is_answer;  // whether the text has the label
};

class CheckedLabel {
  public:
    // Throws std::invalid_argument if there is no such label, or not one threshold for each.
    CheckedLabel(Output output, const CheckOptions& options, const std::vector<float>& logits)
        : output_(output), index_(largest(logits)) {
        if (options.label != CheckOptions::top_label) {
            if (options.label < 0 || static_cast<size_t>(options.label) >= logits.size()) {
                throw std::invalid_argument("there is no label of this index to check");
            }
            index_ = static_cast<size_t>(options.label);
        }
        if (output != Output::sigmoid) return;
        if (options.thresholds.size() != logits.size()) {
            throw std::invalid_argument("there is not one threshold for each label");
        }
        threshold_ = options.thresholds[index_];
    }

    size_t index() const { return index_; }

    // A text always has its number.
    bool can_change() const { return output_ != Output::number; }

    LabelState state(const std::vector<float>& logits,
                     const std::vector<float>& probabilities) const {
        const bool is_over = static_cast<double>(probabilities[index_]) >= threshold_;
        const bool is_answer = output_ == Output::sigmoid ? is_over : largest(logits) == index_;
        return {margin(output_, logits, index_), is_answer};
    }

  private:
    Output output_;
    size_t index_;
    double threshold_ = 0.0;
};

}  // namespace dixtill
