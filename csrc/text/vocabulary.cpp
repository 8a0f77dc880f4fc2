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
// Pieces of real vocabularies lie within about 30 slots. A vocabulary that is made to collide gains
// nothing.
constexpr size_t max_probes = 64;
constexpr size_t max_vocabulary_bytes = std::numeric_limits<int32_t>::max();  // ids and starts

constexpr uint64_t hash_of(std::string_view text) {
    uint64_t hash = start_hash;
    for (const char byte : text) hash = hash_step(hash, byte);
    return hash;
}

constexpr uint64_t continuation_hash = hash_of(continuation);

constexpr uint32_t tag_of(uint64_t hash) {
    return static_cast<uint32_t>(hash >> 20);
}

uint64_t load(const char* bytes) {
    uint64_t word;
    std::memcpy(&word, bytes, sizeof(word));
    return word;
}

// Both are padded. Most pieces are short, and are compared without a call or a loop.
bool is_equal(const char* a, const char* b, size_t size) {
    static_assert(sizeof(uint64_t) == text_padding);
    constexpr char mask[2 * text_padding] = "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\0\0\0\0\0\0";
    if (size > text_padding) return std::memcmp(a, b, size) == 0;
    return ((load(a) ^ load(b)) & load(mask + text_padding - size)) == 0;
}

// At most half of the slots are taken, so searches for missing pieces end soon.
int slot_bits(size_t num_pieces) {
    int bits = 4;
    while ((size_t{1} << bits) < 2 * num_pieces) ++bits;
    return bits;
}

[[noreturn]] void refuse_twin() {
    throw std::invalid_argument("the vocabulary holds a piece twice");
}

}  // namespace

Vocabulary::Vocabulary(std::string_view pieces) {
    if (pieces.size() > max_vocabulary_bytes) {
        throw std::invalid_argument("the vocabulary has " + std::to_string(pieces.size()) +
                                    " bytes, expected less than 2 GiB");
    }
    if (!is_utf8(pieces)) throw std::invalid_argument("the vocabulary is not UTF-8");
    bytes_.reserve(pieces.size() + text_padding);
    bytes_.assign(pieces.begin(), pieces.end());
    bytes_.resize(pieces.size() + text_padding);
    const auto num_pieces = static_cast<size_t>(std::count(pieces.begin(), pieces.end(), '\n')) + 1;
    make_slots(num_pieces);
    starts_.reserve(num_pieces + 1);
    starts_.push_back(0);
    uint64_t hash = start_hash;
    for (size_t i = 0; i <= pieces.size(); ++i) {
        if (i < pieces.size() && pieces[i] != '\n') {
            hash = hash_step(hash, pieces[i]);
            continue;
        }
        max_piece_bytes_ = std::max(max_piece_bytes_, i - starts_.back());
        starts_.push_back(static_cast<uint32_t>(i + 1));
        insert(hash);
        hash = start_hash;
    }
    sort_crowded();
    find_unknown();
}

void Vocabulary::make_slots(size_t num_pieces) {
    const int num_bits = slot_bits(num_pieces);
    slots_.resize(size_t{1} << num_bits);
    slot_mask_ = slots_.size() - 1;
    slot_shift_ = 64 - num_bits;
}

inline size_t Vocabulary::home_slot(uint64_t hash) const {
    return static_cast<size_t>(hash >> slot_shift_);
}

// Inserts the last piece of starts_.
void Vocabulary::insert(uint64_t hash) {
    const auto id = static_cast<uint32_t>(starts_.size() - 1);
    size_t at = home_slot(hash);
    for (size_t probe = 0; probe < max_probes; ++probe) {
        Slot& slot = slots_[at];
        if (slot.id == 0) {
            slot = {tag_of(hash), id};
            return;
        }
        if (slot.tag == tag_of(hash) && piece(slot.id) == piece(id)) refuse_twin();
        at = (at + 1) & slot_mask_;
    }
    crowded_.push_back(id);
}

void Vocabulary::sort_crowded() {
    const auto is_before = [this](uint32_t a, uint32_t b) { return piece(a) < piece(b); };
    const auto is_twin = [this](uint32_t a, uint32_t b) { return piece(a) == piece(b); };
    std::sort(crowded_.begin(), crowded_.end(), is_before);
    const auto twin = std::adjacent_find(crowded_.begin(), crowded_.end(), is_twin);
    if (twin != crowded_.end()) refuse_twin();
}

void Vocabulary::find_unknown() {
    char padded[unknown_piece.size() + text_padding] = {};
    std::copy(unknown_piece.begin(), unknown_piece.end(), padded);
    unknown_id_ = find(hash_of(unknown_piece), false, padded, unknown_piece.size());
    if (unknown_id_ < 0) throw std::invalid_argument("the vocabulary lacks the piece [UNK]");
}

inline std::string_view Vocabulary::piece(uint32_t id) const {
    const uint32_t start = starts_[id - 1];
    return {bytes_.data() + start, starts_[id] - start - 1};
}

inline bool Vocabulary::is_piece(uint32_t id, bool is_continuation, const char* text,
                                 size_t size) const {
    std::string_view whole = piece(id);
    if (is_continuation) {
        if (whole.substr(0, continuation.size()) != continuation) return false;
        whole.remove_prefix(continuation.size());
    }
    return whole.size() == size && is_equal(whole.data(), text, size);
}

inline int32_t Vocabulary::find(uint64_t hash, bool is_continuation, const char* text,
                                size_t size) const {
    size_t at = home_slot(hash);
    for (size_t probe = 0; probe < max_probes; ++probe) {
        const Slot slot = slots_[at];
        if (slot.id == 0) return -1;
        if (slot.tag == tag_of(hash) && is_piece(slot.id, is_continuation, text, size)) {
            return static_cast<int32_t>(slot.id) - 1;
        }
        at = (at + 1) & slot_mask_;
    }
    return find_crowded(is_continuation, text, size);
}

int32_t Vocabulary::find_crowded(bool is_continuation, const char* text, size_t size) const {
    std::string whole(is_continuation ? continuation : std::string_view());
    whole.append(text, size);
    const auto is_before = [this](uint32_t id, const std::string& p) { return piece(id) < p; };
    const auto found = std::lower_bound(crowded_.begin(), crowded_.end(), whole, is_before);
    if (found == crowded_.end() || piece(*found) != whole) return -1;
    return static_cast<int32_t>(*found) - 1;
}

// hashes[i] is the hash of the first i + 1 bytes of `text`, after ## if it continues a pre-token.
inline Vocabulary::Match Vocabulary::longest_match(std::string_view text, bool is_continuation,
                                                   const uint64_t* hashes) const {
    for (size_t end = std::min(text.size(), max_piece_bytes_); end > 0; --end) {
        if (end < text.size() && is_continuation_byte(text[end])) continue;
        const int32_t id = find(hashes[end - 1], is_continuation, text.data(), end);
        if (id >= 0) return {id, end};
    }
    return {-1, 0};
}

bool Vocabulary::append_pieces(const Pretoken& pretoken, std::vector<int32_t>& piece_ids) const {
    if (pretoken.is_too_long()) return false;
    const size_t num_before = piece_ids.size();
    std::string_view rest = pretoken.text();
    Match match = longest_match(rest, false, pretoken.hashes());
    while (match.id >= 0) {
        piece_ids.push_back(match.id);
        rest.remove_prefix(match.num_bytes);
        if (rest.empty()) return true;
        uint64_t hashes[max_pretoken_bytes];
        uint64_t hash = continuation_hash;
        const size_t num_hashes = std::min(rest.size(), max_piece_bytes_);
        for (size_t i = 0; i < num_hashes; ++i) hashes[i] = hash = hash_step(hash, rest[i]);
        match = longest_match(rest, true, hashes);
    }
    piece_ids.resize(num_before);
    return false;
}

}  // namespace dixtill
