// Which targets this build has, and which of them this CPU can run. The only reader of cpuid.
#pragma once

#include <string>
#include <vector>

#include "../kernels/interface.h"

namespace dixtill {

struct Target {
    const char* name;
    const char* requirement;  // what the CPU must have, for an error message
    bool is_supported;
    const Kernels* kernels;
};

// Every target of this build, best first. The CPU is asked once: in a virtual machine each question
// can take 20 microseconds.
const std::vector<Target>& compiled_targets();

// Throws std::invalid_argument unless the build has the target and this CPU supports it.
const Kernels& kernels_of(const std::string& name);

}  // namespace dixtill
