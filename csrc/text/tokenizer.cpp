#include "tokenizer.h"

#include <stdexcept>
#include <string>

#include "utf8.h"

namespace dixtill {

Tokenizer::Tokenizer(std::string_view vocabulary, const TokenizerOptions& options)
    : vocabulary_(vocabulary),
      normalizer_(options.lowercase, options.strip_accents, options.symbols),
      cleaning_(options.cleaning),
      words_{static_cast<size_t>(options.max_pieces), options.symbols, options.lowercase} {
    if (options.max_pieces < 1) {
        throw std::invalid_argument("max_pieces is " + std::to_string(options.max_pieces) +
                                    ", expected at least 1");
    }
}

void Tokenizer::read(std::string_view utf8, TokenizerScratch& scratch, TokenizedText& out) const {
    const size_t length = decode_utf8(utf8, scratch.text);
    TextToClean text(scratch.text.data(), length, scratch.places);
    for (const CleaningRule rule : cleaning_) clean(rule, text);
    WordCollector words(vocabulary_, words_, scratch.trailing, out);
    normalizer_.read(text.begin(), text.length(), scratch.marks, words);
    if (!text.has_places()) return;
    for (Span& span : out.spans) span = {text.place(span.start), text.place(span.end)};
}

}  // namespace dixtill
