// Work without the GIL. Only this file releases it.
#pragma once

#include <pybind11/pybind11.h>

#include <chrono>
#include <thread>

#include "../process/interruption.h"

namespace dixtill {

// Lets other threads of Python run for as long as this lives.
class ReleasedGil {
  public:
    ReleasedGil() : state_(PyEval_SaveThread()) {}
    ~ReleasedGil() { take_back(); }
    ReleasedGil(const ReleasedGil&) = delete;
    ReleasedGil& operator=(const ReleasedGil&) = delete;

    // Lets Python call its signal handlers, which it does only in the main thread. Returns true if
    // one raised an exception, which is then pending.
    bool has_handler_raised() {
        take_back();
        const bool has_raised = PyErr_CheckSignals() != 0;
        state_ = PyEval_SaveThread();
        return has_raised;
    }

  private:
    // When the interpreter ends, Python 3.10 to 3.13 end every other thread that comes here by
    // pthread_exit. glibc unwinds the thread's stack for that, as an exception would, and at the
    // first function that must not throw the process aborts. So the thread waits forever, until
    // the process is gone, which is what Python 3.14 does by itself. Asking whether the interpreter
    // ends would not do: it may begin to while this waits for the lock.
    void take_back() {
        try {
            PyEval_RestoreThread(state_);
        } catch (...) {  // never return: swallowing this kind of exception aborts the process too
            while (true) std::this_thread::sleep_for(std::chrono::hours(1));
        }
    }

    PyThreadState* state_;
};

// Returns work(is_interruption_wanted). Throws the exception of a signal's handler where the work
// throws Interrupted.
template <typename Work>
auto without_gil(const Work& work) {
    try {
        ReleasedGil released;
        return work([&released] { return released.has_handler_raised(); });
    } catch (const Interrupted&) {
        throw pybind11::error_already_set();
    }
}

}  // namespace dixtill
