// Reads what Classifier writes: an answer as bytes, laid out as classifier.h says.
#pragma once

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include "../text/tokenizer.h"

namespace dixtill {

// The words of a record. Its numbers are not aligned.
class RecordWords {
  public:
    RecordWords(std::string_view record, size_t num_labels) : record_(record) {
        constexpr size_t head = 3 * sizeof(int32_t);
        if (record.size() < head) refuse();
        size_ = static_cast<size_t>(number_at<int32_t>(sizeof(int32_t)));
        spans_ = head + num_labels * sizeof(float);
        weights_ = spans_ + size_ * sizeof(Span);
        if (record.size() != weights_ + size_ * sizeof(double)) refuse();
    }

    size_t size() const { return size_; }
    Span span(size_t word) const { return number_at<Span>(spans_ + word * sizeof(Span)); }
    double weight(size_t word) const { return number_at<double>(weights_ + word * sizeof(double)); }

  private:
    [[noreturn]] static void refuse() {
        throw std::invalid_argument("the answer is not one of this version");
    }

    template <typename T>
    T number_at(size_t offset) const {
        T value;
        std::memcpy(&value, record_.data() + offset, sizeof value);
        return value;
    }

    std::string_view record_;
    size_t size_ = 0, spans_ = 0, weights_ = 0;
};

}  // namespace dixtill
