// Tests an explanation: the student's answers to a text without some of its words.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "../text/words.h"
#include "checked_label.h"

namespace dixtill {

struct Check {
    std::vector<double> effects;  // [words], what the margin loses without the word's pieces
    std::vector<int32_t> flip;  // words, ascending, without which the text gains or loses the label
    bool has_flip = false;
    bool is_smallest = false;  // all sets smaller than the flip, or all sets, were tried
};

// Returns what the student's answer to pieces says of the label.
using StateOf = std::function<LabelState(const std::vector<int32_t>& piece_ids)>;

// Leaves out each word alone. If the answer can change, it then removes words greedily, each time
// the one with the largest effect, until the text loses the label, or gains it if it did not have
// it. Then it looks for a smaller set that does the same: size by size, words of large effect
// first, until a fixed number of passes is used up. The same states give the same result
// everywhere.
//
// `whole` is the state for the whole text.
Check check_words(const TokenizedText& text, const LabelState& whole, bool can_change,
                  const StateOf& state_of);

}  // namespace dixtill
