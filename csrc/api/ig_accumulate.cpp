#include "ig_accumulate.h"

#include <stdexcept>
#include <string>
#include <vector>

namespace dixtill {

void ig_accumulate(const Kernels& kernels, IgArguments arguments) {
    const int64_t num_tokens = arguments.num_texts * arguments.num_tokens;
    for (int64_t i = 0; i < num_tokens; ++i) {
        const int32_t word = arguments.word_index[i];
        if (word < -1 || word >= arguments.num_words) {
            throw std::invalid_argument("word_index[" + std::to_string(i / arguments.num_tokens) +
                                        ", " + std::to_string(i % arguments.num_tokens) + "] is " +
                                        std::to_string(word) + ", expected -1 (padding) to " +
                                        std::to_string(arguments.num_words - 1));
        }
    }
    std::vector<float> token_sums(static_cast<size_t>(num_tokens));
    arguments.token_sums = token_sums.data();
    kernels.ig_accumulate(arguments);
}

}  // namespace dixtill
