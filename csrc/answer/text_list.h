// A list of texts that threads answer together.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../process/interruption.h"

namespace dixtill {

// The threads share ownership of the list: while the caller waits for the others, Python may end
// the caller's thread, with everything on its stack.
class TextList {
  public:
    using Record = std::string;

    TextList(std::vector<std::string_view> texts, bool is_checked,
             Interruption::IsWanted is_interruption_wanted)
        : interruption(std::move(is_interruption_wanted)),
          texts_(std::move(texts)),
          texts_at_once_(is_checked || num_bytes() > kLongTexts * texts_.size() ? 1 : kShortTexts),
          records_(texts_.size()) {}

    // How many threads pay off: starting one takes less time than two turns.
    size_t num_useful_threads() const {
        return std::max<size_t>(1, texts_.size() / (2 * texts_at_once_));
    }

    // Calls answer(worker, text, record) for one text after another, with the worker that
    // `make_worker` returns, until no more texts may be begun.
    template <typename MakeWorker, typename Answer>
    void answer_share(const MakeWorker& make_worker, const Answer& answer) {
        try {
            const auto worker = make_worker();
            for (size_t first; take(first);) {
                const size_t end = std::min(first + texts_at_once_, texts_.size());
                for (size_t i = first; i < end; ++i) answer(*worker, texts_[i], records_[i]);
            }
        } catch (...) {
            const std::lock_guard<std::mutex> lock(mutex_);
            failure_ = std::current_exception();
        }
    }

    // Every other thread calls this last.
    void leave() {
        const std::lock_guard<std::mutex> lock(mutex_);
        ++num_gone_;
        has_gone_.notify_one();
    }

    // Waits until this many threads have left.
    void wait_for(size_t num_threads) {
        std::unique_lock<std::mutex> lock(mutex_);
        while (num_gone_ < num_threads) {
            has_gone_.wait_for(lock, Interruption::kInterval);
            lock.unlock();
            interruption.look();
            lock.lock();
        }
    }

    // Returns the records of the texts that were begun. Throws what a thread threw; Interrupted
    // also if only the waiting thread learned of the interruption.
    std::vector<Record> records() {
        if (interruption.has_come()) throw Interrupted();
        if (failure_) std::rethrow_exception(failure_);
        records_.resize(std::min<size_t>(num_begun_, texts_.size()));
        return std::move(records_);
    }

    Interruption interruption;

  private:
    // How many short texts a thread takes in one turn: their records lie side by side, away from
    // those of other threads.
    static constexpr size_t kShortTexts = 16;
    static constexpr size_t kLongTexts = 4096;  // bytes a text
    static constexpr std::chrono::milliseconds kTimeToBegin{100};

    size_t num_bytes() const {
        size_t sum = 0;
        for (const std::string_view text : texts_) sum += text.size();
        return sum;
    }

    // Sets `first` to the first text of the next turn. Returns false when there is none.
    bool take(size_t& first) {
        if (num_begun_ > 0 && Interruption::Clock::now() > last_begin_) return false;
        first = num_begun_.fetch_add(texts_at_once_);
        return first < texts_.size();
    }

    const std::vector<std::string_view> texts_;
    const size_t texts_at_once_;
    const Interruption::Clock::time_point last_begin_ = Interruption::Clock::now() + kTimeToBegin;
    std::vector<Record> records_;
    std::atomic<size_t> num_begun_{0};
    std::mutex mutex_;  // guards what follows
    std::condition_variable has_gone_;
    size_t num_gone_ = 0;
    std::exception_ptr failure_;
};

}  // namespace dixtill
