// The tokenizer of text/ for Python.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>
#include <string_view>
#include <vector>

#include "../text/tokenizer.h"
#include "register.h"
#include "tokenizer_options.h"
#include "utf8.h"
#include "without_gil.h"

namespace py = pybind11;

namespace dixtill {

namespace {

py::list spans_of(const TokenizedText& read) {
    py::list spans(read.spans.size());
    for (size_t i = 0; i < read.spans.size(); ++i) {
        spans[i] = py::make_tuple(read.spans[i].start, read.spans[i].end);
    }
    return spans;
}

class PyTokenizer {
  public:
    PyTokenizer(const py::bytes& vocabulary, bool lowercase, bool strip_accents, bool symbols,
                int64_t max_pieces, const std::vector<std::string>& cleaning)
        : tokenizer_(std::string_view(vocabulary),
                     tokenizer_options(lowercase, strip_accents, symbols, max_pieces, cleaning)) {}

    py::tuple read(const py::str& text) const {
        TokenizerScratch scratch;
        TokenizedText read;
        const Utf8Text utf8(text);
        without_gil([&](const auto& is_interruption_wanted) {
            Interruption interruption(is_interruption_wanted);
            tokenizer_.read(utf8.view(), scratch, read, &interruption);
        });
        return py::make_tuple(read.piece_ids, read.word_of_piece, spans_of(read), read.truncated);
    }

  private:
    Tokenizer tokenizer_;
};

}  // namespace

void register_tokenizer(py::module_& module) {
    py::class_<PyTokenizer>(module, "Tokenizer", py::is_final(),
                            py::metaclass(reinterpret_cast<PyObject*>(&PyType_Type)))
        .def(py::init<const py::bytes&, bool, bool, bool, int64_t,
                      const std::vector<std::string>&>(),
             py::arg("vocabulary"), py::arg("lowercase"), py::arg("strip_accents"),
             py::arg("symbols"), py::arg("max_pieces"), py::arg("cleaning"))
        .def("__call__", &PyTokenizer::read, py::arg("text"));
}

}  // namespace dixtill
