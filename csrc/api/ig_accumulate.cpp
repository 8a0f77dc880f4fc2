#include "ig_accumulate.h"

#include <stdexcept>
#include <string>

namespace dixtill {

void ig_accumulate(const Kernels& kernels, const IgArguments& arguments) {
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
    kernels.ig_accumulate(arguments);
}

}  // namespace dixtill
