#include "vocabulary.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>

#include "utf8.h"

namespace dixtill {

namespace {

constexpr std::string_view unknown_piece = "[UNK]";
constexpr std::string_view continuation = "##";
constexpr uint64_t hash_of(std::string_view text) {
    uint64_t hash = start_state;
    for (const char byte : text) hash = hash_step(hash, byte);
    return hash;
}

constexpr uint64_t continuation_hash = hash_of(continuation);

constexpr uint32_t tag_of(uint64_t hash) {
    return static_cast<uint32_t>(hash >> 20);
}

template <typename Word>
bool is_word_equal(const char* a, const char* b) {
    Word word_a, word_b;
    std::memcpy(&word_a, a, sizeof(Word));
    std::memcpy(&word_b, b, sizeof(Word));
    return word_a == word_b;
}

// Pieces are short: less than a call of memcmp.
bool is_equal(const char* a, const char* b, size_t size) {
    if (size > 16) return std::memcmp(a, b, size) == 0;
    if (size >= 8) {
        return is_word_equal<uint64_t>(a, b) && is_word_equal<uint64_t>(a + size - 8, b + size - 8);
    }
    if (size >= 4) {
        return is_word_equal<uint32_t>(a, b) && is_word_equal<uint32_t>(a + size - 4, b + size - 4);
    }
    return size == 0 || (a[0] == b[0] && a[size / 2] == b[size / 2] && a[size - 1] == b[size - 1]);
}

bool is_joined(std::string_view whole, std::string_view prefix, std::string_view rest) {
    return whole.size() == prefix.size() + rest.size() &&
           is_equal(whole.data(), prefix.data(), prefix.size()) &&
           is_equal(whole.data() + prefix.size(), rest.data(), rest.size());
}

// At most half of the slots are taken, which keeps the search for what is not there short.
int slot_bits(size_t num_pieces) {
    int bits = 4;
    while ((size_t{1} << bits) < 2 * num_pieces) ++bits;
    return bits;
}

}  // namespace

Vocabulary::Vocabulary(std::string_view pieces) : pieces_(pieces) {
    if (pieces.size() > std::numeric_limits<int32_t>::max()) {
        throw std::invalid_argument("the vocabulary has " + std::to_string(pieces.size()) +
                                    " bytes, expected less than 2 GiB");
    }
    if (!is_utf8(pieces)) throw std::invalid_argument("the vocabulary is not UTF-8");
    const auto num_pieces = static_cast<size_t>(std::count(pieces.begin(), pieces.end(), '\n')) + 1;
    const int num_bits = slot_bits(num_pieces);
    slots_.resize(size_t{1} << num_bits);
    slot_mask_ = slots_.size() - 1;
    slot_shift_ = 64 - num_bits;
    starts_.reserve(num_pieces + 1);
    starts_.push_back(0);
    for (size_t start = 0, id = 1; id <= num_pieces; ++id) {
        const size_t end = std::min(pieces.find('\n', start), pieces.size());
        const std::string_view text = pieces.substr(start, end - start);
        start = end + 1;
        starts_.push_back(static_cast<uint32_t>(start));
        max_piece_bytes_ = std::max(max_piece_bytes_, text.size());
        insert(static_cast<uint32_t>(id), mixed(hash_of(text)));
    }
    unknown_id_ = find(mixed(hash_of(unknown_piece)), "", unknown_piece);
    if (unknown_id_ < 0) throw std::invalid_argument("the vocabulary lacks the piece [UNK]");
}

void Vocabulary::insert(uint32_t id, uint64_t hash) {
    size_t at = hash >> slot_shift_;
    while (slots_[at].id != 0) {
        if (slots_[at].tag == tag_of(hash) && piece(slots_[at].id) == piece(id)) {
            throw std::invalid_argument("the vocabulary holds a piece twice");
        }
        at = (at + 1) & slot_mask_;
    }
    slots_[at] = {tag_of(hash), id};
}

std::string_view Vocabulary::piece(uint32_t id) const {
    const uint32_t start = starts_[id - 1];
    return {pieces_.data() + start, starts_[id] - start - 1};
}

int32_t Vocabulary::find(uint64_t hash, std::string_view prefix, std::string_view text) const {
    size_t at = hash >> slot_shift_;
    while (slots_[at].id != 0) {
        if (slots_[at].tag == tag_of(hash) && is_joined(piece(slots_[at].id), prefix, text)) {
            return static_cast<int32_t>(slots_[at].id) - 1;
        }
        at = (at + 1) & slot_mask_;
    }
    return -1;
}

// hashes[i] is the hash of `prefix` and the first i + 1 bytes of `text`.
Vocabulary::Match Vocabulary::longest_match(std::string_view prefix, std::string_view text,
                                            const uint64_t* hashes) const {
    for (size_t end = std::min(text.size(), max_piece_bytes_); end > 0; --end) {
        if (end < text.size() && is_continuation_byte(text[end])) continue;
        const int32_t id = find(mixed(hashes[end - 1]), prefix, text.substr(0, end));
        if (id >= 0) return {id, end};
    }
    return {-1, 0};
}

void Vocabulary::append_pieces(const Pretoken& pretoken, std::vector<int32_t>& piece_ids) const {
    if (pretoken.is_too_long()) return piece_ids.push_back(unknown_id_);
    const size_t num_before = piece_ids.size();
    std::string_view rest = pretoken.text();
    Match match = longest_match("", rest, pretoken.hashes());
    while (match.id >= 0) {
        piece_ids.push_back(match.id);
        rest.remove_prefix(match.num_bytes);
        if (rest.empty()) return;
        uint64_t hashes[max_pretoken_bytes];
        uint64_t hash = continuation_hash;
        const size_t num_hashes = std::min(rest.size(), max_piece_bytes_);
        for (size_t i = 0; i < num_hashes; ++i) hashes[i] = hash = hash_step(hash, rest[i]);
        match = longest_match(continuation, rest, hashes);
    }
    piece_ids.resize(num_before);
    piece_ids.push_back(unknown_id_);
}

}  // namespace dixtill
