// The hash by which pieces are found. One step for each byte, so that a pass over a text gives the
// hash of every prefix.
#pragma once

#include <cstdint>

namespace dixtill {

constexpr uint64_t start_hash = 0x51A7D0B5C3E98F21u;

// The product carries a byte to all higher bits: those are the ones to use.
constexpr uint64_t hash_step(uint64_t hash, char byte) {
    return (hash ^ static_cast<unsigned char>(byte)) * 0x9E3779B97F4A7C15u;
}

}  // namespace dixtill
