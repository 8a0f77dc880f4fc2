// Objects that are kept for their memory and lent to one thread at a time.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <utility>

namespace dixtill {

// There is no lock: fork() copies a lock as it is, and if another thread held it at that moment,
// the child could never take it. The child loses objects that are on loan at the fork.
template <typename T>
class Pool {
  public:
    Pool() = default;
    ~Pool() {
        for (Slot& slot : slots_) delete slot.load(std::memory_order_acquire);
    }
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    // Holds an object for as long as this lives.
    class Loan {
      public:
        explicit Loan(Pool& owner) : owner_(owner), object_(owner.take()) {}
        ~Loan() { owner_.put_back(std::move(object_)); }
        Loan(const Loan&) = delete;
        Loan& operator=(const Loan&) = delete;

        T& operator*() const { return *object_; }

      private:
        Pool& owner_;
        std::unique_ptr<T> object_;
    };

  private:
    // Null if nothing is kept. The thread that takes the pointer out owns the object.
    using Slot = std::atomic<T*>;

    std::unique_ptr<T> take() {
        for (Slot& slot : slots_) {
            if (slot.load(std::memory_order_relaxed) == nullptr) continue;
            T* object = slot.exchange(nullptr, std::memory_order_acquire);
            if (object != nullptr) return std::unique_ptr<T>(object);
        }
        return std::make_unique<T>();
    }

    // Frees the object when all slots are taken.
    void put_back(std::unique_ptr<T> object) {
        for (Slot& slot : slots_) {
            T* nothing = nullptr;
            if (slot.load(std::memory_order_relaxed) == nullptr &&
                slot.compare_exchange_strong(nothing, object.get(), std::memory_order_release,
                                             std::memory_order_relaxed)) {
                static_cast<void>(object.release());
                return;
            }
        }
    }

    static constexpr size_t kNumSlots = 32;  // this many threads at once find their memory again
    std::array<Slot, kNumSlots> slots_ = {};
};

}  // namespace dixtill
