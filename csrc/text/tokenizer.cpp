#include "tokenizer.h"

#include <stdexcept>
#include <string>

#include "../process/blocks.h"
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

void Tokenizer::read(std::string_view utf8, TokenizerScratch& scratch, TokenizedText& out,
                     Interruption* interruption) const {
    const size_t length = decode_utf8(utf8, scratch.text, interruption);
    TextToClean text(scratch.text.data(), length, scratch.places, interruption);
    for (const CleaningRule rule : cleaning_) clean(rule, text);
    WordCollector words(vocabulary_, words_, scratch.trailing, out, interruption);
    normalizer_.read(text.begin(), text.length(), scratch.marks, words);
    if (!text.has_places()) return;
    in_blocks(size_t{0}, out.spans.size(), interruption, [&](size_t at, size_t end) {
        for (; at < end; ++at) {
            Span& span = out.spans[at];
            span = {text.place(span.start), text.place(span.end)};
        }
        return end;
    });
}

}  // namespace dixtill
