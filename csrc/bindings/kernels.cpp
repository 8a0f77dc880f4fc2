// The kernels on arrays, for tests of their bits and for torch operators: the forward pass on
// ragged batches of piece ids, and the accumulation of integrated gradients. The only user of
// NumPy.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "../attribution/ig_accumulate.h"
#include "../dispatch/targets.h"
#include "../process/blocks.h"
#include "../student/aligned_memory.h"
#include "../student/forward.h"
#include "../student/pack.h"
#include "../student/view.h"
#include "register.h"
#include "without_gil.h"

namespace py = pybind11;

namespace dixtill {
namespace {

using Int8Array = py::array_t<int8_t, py::array::c_style>;
using UInt8Array = py::array_t<uint8_t, py::array::c_style>;
using Int32Array = py::array_t<int32_t, py::array::c_style>;
using Int64Array = py::array_t<int64_t, py::array::c_style>;
using FloatArray = py::array_t<float, py::array::c_style>;

void check_size(const char* name, py::ssize_t size, py::ssize_t expected) {
    if (size != expected) {
        throw std::invalid_argument(std::string(name) + " has " + std::to_string(size) +
                                    " values, expected " + std::to_string(expected));
    }
}

void check_dimensions(const char* name, const py::array& array, py::ssize_t expected) {
    if (array.ndim() != expected) {
        throw std::invalid_argument(std::string(name) + " has " + std::to_string(array.ndim()) +
                                    " dimensions, expected " + std::to_string(expected));
    }
}

template <typename T>
std::vector<T> copied(const py::array_t<T, py::array::c_style>& array, Interruption* interruption) {
    std::vector<T> values;
    values.reserve(static_cast<size_t>(array.size()));
    in_blocks(array.data(), array.data() + array.size(), interruption,
              [&values](const T* at, const T* end) {
                  values.insert(values.end(), at, end);
                  return end;
              });
    return values;
}

// An array that owns aligned memory.
UInt8Array aligned_bytes(int64_t num_bytes) {
    auto* memory = new AlignedMemory(num_bytes);
    const py::capsule owner(memory, [](void* p) { delete static_cast<AlignedMemory*>(p); });
    return UInt8Array(num_bytes, memory->data(), owner);
}

using DirectionArrays = std::tuple<Int8Array, FloatArray, FloatArray>;  // weights, scale, bias

DirectionParameters direction_parameters(const StudentShape& shape, const DirectionArrays& arrays) {
    const auto& [weight_q8, scale, bias] = arrays;
    const DirectionSizes sizes = direction_sizes(shape);
    check_size("weight_q8", weight_q8.size(), sizes.num_rows * sizes.num_columns);
    check_size("scale", scale.size(), sizes.num_rows);
    check_size("bias", bias.size(), sizes.num_biases);
    return {weight_q8.data(), scale.data(), bias.data()};
}

UInt8Array pack_parameters(const std::string& cell, const std::string& output,
                           int64_t embedding_dim, int64_t hidden_dim,
                           const std::vector<DirectionArrays>& directions,
                           const Int8Array& attention_weight_q8, const FloatArray& attention_scale,
                           const FloatArray& attention_vector, const FloatArray& null_score,
                           const Int8Array& head_weight_q8, const FloatArray& head_scale,
                           const FloatArray& head_bias) {
    const StudentShape shape = {cell_named(cell),    embedding_dim,
                                hidden_dim,          attention_scale.size(),
                                head_scale.size(),   static_cast<int64_t>(directions.size()),
                                output_named(output)};
    UInt8Array packed = aligned_bytes(packed_bytes(shape));
    check_size("attention_vector", attention_vector.size(), shape.attention_dim);
    check_size("null_score", null_score.size(), 1);
    check_size("attention_weight_q8", attention_weight_q8.size(),
               shape.attention_dim * shape.num_states());
    check_size("head_weight_q8", head_weight_q8.size(), shape.num_classes * shape.num_states());
    check_size("head_bias", head_bias.size(), shape.num_classes);
    StudentParameters parameters = {{},
                                    attention_weight_q8.data(),
                                    attention_scale.data(),
                                    attention_vector.data(),
                                    null_score.data(),
                                    head_weight_q8.data(),
                                    head_scale.data(),
                                    head_bias.data()};
    for (size_t i = 0; i < directions.size(); ++i) {
        parameters.directions[i] = direction_parameters(shape, directions[i]);
    }
    pack(shape, parameters, packed.mutable_data());
    return packed;
}

// Rows of int8 have 8 bits a value, rows of uint8 have 4.
Embedding embedding_of(const py::array& rows) {
    const bool is_q8 = py::isinstance<Int8Array>(rows), is_q4 = py::isinstance<UInt8Array>(rows);
    if (rows.ndim() != 2 || !(is_q8 || is_q4)) {
        throw std::invalid_argument("the embedding is not a contiguous matrix of int8 or uint8");
    }
    return {static_cast<const uint8_t*>(rows.data()), rows.shape(0), rows.shape(1), is_q8 ? 8 : 4};
}

py::tuple run_forward(const std::string& target, const UInt8Array& packed, const py::array& rows,
                      const Int32Array& piece_ids, const Int64Array& offsets) {
    const Kernels& kernels = kernels_of(target);
    const StudentView student = view_packed(packed.data(), packed.size());
    const Embedding embedding = embedding_of(rows);
    check_dimensions("piece_ids", piece_ids, 1);
    check_dimensions("offsets", offsets, 1);
    if (offsets.size() < 1) throw std::invalid_argument("offsets are empty, expected at least [0]");
    const int64_t num_texts = offsets.size() - 1, num_piece_ids = piece_ids.size();
    FloatArray logits({num_texts, student.num_classes});
    FloatArray probabilities({num_texts, student.num_classes});
    FloatArray scores(num_piece_ids), attention(num_piece_ids);
    FloatArray contributions({num_piece_ids, student.num_classes});
    const ForwardOutputs outputs = {logits.mutable_data(), probabilities.mutable_data(),
                                    scores.mutable_data(), attention.mutable_data(),
                                    contributions.mutable_data()};
    without_gil([&](const auto& is_interruption_wanted) {
        Interruption interruption(is_interruption_wanted);
        // The check and the kernel must see the same indices, though another thread may change the
        // arrays.
        const auto ids = copied(piece_ids, &interruption);
        const auto bounds = copied(offsets, &interruption);
        const RaggedBatch batch = {ids.data(), bounds.data(), num_piece_ids, num_texts};
        forward(kernels, student, embedding, batch, outputs, &interruption);
    });
    return py::make_tuple(logits, probabilities, scores, attention, contributions);
}

FloatArray run_ig_accumulate(const std::string& target, const FloatArray& gradients,
                             const FloatArray& step_weights, const FloatArray& delta,
                             const Int32Array& word_index, int64_t num_words) {
    const Kernels& kernels = kernels_of(target);
    check_dimensions("gradients", gradients, 4);
    const int64_t num_steps = gradients.shape(0), num_texts = gradients.shape(1);
    const int64_t num_tokens = gradients.shape(2), width = gradients.shape(3);
    check_size("step_weights", step_weights.size(), num_steps);
    check_size("delta", delta.size(), num_texts * num_tokens * width);
    check_size("word_index", word_index.size(), num_texts * num_tokens);
    FloatArray attributions({num_texts, num_words});
    without_gil([&](const auto& is_interruption_wanted) {
        Interruption interruption(is_interruption_wanted);
        const auto words = copied(word_index, &interruption);  // as in run_forward
        const IgArguments arguments = {gradients.data(), step_weights.data(),
                                       delta.data(),     words.data(),
                                       num_steps,        num_texts,
                                       num_tokens,       width,
                                       num_words,        attributions.mutable_data()};
        ig_accumulate(kernels, arguments, &interruption);
    });
    return attributions;
}

}  // namespace

void register_kernels(py::module_& module) {
    module.def("pack_parameters", pack_parameters, py::kw_only(), py::arg("cell"),
               py::arg("output"), py::arg("embedding_dim"), py::arg("hidden_dim"),
               py::arg("directions"), py::arg("attention_weight_q8"), py::arg("attention_scale"),
               py::arg("attention_vector"), py::arg("null_score"), py::arg("head_weight_q8"),
               py::arg("head_scale"), py::arg("head_bias"));
    module.def("forward", run_forward, py::arg("target"), py::arg("packed").noconvert(),
               py::arg("embedding").noconvert(), py::arg("piece_ids").noconvert(),
               py::arg("offsets").noconvert());
    module.def("ig_accumulate", run_ig_accumulate, py::arg("target"),
               py::arg("gradients").noconvert(), py::arg("step_weights").noconvert(),
               py::arg("delta").noconvert(), py::arg("word_index").noconvert(),
               py::arg("num_words"));
}

}  // namespace dixtill
