// The unit of splitting: a run of characters, one punctuation mark or one symbol.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "piece_hash.h"
#include "utf8.h"

namespace dixtill {

constexpr size_t max_pretoken_chars = 100;  // WordPiece's own limit: a longer one is unknown
constexpr size_t max_pretoken_bytes = max_pretoken_chars * max_utf8_bytes;
constexpr size_t text_padding = 8;  // bytes, so that a short text is compared in one step

struct Span {
    int64_t start, end;  // in code points of the user's text

    void cover(const Span& other) {
        start = std::min(start, other.start);
        end = std::max(end, other.end);
    }
};

enum class PretokenKind : uint8_t { run, punctuation, symbol };

// A pre-token that grows. It is hashed as it grows, which costs less than a second pass.
class Pretoken {
  public:
    void begin(PretokenKind kind, int64_t source) {
        kind_ = kind;
        num_bytes_ = num_chars_ = 0;
        hash_ = start_hash;
        span = {source, source + 1};
    }

    // Keeps only what fits: a longer pre-token is unknown, whatever it contains.
    void append(char32_t c) {
        if (num_chars_ < max_pretoken_chars) {
            char bytes[max_utf8_bytes];
            const size_t num_bytes = encode_utf8(c, bytes);
            for (size_t i = 0; i < num_bytes; ++i) append_byte(bytes[i]);
        }
        ++num_chars_;
    }

    // Appends characters of one byte from `at` on, as long as `next` returns them and they fit.
    // Returns the position after the last one taken. `next` returns zero to stop.
    template <typename Next>
    size_t append_ascii(size_t at, size_t end, Next next) {
        const size_t room = max_pretoken_chars - std::min(num_chars_, max_pretoken_chars);
        const size_t num_most = std::min(end - at, room);
        char* bytes = bytes_ + num_bytes_;
        uint64_t* hashes = hashes_ + num_bytes_;
        uint64_t hash = hash_;  // a local variable, as a char that is written may alias members
        size_t num_taken = 0;
        for (; num_taken < num_most; ++num_taken) {
            const char byte = next(at + num_taken);
            if (byte == 0) break;
            hash = hash_step(hash, byte);
            bytes[num_taken] = byte;
            hashes[num_taken] = hash;
        }
        hash_ = hash;
        num_bytes_ += num_taken;
        num_chars_ += num_taken;
        return at + num_taken;
    }

    PretokenKind kind() const { return kind_; }
    bool is_too_long() const { return num_chars_ > max_pretoken_chars; }

    // Up to text_padding bytes after its end may be read too.
    std::string_view text() const { return {bytes_, num_bytes_}; }

    // hashes()[i] is the hash of the first i + 1 bytes.
    const uint64_t* hashes() const { return hashes_; }

    Span span;

  private:
    void append_byte(char byte) {
        bytes_[num_bytes_] = byte;
        hashes_[num_bytes_] = hash_ = hash_step(hash_, byte);
        ++num_bytes_;
    }

    PretokenKind kind_;
    size_t num_bytes_, num_chars_;
    uint64_t hash_;
    char bytes_[max_pretoken_bytes + text_padding];
    uint64_t hashes_[max_pretoken_bytes];
};

}  // namespace dixtill
