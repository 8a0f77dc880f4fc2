// How an explanation holds: the student's answers to a text without some of its words.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "../text/words.h"

namespace dixtill {

struct Check {
    std::vector<double> effects;  // [words], what the margin loses when the word's pieces go
    std::vector<int32_t> flip;    // words, ascending, without which the label is another one
    bool has_flip = false;
    bool is_smallest = false;  // every set smaller than the flip's, or every set, was tried
};

// The student's logits for pieces. Valid until the next call.
using LogitsOf = std::function<const std::vector<float>&(const std::vector<int32_t>& piece_ids)>;

// The margin of class `label`: its logit above the mean of all.
double margin(const std::vector<float>& logits, size_t label);

// Leaves out each word alone. Then removes words greedily, that with the largest effect each time,
// until the label changes; and looks for smaller sets that change it, all of one size after all of
// the size below, words of large effect first, as long as a fixed number of passes allows. With the
// same logits, the same result everywhere.
Check check_words(const TokenizedText& text, const std::vector<float>& logits,
                  const LogitsOf& logits_of);

}  // namespace dixtill
