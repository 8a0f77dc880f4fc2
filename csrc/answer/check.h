// Tests an explanation: the student's answers to a text without some of its words.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "../text/words.h"

namespace dixtill {

struct Check {
    std::vector<double> effects;  // [words], what the margin loses without the word's pieces
    std::vector<int32_t> flip;    // words, ascending, without which the label changes
    bool has_flip = false;
    bool is_smallest = false;  // all sets smaller than the flip, or all sets, were tried
};

// Returns the student's logits for pieces. They are valid until the next call.
using LogitsOf = std::function<const std::vector<float>&(const std::vector<int32_t>& piece_ids)>;

// Leaves out each word alone. Then removes words greedily, each time the one with the largest
// effect, until the label changes. Then looks for a smaller set that changes it: size by size,
// words of large effect first, until a fixed number of passes is used up. The same logits give the
// same result everywhere.
Check check_words(const TokenizedText& text, const std::vector<float>& logits,
                  const LogitsOf& logits_of);

}  // namespace dixtill
