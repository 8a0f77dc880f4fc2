// Each file of this folder adds its part to the module.
#pragma once

#include <pybind11/pybind11.h>

namespace dixtill {

void register_classifier(pybind11::module_& module);
void register_kernels(pybind11::module_& module);
void register_tokenizer(pybind11::module_& module);

}  // namespace dixtill
