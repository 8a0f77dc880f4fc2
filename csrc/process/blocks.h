// Long loops in blocks, with a report of progress between two blocks.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "interruption.h"

namespace dixtill {

constexpr ptrdiff_t kBlock = 4096;  // characters, numbers or other things that take nanoseconds
constexpr int64_t kPiecesPerBlock = 64;  // a block takes as long as this many pieces, or less

// The end of the block that begins at `at`, a pointer or an index.
template <typename Position>
Position block_end(Position at, Position end) {
    return static_cast<ptrdiff_t>(end - at) > kBlock ? at + kBlock : end;
}

// Calls advance(at, block_end) for one block after another. It returns where it stopped: at the
// block's end or beyond. Short work is one block, and costs no report. Throws Interrupted.
template <typename Position, typename Advance>
void in_blocks(Position at, Position end, Interruption* interruption, const Advance& advance) {
    while (at < end) {
        at = advance(at, block_end(at, end));
        if (at < end) report(interruption, kPiecesPerBlock);
    }
}

// std::find_if, in blocks.
template <typename Position, typename Is>
Position find_in_blocks(Position at, Position end, Interruption* interruption, const Is& is) {
    while (true) {
        const Position last = block_end(at, end);
        at = std::find_if(at, last, is);
        if (at != last || at == end) return at;
        report(interruption, kPiecesPerBlock);
    }
}

// Makes room for `size` values, and keeps those that are there. New memory is filled in
// blocks, so that a gigabyte of it can be interrupted.
template <typename T>
void grow(std::vector<T>& values, size_t size, Interruption* interruption) {
    if (values.size() >= size) return;
    values.reserve(size);
    in_blocks(values.size(), size, interruption, [&](size_t, size_t end) {
        values.resize(end);
        return end;
    });
}

}  // namespace dixtill
