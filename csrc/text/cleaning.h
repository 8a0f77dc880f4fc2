// Blanks what a classifier should not read, and keeps every character position: the rules of
// python/dixtill/runtime/cleaning.py, on code points and in place.
#pragma once

#include <cstddef>
#include <string_view>

namespace dixtill {

enum class CleaningRule { urls, html_entities };

// Throws std::invalid_argument when no rule has this name.
CleaningRule cleaning_rule(std::string_view name);

void clean(CleaningRule rule, char32_t* text, size_t length);

}  // namespace dixtill
