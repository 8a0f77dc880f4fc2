#include "normalizer.h"

#include <algorithm>

#include "../process/blocks.h"
#include "unicode.h"

namespace dixtill {

namespace {

// An entry of the table for ASCII is the resulting character, with this bit if it is punctuation,
// or zero if it is dropped. So the entries of characters in words lie between a space and this bit.
constexpr uint8_t punctuation_bit = 0x80;
constexpr uint8_t dropped = 0;

constexpr char32_t zero_width_joiner = 0x200D;

// Whether `c` only says how to draw the character before it: a variation selector or a keycap.
bool draws_another(char32_t c) {
    return (0xFE00 <= c && c <= 0xFE0F) || c == 0x20E3;
}

bool is_in_word(uint8_t entry) {
    return ' ' < entry && entry < punctuation_bit;
}

bool is_dropped(const Mark& mark) {
    return mark.combining_class == 0 || unicode::lookup(mark.c).is(unicode::nonspacing);
}

uint8_t ascii_entry(uint8_t c, bool lowercase) {
    const unicode::CodePoint& code_point = unicode::lookup(c);
    if (code_point.is(unicode::dropped)) return dropped;
    if (code_point.is(unicode::space)) return ' ';
    if (code_point.is(unicode::punctuation)) return static_cast<uint8_t>(c | punctuation_bit);
    return lowercase && 'A' <= c && c <= 'Z' ? static_cast<uint8_t>(c | 0x20) : c;
}

}  // namespace

Normalizer::Normalizer(bool lowercase, bool strip_accents, bool symbols)
    : lowercase_(lowercase),
      strip_accents_(strip_accents),
      symbols_(symbols),
      punctuation_(symbols ? unicode::punctuation | unicode::variant_of_punctuation
                           : unicode::punctuation) {
    for (uint8_t c = 0; c < 128; ++c) ascii_[c] = ascii_entry(c, lowercase);
}

void Normalizer::read(const char32_t* text, size_t length, std::deque<Mark>& marks,
                      WordCollector& words) const {
    marks.clear();
    in_blocks(size_t{0}, length, words.interruption(), [&](size_t at, size_t block_end) {
        while (at < block_end) {
            if (words.is_done()) return length;
            const bool is_ascii = text[at] < 128;
            if (!is_ascii || (!marks.empty() && ascii_[text[at]] == dropped)) {
                read_other(text[at], static_cast<int64_t>(at), marks, words);
                ++at;
                continue;
            }
            if (!marks.empty()) end_marks(marks, words);
            at = read_ascii(text, length, at, words);
        }
        return at;
    });
    end_marks(marks, words);
    words.finish();
}

// Reads one character, or several characters of one word. ASCII has no accents and no marks.
size_t Normalizer::read_ascii(const char32_t* text, size_t length, size_t at,
                              WordCollector& words) const {
    const uint8_t entry = ascii_[text[at]];
    const auto source = static_cast<int64_t>(at);
    if (is_in_word(entry)) {
        words.add(entry, false, source);
        return read_ascii_word(text, length, at + 1, words.pretoken());
    }
    if (entry == ' ') {
        words.end_chunk();
    } else if (entry == dropped) {
        words.drop(source);
    } else {
        words.add(static_cast<char32_t>(entry - punctuation_bit), true, source);
    }
    return at + 1;
}

size_t Normalizer::read_ascii_word(const char32_t* text, size_t length, size_t at,
                                   Pretoken& out) const {
    const size_t end = out.append_ascii(at, length, [&](size_t i) -> char {
        const uint8_t entry = text[i] < 128 ? ascii_[text[i]] : dropped;
        return is_in_word(entry) ? static_cast<char>(entry) : 0;
    });
    out.span.end = std::max(out.span.end, static_cast<int64_t>(end));
    return end;
}

void Normalizer::read_other(char32_t c, int64_t source, std::deque<Mark>& marks,
                            WordCollector& words) const {
    const unicode::CodePoint& code_point = unicode::lookup(c);
    if (c == zero_width_joiner || code_point.is(unicode::dropped) ||
        (symbols_ && draws_another(c))) {
        if (marks.empty()) return drop(c, source, words);
        return marks.push_back({c, 0, source});
    }
    if (code_point.is(unicode::space)) {
        end_marks(marks, words);
        return words.end_chunk();
    }
    const bool stands_alone = code_point.is(unicode::ideograph);
    if (stands_alone) {
        end_marks(marks, words);
        words.end_chunk();
    }
    strip_accents_ ? decompose(c, source, marks, words) : lower(c, source, words);
    if (stands_alone) {
        end_marks(marks, words);
        words.end_chunk();
    }
}

void Normalizer::decompose(char32_t c, int64_t source, std::deque<Mark>& marks,
                           WordCollector& words) const {
    char32_t jamo[3];
    unicode::Sequence sequence = unicode::is_hangul_syllable(c)
                                     ? unicode::decompose_hangul(c, jamo)
                                     : unicode::decomposition(unicode::lookup(c));
    if (sequence.length == 0) sequence = {&c, 1};
    for (size_t i = 0; i < sequence.length; ++i) {
        const char32_t part = sequence.chars[i];
        const uint8_t combining_class = unicode::lookup(part).combining_class;
        if (combining_class != 0) {
            marks.push_back({part, combining_class, source});
            continue;
        }
        end_marks(marks, words);
        strip(part, source, words);
    }
}

// Passes on a run of combining marks, and of dropped characters between them: first the marks that
// stay, then what is dropped. A dropped character belongs to the word before it. If it came before
// the marks, that could be the word before the one that they begin, and the spans would overlap.
void Normalizer::end_marks(std::deque<Mark>& marks, WordCollector& words) const {
    if (marks.empty()) return;
    if (marks.size() == 1) {
        strip(marks.front().c, marks.front().source, words);
    } else {
        lower_by_class(marks, words);
        in_blocks(marks.begin(), marks.end(), words.interruption(), [&](auto at, auto end) {
            for (; at != end; ++at) {
                if (is_dropped(*at)) drop(at->c, at->source, words);
            }
            return end;
        });
    }
    marks.clear();
}

// By the classes of the marks, as the Unicode Standard's D109 asks. One pass for each class that
// occurs, of about fifty: unlike a sort, it can be interrupted.
void Normalizer::lower_by_class(const std::deque<Mark>& marks, WordCollector& words) const {
    constexpr unsigned last = 256;
    for (unsigned current = 0, next = last; current != last; current = next, next = last) {
        in_blocks(marks.begin(), marks.end(), words.interruption(), [&](auto at, auto end) {
            for (; at != end; ++at) {
                if (is_dropped(*at)) continue;
                if (at->combining_class == current) lower(at->c, at->source, words);
                if (at->combining_class > current) {
                    next = std::min<unsigned>(next, at->combining_class);
                }
            }
            return end;
        });
    }
}

void Normalizer::drop(char32_t c, int64_t source, WordCollector& words) {
    c == zero_width_joiner ? words.drop_joiner(source) : words.drop(source);
}

void Normalizer::strip(char32_t c, int64_t source, WordCollector& words) const {
    if (unicode::lookup(c).is(unicode::nonspacing)) return words.drop(source);
    lower(c, source, words);
}

void Normalizer::lower(char32_t c, int64_t source, WordCollector& words) const {
    unicode::Sequence sequence = {&c, 1};
    if (lowercase_) {
        const unicode::Sequence lowercase = unicode::lowercase(unicode::lookup(c));
        if (lowercase.length > 0) sequence = lowercase;
    }
    for (size_t i = 0; i < sequence.length; ++i) {
        const char32_t part = sequence.chars[i];
        const unicode::CodePoint& code_point = unicode::lookup(part);
        if (symbols_ && code_point.is(unicode::symbol)) {
            words.add_symbol(part, source);
        } else {
            words.add(part, (code_point.flags & punctuation_) != 0, source);
        }
    }
}

}  // namespace dixtill
