// Writes the words of an answer as JSON, for programs that write many answers to a file.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "record.h"

namespace dixtill {

// Returns [{"text":"up","start":0,"end":2,"weight":0.250000,"is_unknown":false}, ...] in UTF-8, on
// one line. Weights are rounded to six decimals: the integer nearest to a million times the weight,
// halves to even.
//
// `utf8` is the text that was answered: well formed, except that lone surrogates may stand as three
// bytes each; they become U+FFFD. Characters that control a terminal are escaped, as escapes.py
// does. `record` is the answer to it by a student with `num_labels` labels. The weights are those
// of the label with the index `label`, or of the top label if it is empty. Throws
// std::invalid_argument when the record cannot be one, or there is no such label.
std::string words_json(std::string_view utf8, std::string_view record, size_t num_labels,
                       std::optional<size_t> label = std::nullopt);

}  // namespace dixtill
