#include "ig_accumulate.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "../process/blocks.h"

namespace dixtill {
namespace {

// A block has 1 MB of gradients: its part of delta then stays in the second cache through all
// steps, and it takes less than a millisecond.
constexpr int64_t kFloatsPerBlock = 1 << 18;
constexpr int64_t kFloatsPerPiece = 1 << 10;  // are read in about the time of one piece

void check_word_index(const IgArguments& arguments, Interruption* interruption) {
    const int64_t num_tokens = arguments.num_texts * arguments.num_tokens;
    in_blocks(int64_t{0}, num_tokens, interruption, [&](int64_t i, int64_t end) {
        for (; i < end; ++i) {
            const int32_t word = arguments.word_index[i];
            if (-1 <= word && word < arguments.num_words) continue;
            throw std::invalid_argument("word_index[" + std::to_string(i / arguments.num_tokens) +
                                        ", " + std::to_string(i % arguments.num_tokens) + "] is " +
                                        std::to_string(word) + ", expected -1 (padding) to " +
                                        std::to_string(arguments.num_words - 1));
        }
        return end;
    });
}

void set_to_zero(float* values, int64_t count, Interruption* interruption) {
    in_blocks(values, values + count, interruption, [](float* at, float* end) {
        std::fill(at, end, 0.0F);
        return end;
    });
}

}  // namespace

void ig_accumulate(const Kernels& kernels, const IgArguments& arguments,
                   Interruption* interruption) {
    check_word_index(arguments, interruption);
    set_to_zero(arguments.attributions, arguments.num_texts * arguments.num_words, interruption);
    const int64_t num_tokens = arguments.num_texts * arguments.num_tokens;
    const int64_t floats_per_token = std::max<int64_t>(1, arguments.num_steps * arguments.width);
    const int64_t block_size = std::max<int64_t>(1, kFloatsPerBlock / floats_per_token);
    std::vector<float> sums(static_cast<size_t>(std::min(block_size, num_tokens)));
    for (int64_t begin = 0; begin < num_tokens; begin += block_size) {
        const int64_t end = std::min(begin + block_size, num_tokens);
        kernels.ig_accumulate(arguments, {begin, end, sums.data()});
        report(interruption, (end - begin) * floats_per_token / kFloatsPerPiece);
    }
}

}  // namespace dixtill
