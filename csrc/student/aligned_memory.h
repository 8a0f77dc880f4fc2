// Zeroed bytes that begin at a cache line, so that no vector of parameters straddles two.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>

#include "../kernels/interface.h"

namespace dixtill {

class AlignedMemory {
  public:
    AlignedMemory() = default;

    // calloc takes much memory from the system, which zeroes each page when it is first touched: a
    // gigabyte costs no time here, where nothing could interrupt it.
    explicit AlignedMemory(int64_t num_bytes)
        : memory_(static_cast<uint8_t*>(
              std::calloc(static_cast<size_t>(num_bytes + kLineBytes), sizeof(uint8_t)))) {
        if (memory_ == nullptr) throw std::bad_alloc();
        const auto past_line = reinterpret_cast<uintptr_t>(memory_.get()) % kLineBytes;
        data_ = memory_.get() + (kLineBytes - past_line) % kLineBytes;
    }

    uint8_t* data() const { return data_; }

  private:
    struct Free {
        void operator()(uint8_t* memory) const { std::free(memory); }
    };

    std::unique_ptr<uint8_t, Free> memory_;
    uint8_t* data_ = nullptr;
};

}  // namespace dixtill
