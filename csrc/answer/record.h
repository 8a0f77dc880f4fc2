// Reads what Classifier writes: an answer as bytes, laid out as classifier.h says.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string_view>

#include "../text/tokenizer.h"

namespace dixtill {

// The beginning of a record.
struct RecordHead {
    int32_t label, num_words, flags, num_pieces, num_unknown_pieces;

    static constexpr int32_t is_truncated = 1, is_checked = 2;  // of the flags
};

// The words of a record, and its check. The bytes must outlive this, and need no alignment.
class RecordView {
  public:
    RecordView(std::string_view record, size_t num_labels) : record_(record) {
        require(record.size() >= sizeof(RecordHead));
        head_ = number_at<RecordHead>(0);
        require(head_.num_words >= 0);
        num_words_ = static_cast<size_t>(head_.num_words);
        is_checked_ = (head_.flags & RecordHead::is_checked) != 0;
        spans_ = sizeof(RecordHead) + num_labels * sizeof(float);
        weights_ = spans_ + num_words_ * sizeof(Span);
        unknown_ = weights_ + num_words_ * sizeof(double);
        effects_ = unknown_ + num_words_;
        if (!is_checked_) {
            require(record.size() == effects_);
            return;
        }
        flip_ = effects_ + num_words_ * sizeof(double);
        require(record.size() >= flip_ + 2 * sizeof(int32_t));
        const size_t num_flips = static_cast<size_t>(std::max(flip_size(), 0));
        require(record.size() == flip_ + (2 + num_flips) * sizeof(int32_t));
    }

    const RecordHead& head() const { return head_; }
    size_t num_words() const { return num_words_; }
    Span span(size_t word) const { return number_at<Span>(spans_ + word * sizeof(Span)); }
    double weight(size_t word) const { return number_at<double>(weights_ + word * sizeof(double)); }

    // Whether one of the word's pieces is the unknown piece.
    bool is_unknown(size_t word) const { return record_[unknown_ + word] != 0; }

    bool is_checked() const { return is_checked_; }
    // What follows exists only in a record that is_checked.
    double effect(size_t word) const { return number_at<double>(effects_ + word * sizeof(double)); }
    bool is_smallest() const { return number_at<int32_t>(flip_) != 0; }
    int32_t flip_size() const { return number_at<int32_t>(flip_ + sizeof(int32_t)); }
    int32_t flip(size_t i) const { return number_at<int32_t>(flip_ + (2 + i) * sizeof(int32_t)); }

  private:
    static void require(bool holds) {
        if (!holds) throw std::invalid_argument("the answer is not one of this version");
    }

    template <typename T>
    T number_at(size_t offset) const {
        T value;
        std::memcpy(&value, record_.data() + offset, sizeof value);
        return value;
    }

    std::string_view record_;
    RecordHead head_;
    size_t num_words_, spans_, weights_, unknown_, effects_, flip_ = 0;
    bool is_checked_;
};

}  // namespace dixtill
