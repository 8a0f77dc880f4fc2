// A WordPiece vocabulary. Finds the pieces of a pre-token, the longest match first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "pretoken.h"

namespace dixtill {

class Vocabulary {
  public:
    // `pieces` are UTF-8, joined by '\n', and numbered from zero. They are copied. Throws
    // std::invalid_argument when a piece occurs twice or [UNK] is missing. Whatever the pieces
    // are, finding one takes at most max_probes slots and then a binary search.
    explicit Vocabulary(std::string_view pieces);

    // Appends the pieces of a pre-token. Appends nothing and returns false when it is too long, or
    // when a part of it matches no piece.
    bool append_pieces(const Pretoken& pretoken, std::vector<int32_t>& piece_ids) const;

    int32_t unknown_id() const { return unknown_id_; }

    // Whether a piece, numbered from zero, begins with ##. Pieces are padded, so that two bytes can
    // be read of each.
    bool is_continuation(int32_t id) const {
        const char* piece = bytes_.data() + starts_[static_cast<size_t>(id)];
        return piece[0] == '#' && piece[1] == '#';
    }

  private:
    // `id` counts from one; zero is an empty slot.
    struct Slot {
        uint32_t tag;
        uint32_t id;
    };
    // The piece that the first bytes of a text match. An id below zero means that none does.
    struct Match {
        int32_t id;
        size_t num_bytes;
    };

    void make_slots(size_t num_pieces);
    size_t home_slot(uint64_t hash) const;
    void insert(uint64_t hash);
    void sort_crowded();
    void find_unknown();
    std::string_view piece(uint32_t id) const;
    bool is_piece(uint32_t id, bool is_continuation, const char* text, size_t size) const;
    int32_t find(uint64_t hash, bool is_continuation, const char* text, size_t size) const;
    int32_t find_crowded(bool is_continuation, const char* text, size_t size) const;
    Match longest_match(std::string_view text, bool is_continuation, const uint64_t* hashes) const;

    std::vector<char> bytes_;        // the pieces, padded
    std::vector<uint32_t> starts_;   // [pieces + 1], of each piece in bytes_
    std::vector<Slot> slots_;        // open addressing, a power of two
    std::vector<uint32_t> crowded_;  // ids of pieces that found no slot nearby, sorted by piece
    size_t slot_mask_ = 0;
    int slot_shift_ = 0;  // of a hash, to give its slot
    size_t max_piece_bytes_ = 0;
    int32_t unknown_id_ = -1;
};

}  // namespace dixtill
