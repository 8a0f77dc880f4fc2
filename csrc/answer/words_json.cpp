#include "words_json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "../text/utf8.h"

namespace dixtill {
namespace {

constexpr double kMillion = 1e6;
constexpr double kExactIntegers = 9007199254740992.0;  // 2^53
constexpr size_t kBytesOfWord = 88;                    // enough for most words, with keys

// Finds where code points begin in UTF-8. Quick as long as positions grow.
class Cursor {
  public:
    explicit Cursor(std::string_view utf8) : utf8_(utf8) {}

    size_t byte_of(int64_t code_point) {
        if (code_point < code_point_) *this = Cursor(utf8_);
        while (code_point_ < code_point && byte_ < utf8_.size()) {
            do ++byte_;
            while (byte_ < utf8_.size() && is_continuation_byte(utf8_[byte_]));
            ++code_point_;
        }
        return byte_;
    }

  private:
    std::string_view utf8_;
    size_t byte_ = 0;
    int64_t code_point_ = 0;
};

// False for bytes that JSON must escape, and for the first bytes of unsafe code points.
bool is_plain(char byte) {
    const unsigned char value = static_cast<unsigned char>(byte);
    return value >= 0x20 && value != '"' && value != '\\' && value != 0x7F && value != 0xC2 &&
           value != 0xE2 && value != 0xED && value != 0xEF;
}

// Whether a terminal or a page obeys the code point instead of showing it; the same as in
// python/dixtill/escapes.py.
bool is_unsafe(uint32_t code) {
    return code < 0x20 || (code >= 0x7F && code <= 0x9F) || (code >= 0x2028 && code <= 0x202E) ||
           (code >= 0x2066 && code <= 0x206F) || (code >= 0xD800 && code <= 0xDFFF) ||
           (code >= 0xFFF9 && code <= 0xFFFB);
}

void append_escape(std::string& out, uint32_t code) {
    constexpr char digits[] = "0123456789abcdef";
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) out += digits[(code >> shift) & 0x0F];
}

// Appends the code point at `i`, whose first byte is not plain, escaped if necessary.
void append_special(std::string& out, std::string_view utf8, size_t& i) {
    const size_t begin = i;
    const unsigned char byte = static_cast<unsigned char>(utf8[i++]);
    uint32_t code = byte < 0x80 ? byte : byte < 0xE0 ? byte & 0x1Fu : byte & 0x0Fu;
    while (i < utf8.size() && is_continuation_byte(utf8[i])) {
        code = code << 6 | (static_cast<unsigned char>(utf8[i++]) & 0x3Fu);
    }
    if (code >= 0xD800 && code <= 0xDFFF) {
        out += "\xEF\xBF\xBD";
    } else if (is_unsafe(code)) {
        append_escape(out, code);
    } else {
        if (byte < 0x80) out += '\\';
        out.append(utf8, begin, i - begin);
    }
}

void append_string(std::string& out, std::string_view utf8) {
    out += '"';
    for (size_t i = 0; i < utf8.size();) {
        size_t end = i;
        while (end < utf8.size() && is_plain(utf8[end])) ++end;
        out.append(utf8, i, end - i);
        i = end;
        if (i < utf8.size()) append_special(out, utf8, i);
    }
    out += '"';
}

void append_integer(std::string& out, int64_t value) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), end);
}

// Older versions of macOS have no to_chars for floats.
void append_weight(std::string& out, double weight) {
    const double millionths = std::nearbyint(std::fabs(weight) * kMillion);
    if (!(millionths < kExactIntegers)) {  // no trained student has such weights
        std::array<char, 32> text;
        std::snprintf(text.data(), text.size(), "%.17g", weight);
        std::replace(text.begin(), text.end(), ',', '.');  // the process's locale may write commas
        out += text.data();
        return;
    }
    if (std::signbit(weight)) out += '-';
    const int64_t value = static_cast<int64_t>(millionths);
    append_integer(out, value / 1000000);
    std::array<char, 7> fraction = {'.'};
    for (size_t i = 6, rest = static_cast<size_t>(value % 1000000); i > 0; --i, rest /= 10) {
        fraction[i] = static_cast<char>('0' + rest % 10);
    }
    out.append(fraction.data(), fraction.size());
}

}  // namespace

std::string words_json(std::string_view utf8, std::string_view record, size_t num_labels,
                       std::optional<size_t> label) {
    const RecordView words(record, num_labels);
    const size_t row = label ? words.row_of(*label) : words.shown_row();
    Cursor cursor(utf8);
    std::string out;
    out.reserve(2 + words.num_words() * kBytesOfWord);
    out += '[';
    for (size_t w = 0; w < words.num_words(); ++w) {
        const Span span = words.span(w);
        const size_t start = cursor.byte_of(span.start);
        const size_t end = cursor.byte_of(span.end);
        out += w ? ",{\"text\":" : "{\"text\":";
        append_string(out, utf8.substr(start, end - start));
        out += ",\"start\":";
        append_integer(out, span.start);
        out += ",\"end\":";
        append_integer(out, span.end);
        out += ",\"weight\":";
        append_weight(out, words.weight(row, w));
        out += words.is_unknown(w) ? ",\"is_unknown\":true}" : ",\"is_unknown\":false}";
    }
    out += ']';
    return out;
}

}  // namespace dixtill
