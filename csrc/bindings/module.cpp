// The Python module dixtill._native: converts arguments, releases the GIL, calls api/. The only
// user of pybind11. Python code reaches it through runtime/targets.py alone.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <stdexcept>
#include <string>

#include "../api/forward.h"
#include "../api/ig_accumulate.h"
#include "../api/packed_student.h"
#include "../dispatch/targets.h"
#include "../process/pool.h"
#include "register.h"
#include "without_gil.h"

namespace py = pybind11;

namespace {

using dixtill::Kernels;
using dixtill::StudentView;

using Int8Array = py::array_t<int8_t, py::array::c_style>;
using UInt8Array = py::array_t<uint8_t, py::array::c_style>;
using Int32Array = py::array_t<int32_t, py::array::c_style>;
using Int64Array = py::array_t<int64_t, py::array::c_style>;
using FloatArray = py::array_t<float, py::array::c_style>;

template <typename T>
T* pointer(uintptr_t address) {
    return reinterpret_cast<T*>(address);
}

py::list targets() {
    py::list result;
    for (const dixtill::Target& target : dixtill::compiled_targets()) {
        result.append(py::make_tuple(target.name, target.requirement, target.is_supported));
    }
    return result;
}

void check_size(const char* name, py::ssize_t size, py::ssize_t expected) {
    if (size != expected) {
        throw std::invalid_argument("weight '" + std::string(name) + "' has " +
                                    std::to_string(size) + " values, expected " +
                                    std::to_string(expected));
    }
}

// Aligned to a cache line, so that no vector of weights straddles two.
UInt8Array aligned_bytes(int64_t num_bytes) {
    constexpr size_t alignment = 64;
    UInt8Array memory(num_bytes + static_cast<int64_t>(alignment));
    const size_t misaligned = reinterpret_cast<uintptr_t>(memory.data()) % alignment;
    const uint8_t* start = memory.data() + (alignment - misaligned) % alignment;
    return UInt8Array(num_bytes, start, memory);
}

dixtill::LstmWeights lstm_weights(const dixtill::StudentShape& shape, const Int8Array& weight_q8,
                                  const FloatArray& scale, const FloatArray& bias) {
    const int64_t num_rows = 4 * shape.hidden_dim;
    check_size("weight_q8", weight_q8.size(), num_rows * (shape.embedding_dim + shape.hidden_dim));
    check_size("scale", scale.size(), num_rows);
    check_size("bias", bias.size(), num_rows);
    return {weight_q8.data(), scale.data(), bias.data()};
}

UInt8Array pack_weights(int64_t embedding_dim, int64_t hidden_dim,
                        const Int8Array& forward_weight_q8, const FloatArray& forward_scale,
                        const FloatArray& forward_bias, const Int8Array& backward_weight_q8,
                        const FloatArray& backward_scale, const FloatArray& backward_bias,
                        const Int8Array& attention_weight_q8, const FloatArray& attention_scale,
                        const FloatArray& attention_vector, const FloatArray& null_score,
                        const Int8Array& head_weight_q8, const FloatArray& head_scale,
                        const FloatArray& head_bias) {
    const dixtill::StudentShape shape = {embedding_dim, hidden_dim, attention_scale.size(),
                                         head_scale.size()};
    UInt8Array packed = aligned_bytes(dixtill::packed_bytes(shape));
    check_size("attention_vector", attention_vector.size(), shape.attention_dim);
    check_size("null_score", null_score.size(), 1);
    check_size("attention_weight_q8", attention_weight_q8.size(),
               shape.attention_dim * 2 * hidden_dim);
    check_size("head_weight_q8", head_weight_q8.size(), shape.num_classes * 2 * hidden_dim);
    check_size("head_bias", head_bias.size(), shape.num_classes);
    dixtill::pack(shape,
                  {lstm_weights(shape, forward_weight_q8, forward_scale, forward_bias),
                   lstm_weights(shape, backward_weight_q8, backward_scale, backward_bias),
                   attention_weight_q8.data(), attention_scale.data(), attention_vector.data(),
                   null_score.data(), head_weight_q8.data(), head_scale.data(), head_bias.data()},
                  packed.mutable_data());
    return packed;
}

// Rows of int8 are of 8 bits a value, rows of uint8 of 4.
dixtill::Embedding embedding_of(const py::array& rows) {
    const bool is_q8 = py::isinstance<Int8Array>(rows), is_q4 = py::isinstance<UInt8Array>(rows);
    if (rows.ndim() != 2 || !(is_q8 || is_q4)) {
        throw std::invalid_argument("the embedding is no contiguous matrix of int8 or uint8");
    }
    return {static_cast<const uint8_t*>(rows.data()), rows.shape(0), rows.shape(1), is_q8 ? 8 : 4};
}

// Packed weights and an embedding, kept alive, with the kernels that will run them.
class Student {
  public:
    Student(const UInt8Array& packed, const py::array& rows, const std::string& target)
        : packed_(packed),
          rows_(rows),
          kernels_(dixtill::kernels_of(target)),
          view_(dixtill::view_packed(packed.data(), packed.size())),
          embedding_(embedding_of(rows)) {}

    py::tuple forward(const Int32Array& piece_ids, const Int64Array& offsets) const {
        if (piece_ids.ndim() != 1 || offsets.ndim() != 1 || offsets.size() < 1) {
            throw std::invalid_argument(
                "piece_ids and offsets have one dimension, and offsets at "
                "least one value");
        }
        const int64_t num_texts = offsets.size() - 1;
        const int64_t num_piece_ids = piece_ids.size();
        FloatArray logits({num_texts, view_.num_classes});
        FloatArray probabilities({num_texts, view_.num_classes});
        FloatArray scores(num_piece_ids);
        FloatArray attention(num_piece_ids);
        FloatArray contributions({num_piece_ids, view_.num_classes});
        const dixtill::ForwardOutputs outputs = {
            logits.mutable_data(), probabilities.mutable_data(), scores.mutable_data(),
            attention.mutable_data(), contributions.mutable_data()};
        run({piece_ids.data(), offsets.data(), num_piece_ids, num_texts}, outputs);
        return py::make_tuple(logits, probabilities, scores, attention, contributions);
    }

  private:
    void run(const dixtill::RaggedBatch& batch, const dixtill::ForwardOutputs& outputs) const {
        dixtill::without_gil([&](const auto& is_interruption_wanted) {
            const dixtill::Pool<dixtill::Workspace>::Loan workspace(workspaces_);
            dixtill::Interruption interruption(is_interruption_wanted);
            dixtill::forward(kernels_, view_, embedding_, batch, outputs, *workspace,
                             &interruption);
        });
    }

    UInt8Array packed_;
    py::array rows_;
    const Kernels& kernels_;
    StudentView view_;
    dixtill::Embedding embedding_;
    mutable dixtill::Pool<dixtill::Workspace> workspaces_;
};

void forward_into(const std::string& target, uintptr_t packed, int64_t num_packed_bytes,
                  uintptr_t embedding_q8, int64_t num_pieces, int64_t embedding_dim,
                  int64_t num_classes, uintptr_t piece_ids, int64_t num_piece_ids,
                  uintptr_t offsets, int64_t num_texts, uintptr_t logits, uintptr_t probabilities,
                  uintptr_t scores, uintptr_t attention, uintptr_t contributions) {
    const Kernels& kernels = dixtill::kernels_of(target);
    const StudentView student =
        dixtill::view_packed(pointer<const uint8_t>(packed), num_packed_bytes);
    if (student.num_classes != num_classes) {
        throw std::invalid_argument("num_classes is " + std::to_string(num_classes) +
                                    ", the packed weights have " +
                                    std::to_string(student.num_classes));
    }
    dixtill::without_gil([&](const auto& is_interruption_wanted) {
        dixtill::Interruption interruption(is_interruption_wanted);
        dixtill::forward(
            kernels, student, {pointer<const uint8_t>(embedding_q8), num_pieces, embedding_dim, 8},
            {pointer<const int32_t>(piece_ids), pointer<const int64_t>(offsets), num_piece_ids,
             num_texts},
            {pointer<float>(logits), pointer<float>(probabilities), pointer<float>(scores),
             pointer<float>(attention), pointer<float>(contributions)},
            &interruption);
    });
}

void ig_accumulate_into(const std::string& target, uintptr_t gradients, uintptr_t step_weights,
                        uintptr_t delta, uintptr_t word_index, int64_t num_steps, int64_t num_texts,
                        int64_t num_tokens, int64_t width, int64_t num_words,
                        uintptr_t attributions) {
    const Kernels& kernels = dixtill::kernels_of(target);
    dixtill::without_gil([&](const auto& is_interruption_wanted) {
        dixtill::Interruption interruption(is_interruption_wanted);
        dixtill::ig_accumulate(
            kernels,
            {pointer<const float>(gradients), pointer<const float>(step_weights),
             pointer<const float>(delta), pointer<const int32_t>(word_index), num_steps, num_texts,
             num_tokens, width, num_words, pointer<float>(attributions)},
            &interruption);
    });
}

// As CPython says it; runtime/targets.py says more.
constexpr const char* kRefusal =
    "module dixtill._native does not support loading in subinterpreters";

bool is_main_interpreter() {
    return PyInterpreterState_Get() == PyInterpreterState_Main();
}

}  // namespace

PYBIND11_MODULE(_native_of_main, module, py::mod_gil_not_used()) {
    // From 3.13 on, Python calls the function below in the main interpreter whoever imports.
    if (!is_main_interpreter()) throw py::import_error(kRefusal);
    module.doc() = "Kernels of dixtill; use dixtill.specification.kernels.";
    module.def("targets", targets);
    module.def("pack_weights", pack_weights, py::kw_only(), py::arg("embedding_dim"),
               py::arg("hidden_dim"), py::arg("forward_weight_q8"), py::arg("forward_scale"),
               py::arg("forward_bias"), py::arg("backward_weight_q8"), py::arg("backward_scale"),
               py::arg("backward_bias"), py::arg("attention_weight_q8"), py::arg("attention_scale"),
               py::arg("attention_vector"), py::arg("null_score"), py::arg("head_weight_q8"),
               py::arg("head_scale"), py::arg("head_bias"));
    // An ordinary metaclass: pybind11's own, which allows static properties, has no name in a stub.
    py::class_<Student>(module, "Student", py::is_final(),
                        py::metaclass(reinterpret_cast<PyObject*>(&PyType_Type)))
        .def(py::init<const UInt8Array&, const py::array&, const std::string&>(),
             py::arg("packed").noconvert(), py::arg("embedding").noconvert(), py::arg("target"))
        .def("forward", &Student::forward, py::arg("piece_ids").noconvert(),
             py::arg("offsets").noconvert());
    module.def("forward_into", forward_into, py::arg("target"), py::arg("packed"),
               py::arg("num_packed_bytes"), py::arg("embedding_q8"), py::arg("num_pieces"),
               py::arg("embedding_dim"), py::arg("num_classes"), py::arg("piece_ids"),
               py::arg("num_piece_ids"), py::arg("offsets"), py::arg("num_texts"),
               py::arg("logits"), py::arg("probabilities"), py::arg("scores"), py::arg("attention"),
               py::arg("contributions"));
    module.def("ig_accumulate_into", ig_accumulate_into, py::arg("target"), py::arg("gradients"),
               py::arg("step_weights"), py::arg("delta"), py::arg("word_index"),
               py::arg("num_steps"), py::arg("num_texts"), py::arg("num_tokens"), py::arg("width"),
               py::arg("num_words"), py::arg("attributions"));
    dixtill::register_classifier(module);
    dixtill::register_tokenizer(module);
}

// What Python calls. The function that pybind11 has made waits for ever in a sub-interpreter of
// Python 3.10 and 3.11.
extern "C" PYBIND11_EXPORT PyObject* PyInit__native() {
    if (is_main_interpreter()) return PyInit__native_of_main();
    PyErr_SetString(PyExc_ImportError, kRefusal);
    return nullptr;
}
