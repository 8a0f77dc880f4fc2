#include "tokenizer.h"

#include <stdexcept>
#include <string>

#include "utf8.h"

namespace dixtill {

Tokenizer::Tokenizer(std::string_view vocabulary, const TokenizerOptions& options)
    : vocabulary_(vocabulary),
      normalizer_(options.lowercase, options.strip_accents),
      cleaning_(options.cleaning),
      max_pieces_(static_cast<size_t>(options.max_pieces)) {
    if (options.max_pieces < 1) {
        throw std::invalid_argument("max_pieces is " + std::to_string(options.max_pieces) +
                                    ", expected at least 1");
    }
}

void Tokenizer::read(std::string_view utf8, TokenizerScratch& scratch, TokenizedText& out) const {
    const size_t length = decode_utf8(utf8, scratch.text);
    for (const CleaningRule rule : cleaning_) clean(rule, scratch.text.data(), length);
    WordCollector words(vocabulary_, max_pieces_, scratch.trailing, out);
    normalizer_.read(scratch.text.data(), length, scratch.marks, words);
}

}  // namespace dixtill
