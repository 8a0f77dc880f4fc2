#include "cleaning.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace dixtill {

namespace {

struct Entity {
    std::u32string_view name;  // with the semicolon
    char32_t character;
};

constexpr Entity entities[] = {
    {U"amp;", U'&'},         {U"lt;", U'<'},         {U"gt;", U'>'},         {U"quot;", U'"'},
    {U"apos;", U'\''},       {U"nbsp;", U' '},       {U"ndash;", U'\u2013'}, {U"mdash;", U'\u2014'},
    {U"hellip;", U'\u2026'}, {U"trade;", U'\u2122'}, {U"lsquo;", U'\u2018'}, {U"rsquo;", U'\u2019'},
    {U"ldquo;", U'\u201C'},  {U"rdquo;", U'\u201D'},
};
constexpr size_t max_decimal_digits = 7;
constexpr size_t max_hexadecimal_digits = 6;

bool is_ascii_letter(char32_t c) {
    return (c | 0x20) - U'a' < 26;
}
bool is_digit(char32_t c) {
    return c - U'0' < 10;
}
bool is_letter(char32_t c, char32_t lower) {
    return (c | 0x20) == lower;
}
bool is_ascii_word(char32_t c) {
    return is_ascii_letter(c) || is_digit(c) || c == U'_';
}

// White space of the Unicode Standard, and what ASCII calls separators.
bool is_space(char32_t c) {
    if (c < 0x85) return c == U' ' || c - 0x09 < 5 || c - 0x1C < 4;
    return c == 0x85 || c == 0xA0 || c == 0x1680 || c - 0x2000 < 11 || c == 0x2028 || c == 0x2029 ||
           c == 0x202F || c == 0x205F || c == 0x3000;
}

bool starts_with(const char32_t* text, const char32_t* end, std::u32string_view prefix) {
    return static_cast<size_t>(end - text) >= prefix.size() &&
           std::equal(prefix.begin(), prefix.end(), text);
}

// Start of a scheme that ends before the colon, or null: `http` or `https` in any case.
char32_t* scheme_start(char32_t* begin, char32_t* colon) {
    if (colon - begin >= 5 && is_letter(colon[-1], U's')) --colon;
    const bool is_http = colon - begin >= 4 && is_letter(colon[-4], U'h') &&
                         is_letter(colon[-3], U't') && is_letter(colon[-2], U't') &&
                         is_letter(colon[-1], U'p');
    return is_http ? colon - 4 : nullptr;
}

// Start of a `www` that ends before the dot and begins a word, or null.
char32_t* www_start(char32_t* begin, char32_t* dot) {
    const bool is_www = dot - begin >= 3 && is_letter(dot[-3], U'w') && is_letter(dot[-2], U'w') &&
                        is_letter(dot[-1], U'w');
    return is_www && (dot - begin == 3 || !is_ascii_word(dot[-4])) ? dot - 3 : nullptr;
}

// A colon or a dot is rarer than the letters that a URL begins with. The stretches before them that
// matter cannot overlap, so they are met in the order of their starts.
void blank_urls(char32_t* begin, char32_t* end) {
    char32_t* at = begin;
    while (at != end) {
        const char32_t c = *at;
        char32_t* start = nullptr;
        char32_t* rest = at + 1;
        if (c == U':' && starts_with(rest, end, U"//")) {
            start = scheme_start(begin, at);
            rest += 2;
        } else if (c == U'.') {
            start = www_start(begin, at);
        }
        if (start == nullptr || rest == end || is_space(*rest)) {
            ++at;
            continue;
        }
        at = std::find_if(rest, end, is_space);
        std::fill(start, at, U' ');
    }
}

// An entity's character and the place behind its semicolon; null when there is no entity.
struct Unescaped {
    char32_t character;
    const char32_t* end;
};

char32_t digit_value(char32_t c, char32_t base) {
    if (is_digit(c)) return c - U'0';
    return base == 16 && is_ascii_letter(c) ? (c | 0x20) - U'a' + 10 : base;
}

Unescaped read_number(const char32_t* at, const char32_t* end, char32_t base, size_t max_digits) {
    const char32_t* const first = at;
    char32_t value = 0;
    while (at != end && static_cast<size_t>(at - first) < max_digits &&
           digit_value(*at, base) < base) {
        value = value * base + digit_value(*at++, base);
    }
    if (at == first || at == end || *at != U';') return {0, nullptr};
    const bool is_character = value < 0xD800 || (0xDFFF < value && value < 0x110000);
    return {is_character ? value : U' ', at + 1};
}

// `at` is behind the ampersand.
Unescaped read_entity(const char32_t* at, const char32_t* end) {
    if (starts_with(at, end, U"#x") || starts_with(at, end, U"#X")) {
        return read_number(at + 2, end, 16, max_hexadecimal_digits);
    }
    if (starts_with(at, end, U"#")) return read_number(at + 1, end, 10, max_decimal_digits);
    for (const Entity& entity : entities) {
        if (starts_with(at, end, entity.name)) return {entity.character, at + entity.name.size()};
    }
    return {0, nullptr};
}

void unescape_entities(char32_t* begin, char32_t* end) {
    for (char32_t* at = std::find(begin, end, U'&'); at != end; at = std::find(at, end, U'&')) {
        const Unescaped unescaped = read_entity(at + 1, end);
        if (unescaped.end == nullptr) {
            ++at;
            continue;
        }
        *at++ = unescaped.character;
        while (at != unescaped.end) *at++ = U' ';
    }
}

}  // namespace

CleaningRule cleaning_rule(std::string_view name) {
    if (name == "urls") return CleaningRule::urls;
    if (name == "html_entities") return CleaningRule::html_entities;
    throw std::invalid_argument("unknown cleaning rule '" + std::string(name) +
                                "'; this version knows urls, html_entities");
}

void clean(CleaningRule rule, char32_t* text, size_t length) {
    switch (rule) {
        case CleaningRule::urls:
            return blank_urls(text, text + length);
        case CleaningRule::html_entities:
            return unescape_entities(text, text + length);
    }
}

}  // namespace dixtill
