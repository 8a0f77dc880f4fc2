#include "utf8.h"

#include <cstdint>
#include <cstring>

#include "../process/blocks.h"

namespace dixtill {

namespace {

constexpr char32_t malformed = 0xFFFFFFFF;
constexpr char32_t replacement = 0xFFFD;
constexpr size_t ascii_step = 8;

bool is_surrogate(char32_t c) {
    return 0xD800 <= c && c <= 0xDFFF;
}

// Returns the code point at `position`, and moves `position` past it, or past one malformed byte.
char32_t next_code_point(std::string_view text, size_t& position) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const char32_t first = byte(position++);
    if (first < 0x80) return first;
    if (first < 0xC2 || first > 0xF4) return malformed;
    const size_t num_more = first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
    if (text.size() - position < num_more) return malformed;
    char32_t c = first & (0x3Fu >> num_more);
    for (size_t i = position; i < position + num_more; ++i) {
        if (!is_continuation_byte(text[i])) return malformed;
        c = c << 6 | (byte(i) & 0x3F);
    }
    // Encoded in more bytes than necessary, or past the last code point.
    if ((num_more == 2 && c < 0x800) || (num_more == 3 && (c < 0x10000 || c > 0x10FFFF))) {
        return malformed;
    }
    position += num_more;
    return c;
}

// Most text is ASCII, which is read eight bytes at a time.
bool is_ascii_step(const char* bytes) {
    uint64_t word;
    std::memcpy(&word, bytes, ascii_step);
    return (word & 0x8080808080808080u) == 0;
}

}  // namespace

size_t decode_utf8(std::string_view text, std::vector<char32_t>& out, Interruption* interruption) {
    grow(out, text.size(), interruption);
    char32_t* next = out.data();
    in_blocks(size_t{0}, text.size(), interruption, [&](size_t at, size_t end) {
        while (at < end) {
            while (end - at >= ascii_step && is_ascii_step(&text[at])) {
                for (size_t i = 0; i < ascii_step; ++i) {
                    next[i] = static_cast<unsigned char>(text[at + i]);
                }
                next += ascii_step;
                at += ascii_step;
            }
            if (at == end) break;
            const char32_t c = next_code_point(text, at);
            *next++ = c == malformed ? replacement : c;
        }
        return at;
    });
    return static_cast<size_t>(next - out.data());
}

bool is_utf8(std::string_view text) {
    size_t position = 0;
    while (position < text.size()) {
        if (text.size() - position >= ascii_step && is_ascii_step(&text[position])) {
            position += ascii_step;
            continue;
        }
        const char32_t c = next_code_point(text, position);
        if (c == malformed || is_surrogate(c)) return false;
    }
    return true;
}

}  // namespace dixtill
