// Lets long work end early when its caller wants that.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <thread>

namespace dixtill {

// Thrown by work that was interrupted. What it had computed is lost.
struct Interrupted {};

// Shared by the threads that do one piece of work. The thread that made it asks the caller about
// twenty times a second whether to stop; all threads learn the answer when they report progress.
class Interruption {
  public:
    using IsWanted = std::function<bool()>;
    using Clock = std::chrono::steady_clock;

    // A delay of 0.2 s feels instant to a person, and the caller may have to wait for a lock.
    static constexpr std::chrono::milliseconds kInterval{50};

    // Only the thread that makes this object calls `is_wanted`.
    explicit Interruption(IsWanted is_wanted) : is_wanted_(std::move(is_wanted)) {}
    Interruption(const Interruption&) = delete;
    Interruption& operator=(const Interruption&) = delete;

    // Any of the threads calls this after `num_pieces` more pieces, or after other work that takes
    // as long. Returns false when the work has to end.
    bool goes_on_after(int64_t num_pieces) {
        if (std::this_thread::get_id() == owner_) {
            num_pieces_ += num_pieces;
            if (num_pieces_ >= kPiecesPerLook) look();
        }
        return !has_come();
    }

    // Whether the caller wanted the work to stop. The work may then end, but must not succeed.
    bool has_come() const { return has_come_.load(std::memory_order_relaxed); }

    // Asks the caller if enough time has passed. Only the thread that made this may call it.
    void look() {
        num_pieces_ = 0;
        if (has_come()) return;
        const Clock::time_point now = Clock::now();
        if (now - last_asked_ < kInterval) return;
        if (is_wanted_()) has_come_.store(true, std::memory_order_relaxed);
        last_asked_ = Clock::now();
    }

  private:
    static constexpr int64_t kPiecesPerLook = 256;  // about 0.1 ms; reading the clock takes 30 ns

    const IsWanted is_wanted_;
    const std::thread::id owner_ = std::this_thread::get_id();
    std::atomic<bool> has_come_{false};
    int64_t num_pieces_ = 0;  // since the clock was read
    Clock::time_point last_asked_ = Clock::now();
};

// Reports progress where work can be interrupted. Throws Interrupted when it has to end.
inline void report(Interruption* interruption, int64_t num_pieces) {
    if (interruption != nullptr && !interruption->goes_on_after(num_pieces)) throw Interrupted();
}

}  // namespace dixtill
