#include "familiarity.h"

#include <algorithm>
#include <stdexcept>

#include "../process/blocks.h"

namespace dixtill {
namespace {

constexpr int64_t kNoEvidence = -8;                   // of a piece that is not counted
constexpr int64_t kKnownWord = 4, kUnknownWord = -2;  // evidence of a word of several pieces
constexpr int64_t kPriorWords = 2;                    // of evidence 0
constexpr uint32_t kFirstCode = 0x811C9DC5, kFactor = 0x01000193;  // of the hash of a word

// Returns the evidence from -8 to 7 of each piece. Byte i holds piece i in its low half and piece
// (count + 1) / 2 + i in its high half.
std::vector<int8_t> unpacked(const uint8_t* evidence_q4, size_t count) {
    std::vector<int8_t> evidence(count);
    const size_t num_low = (count + 1) / 2;
    for (size_t i = 0; i < count; ++i) {
        const int half = i < num_low ? evidence_q4[i] & 15 : evidence_q4[i - num_low] >> 4;
        evidence[i] = static_cast<int8_t>(half > 7 ? half - 16 : half);
    }
    return evidence;
}

uint32_t mixed(uint32_t code) {
    code ^= code >> 16;
    code *= 0x45D9F3B;
    return code ^ code >> 16;
}

}  // namespace

// The words of a text so far, and the pieces of the one that may go on.
struct Familiarity::Sum {
    int64_t total = 0, num_words = 0, num_known = 0;
    int64_t num_pieces = 0;  // of the last word
    int32_t first_piece = 0;
    uint32_t code = kFirstCode;
};

int64_t Familiarity::num_evidence_pieces(int64_t num_pieces) {
    return std::min(num_pieces, max_evidence_pieces);
}

Familiarity::Familiarity(const uint8_t* evidence_q4, int64_t num_pieces, const uint8_t* known_words,
                         const float* quantiles)
    : evidence_(unpacked(evidence_q4, static_cast<size_t>(num_evidence_pieces(num_pieces)))),
      known_words_(known_words, known_words + num_word_bytes),
      quantiles_(quantiles, quantiles + num_quantiles) {
    if (!std::is_sorted(quantiles_.begin(), quantiles_.end())) {
        throw std::invalid_argument(
            "weight 'familiarity_quantiles' holds a number that is below "
            "the one before it, expected numbers that do not fall");
    }
}

float Familiarity::of(const std::vector<int32_t>& piece_ids, const Tokenizer& tokenizer,
                      Interruption* interruption) const {
    Sum sum;
    in_blocks(size_t{0}, piece_ids.size(), interruption, [&](size_t at, size_t end) {
        for (; at < end; ++at) {
            const int32_t piece = piece_ids[at];
            if (!tokenizer.is_continuation(piece)) add_word(sum, tokenizer.unknown_id());
            if (sum.num_pieces++ == 0) sum.first_piece = piece;
            sum.code = (sum.code ^ static_cast<uint32_t>(piece)) * kFactor;
        }
        return end;
    });
    add_word(sum, tokenizer.unknown_id());
    if (sum.num_known == 0) return 0.0F;
    const double mean =
        static_cast<double>(sum.total) / static_cast<double>(sum.num_words + kPriorWords);
    return static_cast<float>(share_below(mean));
}

// Adds the last word, if there is one, and begins another.
void Familiarity::add_word(Sum& sum, int32_t unknown_id) const {
    if (sum.num_pieces == 0) return;
    const bool is_whole = sum.num_pieces == 1;
    const bool is_known = is_whole ? sum.first_piece != unknown_id : knows(mixed(sum.code));
    const size_t place = std::min(static_cast<size_t>(sum.first_piece), evidence_.size() - 1);
    const int64_t evidence = is_whole ? evidence_[place] : is_known ? kKnownWord : kUnknownWord;
    if (evidence != kNoEvidence) {
        sum.total += evidence;
        ++sum.num_words;
        sum.num_known += is_known ? 1 : 0;
    }
    sum.num_pieces = 0;
    sum.code = kFirstCode;
}

bool Familiarity::knows(uint32_t code) const {
    const auto has = [this](uint32_t bit) {
        bit %= 8 * num_word_bytes;
        return (known_words_[bit / 8] >> (bit % 8) & 1) != 0;
    };
    return has(code) && has(code >> 16);
}

// Returns the share of validation texts with a lower mean, interpolated between the quantiles.
double Familiarity::share_below(double mean) const {
    const auto above = std::upper_bound(quantiles_.begin(), quantiles_.end(), mean);
    if (above == quantiles_.begin()) return 0.0;
    if (above == quantiles_.end()) return 1.0;
    const double low = above[-1], high = above[0];
    const auto num_below = static_cast<double>(above - quantiles_.begin() - 1);
    return (num_below + (mean - low) / (high - low)) / (num_quantiles - 1);
}

}  // namespace dixtill
