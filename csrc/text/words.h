// Collects normalized characters into words and words into pieces, by the rules of words.py in
// python/dixtill/specification. Takes one character at a time, and stops at the limit of pieces.
#pragma once

#include <cstdint>
#include <vector>

#include "../process/interruption.h"
#include "pretoken.h"
#include "vocabulary.h"

namespace dixtill {

// The pieces of one text. Reuse it from text to text: the vectors keep their memory.
struct TokenizedText {
    std::vector<int32_t> piece_ids;      // [pieces]
    std::vector<int32_t> word_of_piece;  // [pieces], index into spans
    std::vector<Span> spans;             // [words]
    bool truncated = false;              // whether pieces past the limit were cut
};

// A word whose pieces are the last ones before `pieces_end` that no word has yet.
struct Word {
    Span span;
    size_t pieces_end;
};

struct WordOptions {
    size_t max_pieces;
    bool has_plain_forms;  // whether an unknown pre-token is looked up in its plain form
    bool lowercase;        // whether a plain form is lowercased
};

// Collects the words and pieces of one text. White space separates chunks. Within a chunk,
// punctuation at either end stands alone and what lies between is one word. A symbol is a chunk of
// its own, together with the symbols that form one emoji with it.
class WordCollector {
  public:
    // `trailing` is working memory. Every function throws Interrupted when `interruption` has come.
    WordCollector(const Vocabulary& vocabulary, const WordOptions& options,
                  std::vector<Word>& trailing, TokenizedText& out, Interruption* interruption);

    void add(char32_t c, bool is_punctuation, int64_t source) {
        if (is_open_ && !is_punctuation && pretoken_.kind() == PretokenKind::run) {
            pretoken_.span.cover({source, source + 1});
        } else {
            begin(is_punctuation ? PretokenKind::punctuation : PretokenKind::run, source);
        }
        pretoken_.append(c);
    }

    void add_symbol(char32_t c, int64_t source);

    // A dropped character belongs to what it follows, so that a span covers accents.
    void drop(int64_t source) {
        if (is_open_) pretoken_.span.cover({source, source + 1});
    }

    // A dropped character that joins its neighbors into one emoji.
    void drop_joiner(int64_t source) {
        joiner_ = source;
        drop(source);
    }

    void end_chunk();
    void finish();

    // Whether more text would change nothing.
    bool is_done() const { return out_.truncated; }

    // The pre-token that takes the next letter.
    Pretoken& pretoken() { return pretoken_; }

    Interruption* interruption() const { return interruption_; }

  private:
    void begin(PretokenKind kind, int64_t source);
    bool is_joined(char32_t symbol, int64_t source) const;
    void end_pretoken();
    bool append_plain_form() const;
    void extend_middle(const Word& word);
    void emit(const Word& word);
    template <typename Take>
    void take_trailing(const Take& take);

    const Vocabulary& vocabulary_;
    const WordOptions& options_;
    TokenizedText& out_;  // more than max_pieces piece_ids until finish(), to know of the rest
    Pretoken pretoken_;
    bool is_open_ = false;
    Word middle_;  // from the chunk's first pre-token that is not punctuation to its last
    bool has_middle_ = false;
    char32_t first_symbol_ = 0;  // of a chunk of symbols
    size_t num_symbols_ = 0;
    int64_t joiner_ = -1;          // place of the last one
    std::vector<Word>& trailing_;  // punctuation after it, as far as the chunk is read
    Interruption* interruption_;
};

}  // namespace dixtill
