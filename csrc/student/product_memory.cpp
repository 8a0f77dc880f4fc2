#include "product_memory.h"

#include <algorithm>

namespace dixtill {
namespace {

int64_t num_bytes_of(int64_t num_values) {
    return num_values * static_cast<int64_t>(sizeof(int32_t));
}

}  // namespace

ProductMemory::ProductMemory(const Kernels& kernels, const StudentView& student,
                             const Embedding& embedding, int64_t max_bytes)
    : kernels_(kernels),
      student_(student),
      embedding_(embedding),
      num_values_(remembered_values(student)),
      states_(static_cast<size_t>(
          std::min(max_bytes / num_bytes_of(num_values_), embedding.num_pieces))),
      memory_(static_cast<int64_t>(states_.size()) * num_bytes_of(num_values_)) {}

const int32_t* ProductMemory::products_of(int32_t piece, const Scratch& scratch) {
    if (static_cast<size_t>(piece) >= states_.size()) return nullptr;
    std::atomic<uint8_t>& state = states_[static_cast<size_t>(piece)];
    int32_t* products = reinterpret_cast<int32_t*>(memory_.data()) + piece * num_values_;
    uint8_t seen = state.load(std::memory_order_acquire);
    if (seen == kKnown) return products;
    if (seen == kBusy || !state.compare_exchange_strong(seen, kBusy)) return nullptr;
    kernels_.remember({&student_, embedding_, piece, scratch, products});
    state.store(kKnown, std::memory_order_release);
    return products;
}

}  // namespace dixtill
