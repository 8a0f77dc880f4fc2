// Says how familiar a text is: how much its words are those that the student learned from.
// specification/familiarity.py specifies it to the last bit.
#pragma once

#include <cstdint>
#include <vector>

#include "../process/interruption.h"
#include "../text/tokenizer.h"

namespace dixtill {

class Familiarity {
  public:
    static constexpr int64_t max_evidence_pieces = 10240, num_word_bytes = 2048,
                             num_quantiles = 101;

    // How many of the first pieces have evidence of their own; later ones share that of the last.
    static int64_t num_evidence_pieces(int64_t num_pieces);

    // Copies a model file's tensors: evidence of the pieces, two of them in a byte, a filter of
    // words [num_word_bytes] and quantiles [num_quantiles]. Throws std::invalid_argument when the
    // quantiles fall.
    Familiarity(const uint8_t* evidence_q4, int64_t num_pieces, const uint8_t* known_words,
                const float* quantiles);

    // Returns a number in [0, 1] for the pieces of a text.
    float of(const std::vector<int32_t>& piece_ids, const Tokenizer& tokenizer,
             Interruption* interruption) const;

  private:
    struct Sum;

    void add_word(Sum& sum, int32_t unknown_id) const;
    bool knows(uint32_t code) const;
    double share_below(double mean) const;

    std::vector<int8_t> evidence_;
    std::vector<uint8_t> known_words_;
    std::vector<float> quantiles_;
};

}  // namespace dixtill
