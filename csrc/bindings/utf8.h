// A str of Python as UTF-8.
#pragma once

#include <pybind11/pybind11.h>

#include <string_view>

namespace dixtill {

// The bytes of a str, valid as long as this object. Lone surrogates are three bytes each.
class Utf8Text {
  public:
    explicit Utf8Text(const pybind11::str& text) : owner_(text) {
        Py_ssize_t size = 0;
        const char* bytes = PyUnicode_AsUTF8AndSize(text.ptr(), &size);
        if (bytes == nullptr) {
            if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) {
                throw pybind11::error_already_set();
            }
            PyErr_Clear();
            bytes = encode_surrogates(&size);
        }
        view_ = {bytes, static_cast<size_t>(size)};
    }

    std::string_view view() const { return view_; }

  private:
    char* encode_surrogates(Py_ssize_t* size) {
        PyObject* encoded = PyUnicode_AsEncodedString(owner_.ptr(), "utf-8", "surrogatepass");
        if (encoded == nullptr) throw pybind11::error_already_set();
        owner_ = pybind11::reinterpret_steal<pybind11::object>(encoded);
        *size = PyBytes_GET_SIZE(encoded);
        return PyBytes_AS_STRING(encoded);
    }

    pybind11::object owner_;
    std::string_view view_;
};

}  // namespace dixtill
