// How work that may take long is ended before its time.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <thread>

namespace dixtill {

// Thrown by work that was interrupted. What it had computed is lost.
struct Interrupted {};

// Shared by the threads of one piece of work. The thread that made it asks its caller, some twenty
// times a second, whether to go on; all of them learn the answer where they report progress.
class Interruption {
  public:
    using IsWanted = std::function<bool()>;
    using Clock = std::chrono::steady_clock;

    // A person takes 0.2 s for no time at all, and the caller may have to wait for a lock.
    static constexpr std::chrono::milliseconds kInterval{50};

    // `is_wanted` is called by this thread alone.
    explicit Interruption(IsWanted is_wanted) : is_wanted_(std::move(is_wanted)) {}
    Interruption(const Interruption&) = delete;
    Interruption& operator=(const Interruption&) = delete;

    // Called by any of the threads, after `num_pieces` more, or other work of such a length. False
    // when the work has to end.
    bool goes_on_after(int64_t num_pieces) {
        if (std::this_thread::get_id() == owner_) {
            num_pieces_ += num_pieces;
            if (num_pieces_ >= kPiecesPerLook) look();
        }
        return !has_come();
    }

    // Whether a look found that it is wanted: the work may end, but must not succeed.
    bool has_come() const { return has_come_.load(std::memory_order_relaxed); }

    // Asks, if it is time to. For the thread that made this.
    void look() {
        num_pieces_ = 0;
        if (has_come()) return;
        const Clock::time_point now = Clock::now();
        if (now - last_asked_ < kInterval) return;
        if (is_wanted_()) has_come_.store(true, std::memory_order_relaxed);
        last_asked_ = Clock::now();
    }

  private:
    static constexpr int64_t kPiecesPerLook = 256;  // some 0.1 ms; to read the clock takes 30 ns

    const IsWanted is_wanted_;
    const std::thread::id owner_ = std::this_thread::get_id();
    std::atomic<bool> has_come_{false};
    int64_t num_pieces_ = 0;  // since the clock was read
    Clock::time_point last_asked_ = Clock::now();
};

}  // namespace dixtill
