// BERT's text normalization, character by character, each with its place in the text: the rules
// of normalizer.py in python/dixtill/specification. Gives its characters to a WordCollector and
// stops when that needs no more. Throws Interrupted when the collector's interruption has come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "words.h"

namespace dixtill {

// A combining mark that waits until its run ends and is put in canonical order; or a dropped
// character behind one, whose class is 0.
struct Mark {
    char32_t c;
    uint8_t combining_class;
    int64_t source;
};

class Normalizer {
  public:
    Normalizer(bool lowercase, bool strip_accents, bool symbols);

    // `marks` is working memory.
    void read(const char32_t* text, size_t length, std::deque<Mark>& marks,
              WordCollector& words) const;

  private:
    size_t read_ascii(const char32_t* text, size_t length, size_t at, WordCollector& words) const;
    size_t read_ascii_word(const char32_t* text, size_t length, size_t at, Pretoken& out) const;
    void read_other(char32_t c, int64_t source, std::deque<Mark>& marks,
                    WordCollector& words) const;
    void decompose(char32_t c, int64_t source, std::deque<Mark>& marks, WordCollector& words) const;
    void end_marks(std::deque<Mark>& marks, WordCollector& words) const;
    void lower_by_class(const std::deque<Mark>& marks, WordCollector& words) const;
    void strip(char32_t c, int64_t source, WordCollector& words) const;
    void lower(char32_t c, int64_t source, WordCollector& words) const;
    static void drop(char32_t c, int64_t source, WordCollector& words);

    bool lowercase_;
    bool strip_accents_;
    bool symbols_;
    uint8_t punctuation_;  // flags of what is set apart
    uint8_t ascii_[128];   // what becomes of each; see normalizer.cpp
};

}  // namespace dixtill
