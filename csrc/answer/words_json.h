// The words of an answer as JSON, for those who write many answers to a file.
#pragma once

#include <string>
#include <string_view>

#include "record.h"

namespace dixtill {

// [{"text":"up","start":0,"end":2,"weight":0.250000,"is_unknown":false}, ...] in UTF-8, on one
// line. Weights are rounded to six decimals: the integer nearest to a million times the weight,
// halves to even.
//
// `utf8` is the text that was answered, well formed but for lone surrogates, which may stand as
// three bytes each; they become U+FFFD. What a terminal obeys instead of showing it is escaped, as
// escapes.py does. `record` is that answer of a student with `num_labels`
// labels; throws std::invalid_argument where it cannot be.
std::string words_json(std::string_view utf8, std::string_view record, size_t num_labels);

}  // namespace dixtill
