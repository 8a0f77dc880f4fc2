// UTF-8 to code points and back. A lone surrogate may stand as three bytes, as Python's
// "surrogatepass" writes it; any other malformed byte is read as U+FFFD.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "../process/interruption.h"

namespace dixtill {

constexpr size_t max_utf8_bytes = 4;  // of one code point

// Writes the code points to the front of `out`, which grows to what the longest text needed and
// does not shrink. Returns their number. Throws Interrupted.
size_t decode_utf8(std::string_view text, std::vector<char32_t>& out,
                   Interruption* interruption = nullptr);

// Whether `text` is well formed and without surrogates: what a Python str encodes to.
bool is_utf8(std::string_view text);

inline bool is_continuation_byte(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

// Cuts the first code point off `text`, which is UTF-8 and not empty.
inline char32_t take_code_point(std::string_view& text) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const size_t num_more = byte(0) < 0x80 ? 0 : byte(0) < 0xE0 ? 1 : byte(0) < 0xF0 ? 2 : 3;
    char32_t c = num_more == 0 ? byte(0) : byte(0) & (0x3Fu >> num_more);
    for (size_t i = 1; i <= num_more; ++i) c = c << 6 | (byte(i) & 0x3F);
    text.remove_prefix(1 + num_more);
    return c;
}

// Writes at most max_utf8_bytes bytes; returns their number.
inline size_t encode_utf8(char32_t c, char* out) {
    const auto last_six_bits = [c](int shift) {
        return static_cast<char>(0x80 | (c >> shift & 0x3F));
    };
    if (c < 0x80) {
        out[0] = static_cast<char>(c);
        return 1;
    }
    if (c < 0x800) {
        out[0] = static_cast<char>(0xC0 | c >> 6);
        out[1] = last_six_bits(0);
        return 2;
    }
    if (c < 0x10000) {
        out[0] = static_cast<char>(0xE0 | c >> 12);
        out[1] = last_six_bits(6);
        out[2] = last_six_bits(0);
        return 3;
    }
    out[0] = static_cast<char>(0xF0 | c >> 18);
    out[1] = last_six_bits(12);
    out[2] = last_six_bits(6);
    out[3] = last_six_bits(0);
    return 4;
}

}  // namespace dixtill
