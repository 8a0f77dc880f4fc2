// What the normalizer does to each code point, from python/dixtill/specification/unicode.json. The
// tables lie in .rodata, written at build time by tools/make_unicode_header.py.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>

namespace dixtill::unicode {

enum Flag : uint8_t {
    dropped = 1,
    space = 2,
    ideograph = 4,
    punctuation = 8,
    nonspacing = 16,
    symbol = 32,
    variant_of_punctuation = 64,
};

struct CodePoint {
    uint8_t flags;
    uint8_t combining_class;
    uint16_t decomposition;  // index into pool
    uint16_t lowercase;      // index into pool
    uint8_t decomposition_length;
    uint8_t lowercase_length;

    bool is(Flag flag) const { return (flags & flag) != 0; }
};

// A typographic variant, and its form in ASCII.
struct Variant {
    char32_t c;
    uint16_t form;  // index into pool
    uint8_t form_length;
};

#include "unicode_tables.h"

// A sequence of code points. If it is empty, the code point that was looked up stays as it is.
struct Sequence {
    const char32_t* chars;
    size_t length;
};

// `c` is below 0x110000.
inline const CodePoint& lookup(char32_t c) {
    constexpr char32_t block_mask = (char32_t{1} << block_bits) - 1;
    const size_t block = block_of[c >> block_bits];
    return records[record_of[block << block_bits | (c & block_mask)]];
}

inline Sequence lowercase(const CodePoint& code_point) {
    return {pool + code_point.lowercase, code_point.lowercase_length};
}

// Canonical decomposition, without Hangul.
inline Sequence decomposition(const CodePoint& code_point) {
    return {pool + code_point.decomposition, code_point.decomposition_length};
}

// Returns the form in ASCII, or an empty sequence if there is none.
inline Sequence plain_form(char32_t c) {
    const Variant* const found =
        std::lower_bound(std::begin(variants), std::end(variants), c,
                         [](const Variant& variant, char32_t value) { return variant.c < value; });
    if (found == std::end(variants) || found->c != c) return {pool, 0};
    return {pool + found->form, found->form_length};
}

inline bool is_hangul_syllable(char32_t c) {
    return 0xAC00 <= c && c <= 0xD7A3;
}

// Hangul by the arithmetic of the Unicode Standard, 3.12.
inline Sequence decompose_hangul(char32_t c, char32_t (&jamo)[3]) {
    const char32_t syllable = c - 0xAC00;
    jamo[0] = 0x1100 + syllable / 588;
    jamo[1] = 0x1161 + syllable % 588 / 28;
    jamo[2] = 0x11A7 + syllable % 28;
    return {jamo, syllable % 28 ? size_t{3} : size_t{2}};
}

}  // namespace dixtill::unicode
