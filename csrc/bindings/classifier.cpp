// The class _native.Classifier: text to answer, on buffers such as the bytes of a model file. Needs
// no NumPy.
#include "../answer/classifier.h"

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "../answer/record.h"
#include "../answer/words_json.h"
#include "../dispatch/targets.h"
#include "register.h"
#include "tokenizer_options.h"
#include "utf8.h"
#include "without_gil.h"

namespace py = pybind11;

namespace dixtill {
namespace {

// A longer text is answered without the GIL. For a shorter one, taking the lock again could cost a
// thousand times the answer when another thread is busy.
constexpr size_t kBytesWithGil = 4096;

// After this many bytes of a list, the other texts are left to the next call: encoding a str as
// UTF-8 holds the GIL, and takes memory that the str keeps.
constexpr size_t kBytesAtOnce = 1 << 24;

// Times the largest sum of int8 products, this is a finite float, so no answer is infinite.
constexpr float kLargestFloat = 1e25F;

// Parameters of a model file by name, kept alive; floats are copied, as a file may misalign them.
class Tensors {
  public:
    explicit Tensors(const py::dict& buffers) {
        for (const auto& [name, buffer] : buffers) {
            buffers_.emplace(py::cast<std::string>(name), py::cast<py::buffer>(buffer).request());
        }
    }

    std::string_view bytes(const std::string& name) const {
        const auto found = buffers_.find(name);
        if (found == buffers_.end()) {
            throw std::invalid_argument("weight '" + name + "' is missing");
        }
        const py::buffer_info& info = found->second;
        return {static_cast<const char*>(info.ptr), static_cast<size_t>(info.size * info.itemsize)};
    }

    const uint8_t* uint8(const std::string& name, int64_t count) const {
        const std::string_view found = bytes(name);
        check_size(name, static_cast<int64_t>(found.size()), count);
        return reinterpret_cast<const uint8_t*>(found.data());
    }

    const int8_t* int8(const std::string& name, int64_t count) const {
        const std::string_view found = bytes(name);
        check_size(name, static_cast<int64_t>(found.size()), count);
        if (std::memchr(found.data(), 0x80, found.size()) != nullptr) {
            throw std::invalid_argument("weight '" + name +
                                        "' holds -128; int8 parameters lie in [-127, 127]");
        }
        return reinterpret_cast<const int8_t*>(found.data());
    }

    bool has(const std::string& name) const { return buffers_.count(name) != 0; }

    // Two values a byte, of four bits each.
    const uint8_t* nibbles(const std::string& name, int64_t num_bytes) const {
        const std::string_view found = bytes(name);
        check_size(name, static_cast<int64_t>(found.size()), num_bytes);
        const auto* values = reinterpret_cast<const uint8_t*>(found.data());
        bool is_beyond = false;  // without an early end, the loop takes 16 bytes at a time
        for (size_t i = 0; i < found.size(); ++i) {
            is_beyond |= (values[i] & 0x0F) == 0x08;
            is_beyond |= (values[i] & 0xF0) == 0x80;
        }
        if (is_beyond) {
            throw std::invalid_argument("weight '" + name +
                                        "' holds -8; parameters of 4 bits lie in [-7, 7]");
        }
        return values;
    }

    const float* floats(const std::string& name, int64_t count) {
        const std::string_view found = bytes(name);
        check_size(name, static_cast<int64_t>(found.size()), 4 * count);
        std::vector<float>& copy = floats_[name];
        copy.resize(static_cast<size_t>(count));
        std::memcpy(copy.data(), found.data(), found.size());
        for (const float value : copy) {
            if (!(std::fabs(value) <= kLargestFloat)) {
                throw std::invalid_argument("weight '" + name +
                                            "' holds a value that is not finite, or beyond 1e25");
            }
        }
        return copy.data();
    }

  private:
    static void check_size(const std::string& name, int64_t actual, int64_t expected) {
        if (actual != expected) {
            throw std::invalid_argument("weight '" + name + "' has " + std::to_string(actual) +
                                        " bytes, expected " + std::to_string(expected));
        }
    }

    std::unordered_map<std::string, py::buffer_info> buffers_;
    std::unordered_map<std::string, std::vector<float>> floats_;
};

Embedding embedding_of(const Tensors& tensors, int64_t num_pieces, int64_t dim) {
    const int64_t bits = tensors.has("embedding_q4") ? 4 : 8;
    const int64_t row_bytes = embedding_row_bytes(dim, bits);
    const uint8_t* rows = bits == 4 ? tensors.nibbles("embedding_q4", num_pieces * row_bytes)
                                    : reinterpret_cast<const uint8_t*>(
                                          tensors.int8("embedding_q8", num_pieces * row_bytes));
    return {rows, num_pieces, row_bytes, bits};
}

DirectionParameters direction_parameters(Tensors& tensors, const std::string& way,
                                         const StudentShape& shape) {
    const DirectionSizes sizes = direction_sizes(shape);
    return {tensors.int8(way + "_weight_q8", sizes.num_rows * sizes.num_columns),
            tensors.floats(way + "_scale", sizes.num_rows),
            tensors.floats(way + "_bias", sizes.num_biases)};
}

StudentParameters student_parameters(Tensors& tensors, const StudentShape& shape) {
    StudentParameters parameters = {
        {},
        tensors.int8("attention_weight_q8", shape.attention_dim * shape.num_states()),
        tensors.floats("attention_scale", shape.attention_dim),
        tensors.floats("attention_vector", shape.attention_dim),
        tensors.floats("null_score", 1),
        tensors.int8("head_weight_q8", shape.num_classes * shape.num_states()),
        tensors.floats("head_scale", shape.num_classes),
        tensors.floats("head_bias", shape.num_classes)};
    const char* const ways[kMaxDirections] = {"forward", "backward"};
    for (int64_t i = 0; i < shape.num_directions; ++i) {
        parameters.directions[i] = direction_parameters(tensors, ways[i], shape);
    }
    return parameters;
}

// Nothing, if the model file is without the tensors.
std::optional<Familiarity> familiarity_of(Tensors& tensors, int64_t num_pieces) {
    if (!tensors.has("familiarity_evidence_q4")) return std::nullopt;
    const int64_t num_evidence = Familiarity::num_evidence_pieces(num_pieces);
    return Familiarity(tensors.uint8("familiarity_evidence_q4", (num_evidence + 1) / 2), num_pieces,
                       tensors.uint8("familiarity_words", Familiarity::num_word_bytes),
                       tensors.floats("familiarity_quantiles", Familiarity::num_quantiles));
}

Explanation explanation_named(const std::string& name) {
    if (name == "gates") return Explanation::gates;
    if (name == "contributions") return Explanation::contributions;
    if (name == "scores") return Explanation::scores;
    throw std::invalid_argument("explanation is '" + name +
                                "', expected one of gates, contributions, scores");
}

// The index of the label to check, or -1 for the top one, and the thresholds; None for no check.
using CheckArguments = std::optional<std::pair<int64_t, std::vector<double>>>;

WantedCheck wanted_check(const CheckArguments& check) {
    if (!check) return std::nullopt;
    return CheckOptions{check->first, check->second};
}

class PyClassifier {
  public:
    PyClassifier(const std::string& target, const py::dict& tensors, const std::string& cell,
                 const std::string& output, int64_t num_pieces, int64_t embedding_dim,
                 int64_t hidden_dim, int64_t attention_dim, int64_t num_classes,
                 int64_t num_directions, bool lowercase, bool strip_accents, bool symbols,
                 int64_t max_pieces, const std::vector<std::string>& cleaning,
                 const std::string& explanation)
        : tensors_(tensors),
          classifier_(
              make({cell_named(cell), embedding_dim, hidden_dim, attention_dim, num_classes,
                    num_directions, output_named(output)},
                   num_pieces, kernels_of(target),
                   tokenizer_options(lowercase, strip_accents, symbols, max_pieces, cleaning),
                   explanation_named(explanation))) {}

    py::bytes answer(const py::str& text, const CheckArguments& check) const {
        const Utf8Text utf8(text);
        const WantedCheck wanted = wanted_check(check);
        if (utf8.view().size() <= kBytesWithGil && !wanted) {
            return classifier_.answer(utf8.view(), wanted);
        }
        return without_gil([&](const auto& is_interruption_wanted) {
            Interruption interruption(is_interruption_wanted);
            return classifier_.answer(utf8.view(), wanted, &interruption);
        });
    }

    py::list answer_some(const py::sequence& texts, int64_t num_threads,
                         const CheckArguments& check) const {
        std::vector<Utf8Text> held;
        std::vector<std::string_view> views;
        held.reserve(texts.size());
        size_t num_bytes = 0;
        for (const py::handle text : texts) {
            held.emplace_back(py::reinterpret_borrow<py::str>(text));
            views.push_back(held.back().view());
            num_bytes += views.back().size();
            if (num_bytes > kBytesAtOnce) break;
        }
        const std::vector<Record> records = without_gil([&](const auto& is_interruption_wanted) {
            return classifier_.answer_some(std::move(views), num_threads, wanted_check(check),
                                           is_interruption_wanted);
        });
        py::list result(records.size());
        for (size_t i = 0; i < records.size(); ++i) result[i] = py::bytes(records[i]);
        return result;
    }

  private:
    Classifier make(const StudentShape& shape, int64_t num_pieces, const Kernels& kernels,
                    const TokenizerOptions& options, Explanation explanation) {
        packed_bytes(shape);  // refuses sizes whose products would overflow below
        return Classifier(kernels, shape, student_parameters(tensors_, shape),
                          embedding_of(tensors_, num_pieces, shape.embedding_dim),
                          Tokenizer(tensors_.bytes("vocabulary"), options), explanation,
                          familiarity_of(tensors_, num_pieces));
    }

    Tensors tensors_;
    Classifier classifier_;
};

// Makes an instance of a class that inherits from tuple, without calling its __new__ in Python.
py::object make_tuple_of(PyTypeObject* type, std::array<py::object, 5> items) {
    auto result = py::reinterpret_steal<py::object>(type->tp_alloc(type, items.size()));
    if (!result) throw py::error_already_set();
    for (size_t i = 0; i < items.size(); ++i) {
        PyTuple_SET_ITEM(result.ptr(), static_cast<Py_ssize_t>(i), items[i].release().ptr());
    }
    return result;
}

py::object substring(const py::str& text, int64_t start, int64_t end) {
    auto result = py::reinterpret_steal<py::object>(PyUnicode_Substring(text.ptr(), start, end));
    if (!result) throw py::error_already_set();
    return result;
}

// Returns the words of a record of `text` as instances of `word_type`, a named tuple of text,
// start, end, weight and is_unknown. The weights are those of the top label.
py::tuple words_of(const py::str& text, const py::bytes& answer, size_t num_labels,
                   const py::type& word_type) {
    const RecordView record(answer, num_labels);
    auto* type = reinterpret_cast<PyTypeObject*>(word_type.ptr());
    py::tuple result(record.num_words());
    for (size_t w = 0; w < record.num_words(); ++w) {
        const Span span = record.span(w);
        result[w] = make_tuple_of(
            type,
            {substring(text, span.start, span.end), py::int_(span.start), py::int_(span.end),
             py::float_(record.weight(record.shown_row(), w)), py::bool_(record.is_unknown(w))});
    }
    return result;
}

// Returns the weights of the words for the label with this index, or None if the student's weights
// belong to no label.
py::object weights_of(const py::bytes& answer, size_t num_labels, size_t label) {
    const RecordView record(answer, num_labels);
    if (record.is_of_no_label()) return py::none();
    const size_t row = record.row_of(label);
    py::tuple weights(record.num_words());
    for (size_t w = 0; w < record.num_words(); ++w) weights[w] = py::float_(record.weight(row, w));
    return weights;
}

py::bytes json_of_words(const py::str& text, const py::bytes& answer, size_t num_labels,
                        const std::optional<size_t>& label) {
    return words_json(Utf8Text(text).view(), answer, num_labels, label);
}

// Returns the label's index, effects, flip (None if there is none) and is_smallest of a record that
// was checked, and None for other records.
py::object check_of(const py::bytes& answer, size_t num_labels) {
    const RecordView record(answer, num_labels);
    if (!record.is_checked()) return py::none();
    py::tuple effects(record.num_words());
    for (size_t w = 0; w < effects.size(); ++w) effects[w] = py::float_(record.effect(w));
    py::object flip = py::none();
    if (record.flip_size() >= 0) {
        py::tuple words(static_cast<size_t>(record.flip_size()));
        for (size_t i = 0; i < words.size(); ++i) words[i] = py::int_(record.flip(i));
        flip = words;
    }
    return py::make_tuple(record.checked_label(), effects, flip, record.is_smallest());
}

}  // namespace

void register_classifier(py::module_& module) {
    // An ordinary metaclass: pybind11's own, which allows static properties, has no name in a stub.
    py::class_<PyClassifier>(module, "Classifier", py::is_final(),
                             py::metaclass(reinterpret_cast<PyObject*>(&PyType_Type)))
        .def(py::init<const std::string&, const py::dict&, const std::string&, const std::string&,
                      int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, bool, bool, bool,
                      int64_t, const std::vector<std::string>&, const std::string&>(),
             py::kw_only(), py::arg("target"), py::arg("tensors"), py::arg("cell"),
             py::arg("output"), py::arg("num_pieces"), py::arg("embedding_dim"),
             py::arg("hidden_dim"), py::arg("attention_dim"), py::arg("num_classes"),
             py::arg("num_directions"), py::arg("lowercase"), py::arg("strip_accents"),
             py::arg("symbols"), py::arg("max_pieces"), py::arg("cleaning"), py::arg("explanation"))
        .def("answer", &PyClassifier::answer, py::arg("text"), py::arg("check").none(true),
             py::pos_only())
        .def("answer_some", &PyClassifier::answer_some, py::arg("texts"), py::arg("num_threads"),
             py::arg("check").none(true));
    module.def("words_of", words_of, py::arg("text"), py::arg("answer"), py::arg("num_labels"),
               py::arg("word_type"), py::pos_only());
    module.def("weights_of", weights_of, py::arg("answer"), py::arg("num_labels"), py::arg("label"),
               py::pos_only());
    module.def("words_json", json_of_words, py::arg("text"), py::arg("answer"),
               py::arg("num_labels"), py::arg("label").none(true), py::pos_only());
    module.def("check_of", check_of, py::arg("answer"), py::arg("num_labels"), py::pos_only());
}

}  // namespace dixtill
