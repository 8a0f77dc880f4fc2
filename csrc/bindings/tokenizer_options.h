// A tokenizer's options by the names that a model file gives them.
#pragma once

#include <string>
#include <vector>

#include "../text/tokenizer.h"

namespace dixtill {

// Throws std::invalid_argument when a rule is unknown.
inline TokenizerOptions tokenizer_options(bool lowercase, bool strip_accents, bool symbols,
                                          int64_t max_pieces,
                                          const std::vector<std::string>& cleaning) {
    TokenizerOptions options = {lowercase, strip_accents, symbols, max_pieces, {}};
    for (const std::string& name : cleaning) options.cleaning.push_back(cleaning_rule(name));
    return options;
}

}  // namespace dixtill
