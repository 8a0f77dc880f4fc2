// The hash by which pieces are found: a state that takes a byte a step, so that a pass over a text
// gives the state of every prefix, and a product that mixes it.
#pragma once

#include <cstdint>

namespace dixtill {

constexpr uint64_t start_state = 0;

// Two cycles, where a product would take four; distinct for any nine bytes of ASCII.
constexpr uint64_t hash_step(uint64_t state, char byte) {
    return (state << 7 | state >> 57) ^ static_cast<unsigned char>(byte);
}

// The higher bits are the better ones.
constexpr uint64_t mixed(uint64_t state) {
    return state * 0x9E3779B97F4A7C15u;
}

}  // namespace dixtill
