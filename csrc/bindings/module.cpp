// The Python module dixtill._native. Products use its Classifier (classifier.cpp); tests and torch
// operators use the kernels on arrays (kernels.cpp) and the tokenizer (text.cpp). Only
// runtime/targets.py imports it.
#include <pybind11/pybind11.h>

#include "../dispatch/targets.h"
#include "register.h"

namespace py = pybind11;

namespace {

py::list targets() {
    py::list result;
    for (const dixtill::Target& target : dixtill::compiled_targets()) {
        result.append(py::make_tuple(target.name, target.requirement, target.is_supported));
    }
    return result;
}

// As CPython says it; runtime/targets.py says more.
constexpr const char* kRefusal =
    "module dixtill._native does not support loading in subinterpreters";

bool is_main_interpreter() {
    return PyInterpreterState_Get() == PyInterpreterState_Main();
}

}  // namespace

PYBIND11_MODULE(_native_of_main, module, py::mod_gil_not_used()) {
    // From 3.13 on, Python calls the function below in the main interpreter, whichever one imports.
    if (!is_main_interpreter()) throw py::import_error(kRefusal);
    module.doc() = "The compiled part of dixtill; use dixtill.infer and dixtill.load.";
    module.def("targets", targets);
    dixtill::register_classifier(module);
    dixtill::register_kernels(module);
    dixtill::register_tokenizer(module);
}

// What Python calls. The function that pybind11 has made waits forever in a sub-interpreter of
// Python 3.10 and 3.11.
extern "C" PYBIND11_EXPORT PyObject* PyInit__native() {
    if (is_main_interpreter()) return PyInit__native_of_main();
    PyErr_SetString(PyExc_ImportError, kRefusal);
    return nullptr;
}
