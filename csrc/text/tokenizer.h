// Turns a text into the pieces that the student reads, with words and their spans: the entry to
// this folder. For every text, the result equals that of cleaning.py and words.py in
// python/dixtill/specification.
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>
#include <vector>

#include "cleaning.h"
#include "normalizer.h"
#include "vocabulary.h"
#include "words.h"

namespace dixtill {

struct TokenizerOptions {
    bool lowercase;
    bool strip_accents;
    bool symbols;  // whether symbols are words of their own, and variants have a plain form
    int64_t max_pieces;
    std::vector<CleaningRule> cleaning;  // applied in this order
};

// Memory that a thread reuses from text to text.
struct TokenizerScratch {
    std::vector<char32_t> text;
    std::vector<int64_t> places;
    std::deque<Mark> marks;  // the growth of a vector would copy gigabytes in one go
    std::vector<Word> trailing;
};

class Tokenizer {
  public:
    // `vocabulary` is UTF-8, pieces joined by '\n'; it is copied. Throws std::invalid_argument when
    // a piece occurs twice, [UNK] is missing or max_pieces is below 1.
    Tokenizer(std::string_view vocabulary, const TokenizerOptions& options);

    // Any bytes are answered; decode_utf8 says how malformed ones are read. Safe to call from many
    // threads, each with its own `scratch`. Throws Interrupted when `interruption` has come.
    void read(std::string_view utf8, TokenizerScratch& scratch, TokenizedText& out,
              Interruption* interruption = nullptr) const;

    int32_t unknown_id() const { return vocabulary_.unknown_id(); }

    // Whether a piece, numbered from zero, continues a word.
    bool is_continuation(int32_t id) const { return vocabulary_.is_continuation(id); }

  private:
    Vocabulary vocabulary_;
    Normalizer normalizer_;
    std::vector<CleaningRule> cleaning_;
    WordOptions words_;
};

}  // namespace dixtill
