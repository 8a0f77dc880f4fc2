// Reads rows of the embedding, which hold 8 bits a value or 4, as int8 activations.
#pragma once

#include "interface.h"

namespace dixtill::DIXTILL_TARGET {

// Reads one row as the target's dot4 expects it.
static inline void read_row(const Embedding& embedding, int32_t piece, int64_t width, int8_t* to) {
    const uint8_t* row = embedding.rows + piece * embedding.row_bytes;
    if (embedding.bits == 8) {
        for (int64_t i = 0; i < width; ++i) to[i] = static_cast<int8_t>(row[i] ^ kActivationOffset);
        return;
    }
    const int64_t num_low = embedding.row_bytes;
    for (int64_t i = 0; i < num_low; ++i) {
        to[i] = static_cast<int8_t>((row[i] << 4) ^ kActivationOffset);
    }
    for (int64_t i = 0; i < width - num_low; ++i) {
        to[num_low + i] = static_cast<int8_t>((row[i] & 0xF0) ^ kActivationOffset);
    }
}

}  // namespace dixtill::DIXTILL_TARGET
