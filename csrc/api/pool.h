// Objects that are kept for their memory and lent to one thread at a time.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace dixtill {

template <typename T>
class Pool {
  public:
    // An object for as long as this lives.
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
    std::unique_ptr<T> take() {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (idle_.empty()) {
            idle_.reserve(++num_objects_);  // so that putting back cannot fail
            return std::make_unique<T>();
        }
        std::unique_ptr<T> object = std::move(idle_.back());
        idle_.pop_back();
        return object;
    }

    void put_back(std::unique_ptr<T> object) {
        const std::lock_guard<std::mutex> lock(mutex_);
        idle_.push_back(std::move(object));
    }

    std::mutex mutex_;
    std::vector<std::unique_ptr<T>> idle_;
    size_t num_objects_ = 0;
};

}  // namespace dixtill
