// The hash that finds pieces. It takes one step for each byte, so one pass over a text gives the
// hash of every prefix.
#pragma once

#include <cstdint>

namespace dixtill {

constexpr uint64_t start_hash = 0x51A7D0B5C3E98F21u;

// The product carries a byte into all higher bits, so use the high bits.
constexpr uint64_t hash_step(uint64_t hash, char byte) {
    return (hash ^ static_cast<unsigned char>(byte)) * 0x9E3779B97F4A7C15u;
}

}  // namespace dixtill
