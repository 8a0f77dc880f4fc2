#include "cleaning.h"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <stdexcept>
#include <string>

#include "../process/blocks.h"

namespace dixtill {

namespace {

struct Entity {
    uint16_t name;  // index into entity_names
    uint8_t length;
    char32_t first, second;  // what it stands for; the second is zero if there is only one
};

#include "entity_tables.h"

struct FeedEntity {
    std::u32string_view name;  // with the semicolon
    char32_t character;
};

struct NamedRule {
    std::string_view name;
    CleaningRule rule;
};

constexpr NamedRule named_rules[] = {
    {"urls", CleaningRule::urls},
    {"html_entities", CleaningRule::html_entities},
    {"html_entities_v2", CleaningRule::html_entities_v2},
    {"urls_v2", CleaningRule::urls_v2},
};

constexpr FeedEntity feed_entities[] = {
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

// Whether `c` is white space in the Unicode Standard, or a separator in ASCII.
bool is_space(char32_t c) {
    if (c < 0x85) return c == U' ' || c - 0x09 < 5 || c - 0x1C < 4;
    return c == 0x85 || c == 0xA0 || c == 0x1680 || c - 0x2000 < 11 || c == 0x2028 || c == 0x2029 ||
           c == 0x202F || c == 0x205F || c == 0x3000;
}

// Whether `c` cannot be part of a URL by RFC 3986, or is a typographic quotation mark.
bool is_never_in_url(char32_t c) {
    constexpr std::u32string_view others = U"\"<>\\^`{|}\u201C\u201D\u201E\u00AB\u00BB";
    return is_space(c) || others.find(c) != others.npos;
}

bool starts_with(const char32_t* text, const char32_t* end, std::u32string_view prefix) {
    return static_cast<size_t>(end - text) >= prefix.size() &&
           std::equal(prefix.begin(), prefix.end(), text);
}

// Returns the start of the scheme, `http` or `https` in any case, that ends before the colon, or
// null.
char32_t* scheme_start(char32_t* begin, char32_t* colon) {
    if (colon - begin >= 5 && is_letter(colon[-1], U's')) --colon;
    const bool is_http = colon - begin >= 4 && is_letter(colon[-4], U'h') &&
                         is_letter(colon[-3], U't') && is_letter(colon[-2], U't') &&
                         is_letter(colon[-1], U'p');
    return is_http ? colon - 4 : nullptr;
}

// Returns the start of the `www` that ends before the dot and begins a word, or null.
char32_t* www_start(char32_t* begin, char32_t* dot) {
    const bool is_www = dot - begin >= 3 && is_letter(dot[-3], U'w') && is_letter(dot[-2], U'w') &&
                        is_letter(dot[-1], U'w');
    return is_www && (dot - begin == 3 || !is_ascii_word(dot[-4])) ? dot - 3 : nullptr;
}

bool is_colon_or_dot(char32_t c) {
    return c == U':' || c == U'.';
}

void blank(char32_t* begin, char32_t* end, Interruption* interruption) {
    in_blocks(begin, end, interruption, [](char32_t* at, char32_t* block_end) {
        std::fill(at, block_end, U' ');
        return block_end;
    });
}

// Looks for a colon or a dot, which are rarer than the letters that a URL begins with. URLs are
// found in the order of their starts, as the parts before these characters cannot overlap.
template <typename IsEnd>
void blank_urls(const TextToClean& text, IsEnd is_end) {
    char32_t* const end = text.end();
    in_blocks(text.begin(), end, text.interruption(), [&](char32_t* at, char32_t* block_end) {
        while (at < block_end) {
            at = std::find_if(at, block_end, is_colon_or_dot);
            if (at == block_end) break;
            char32_t* start = nullptr;
            char32_t* rest = at + 1;
            if (*at == U'.') {
                start = www_start(text.begin(), at);
            } else if (starts_with(rest, end, U"//")) {
                start = scheme_start(text.begin(), at);
                rest += 2;
            }
            if (start == nullptr || rest == end || is_end(*rest)) {
                ++at;
                continue;
            }
            at = find_in_blocks(rest, end, text.interruption(), is_end);
            blank(start, at, text.interruption());
        }
        return at;
    });
}

// An entity's character, and the position after its semicolon: null if there is no entity.
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
    for (const FeedEntity& entity : feed_entities) {
        if (starts_with(at, end, entity.name)) return {entity.character, at + entity.name.size()};
    }
    return {0, nullptr};
}

void unescape_entities(const TextToClean& text) {
    char32_t* const end = text.end();
    in_blocks(text.begin(), end, text.interruption(), [end](char32_t* at, char32_t* block_end) {
        while (at < block_end) {
            at = std::find(at, block_end, U'&');
            if (at == block_end) break;
            const Unescaped unescaped = read_entity(at + 1, end);
            if (unescaped.end == nullptr) {
                ++at;
                continue;
            }
            *at++ = unescaped.character;
            while (at != unescaped.end) *at++ = U' ';
        }
        return at;
    });
}

// What a character reference stands for, and the position after it: null if there is none.
struct Reference {
    char32_t first, second;  // zero if it stands for fewer characters
    const char32_t* end;
};

// Returns what HTML's standard says in 13.2.5.80: the character that the byte has in windows-1252,
// and zero for controls and noncharacters.
char32_t referenced(char32_t number) {
    constexpr char32_t windows_1252[32] = {
        0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
        0x2039, 0x0152, 0x8D,   0x017D, 0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
        0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};
    if (0x80 <= number && number < 0xA0) return windows_1252[number - 0x80];
    const bool is_surrogate = 0xD800 <= number && number <= 0xDFFF;
    if (number == 0 || is_surrogate || number >= 0x110000) return 0xFFFD;
    const bool is_noncharacter =
        (number & 0xFFFE) == 0xFFFE || (0xFDD0 <= number && number <= 0xFDEF);
    const bool is_control =
        (number < 0x20 && (number < 0x09 || 0x0D < number || number == 0x0B)) || number == 0x7F;
    return is_noncharacter || is_control ? 0 : number;
}

// There may be millions of digits.
Reference read_reference_number(const char32_t* first, const char32_t* end, char32_t base,
                                Interruption* interruption) {
    char32_t value = 0;
    const char32_t* at = find_in_blocks(first, end, interruption, [&](char32_t c) {
        const char32_t digit = digit_value(c, base);
        if (digit < base) value = std::min<char32_t>(value * base + digit, 0x110000);
        return digit >= base;
    });
    if (at == first) return {0, 0, nullptr};
    if (at != end && *at == U';') ++at;
    return {referenced(value), 0, at};
}

// Finds the longest name that the text begins with. The table is sorted, so names with the same
// beginning stand side by side.
Reference read_reference_name(const char32_t* at, const char32_t* end) {
    const Entity *first = std::begin(entities), *last = std::end(entities);
    Reference found = {0, 0, nullptr};
    const auto size = static_cast<size_t>(end - at);
    for (size_t k = 0; k < std::min(size, longest_entity_name); ++k) {
        const auto letter = [k](const Entity& entity) -> char32_t {
            if (k >= entity.length) return 0;
            return static_cast<unsigned char>(entity_names[entity.name + k]);
        };
        first = std::lower_bound(first, last, at[k],
                                 [&](const Entity& e, char32_t c) { return letter(e) < c; });
        last = std::upper_bound(first, last, at[k],
                                [&](char32_t c, const Entity& e) { return c < letter(e); });
        if (first == last) break;
        if (first->length == k + 1) found = {first->first, first->second, at + k + 1};
    }
    return found;
}

// `at` is behind the ampersand.
Reference read_reference(const char32_t* at, const char32_t* end, Interruption* interruption) {
    if (starts_with(at, end, U"#x") || starts_with(at, end, U"#X")) {
        return read_reference_number(at + 2, end, 16, interruption);
    }
    if (starts_with(at, end, U"#")) return read_reference_number(at + 1, end, 10, interruption);
    return read_reference_name(at, end);
}

// The first of a reference's two characters covers one character of the user's text, and the last
// one covers the rest of the reference.
void resolve_references(TextToClean& text) {
    char32_t* const end = text.end();
    char32_t* to = nullptr;  // where the next character goes, once one was left out
    in_blocks(text.begin(), end, text.interruption(), [&](char32_t* at, char32_t* block_end) {
        while (at < block_end) {
            if (to == nullptr) at = std::find(at, block_end, U'&');
            while (at != block_end && *at != U'&') text.move(at++, to++);
            if (at == block_end) break;
            const Reference found = read_reference(at + 1, end, text.interruption());
            if (found.end == nullptr) {
                if (to != nullptr) text.move(at, to++);
                ++at;
                continue;
            }
            if (to == nullptr) {
                text.remember_places();
                to = at;
            }
            for (const char32_t c : {found.first, found.second}) {
                if (c == 0) break;
                *at = c;
                text.move(at++, to++);
            }
            at = text.begin() + (found.end - text.begin());
        }
        return at;
    });
    if (to != nullptr) text.cut(to);
}

}  // namespace

void TextToClean::remember_places() {
    if (has_places_) return;
    grow(places_, length_ + 1, interruption_);
    int64_t* const first = places_.data();
    in_blocks(first, first + length_ + 1, interruption_, [first](int64_t* at, int64_t* end) {
        std::iota(at, end, at - first);
        return end;
    });
    has_places_ = true;
}

void TextToClean::cut(const char32_t* end) {
    const auto length = static_cast<size_t>(end - begin_);
    places_[length] = places_[length_];
    length_ = length;
}

CleaningRule cleaning_rule(std::string_view name) {
    std::string known;
    for (const NamedRule& named : named_rules) {
        if (named.name == name) return named.rule;
        known += (known.empty() ? "" : ", ") + std::string(named.name);
    }
    throw std::invalid_argument("unknown cleaning rule '" + std::string(name) +
                                "'; this version knows " + known);
}

void clean(CleaningRule rule, TextToClean& text) {
    switch (rule) {
        case CleaningRule::urls:
            return blank_urls(text, is_space);
        case CleaningRule::html_entities:
            return unescape_entities(text);
        case CleaningRule::html_entities_v2:
            return resolve_references(text);
        case CleaningRule::urls_v2:
            return blank_urls(text, is_never_in_url);
    }
}

}  // namespace dixtill
