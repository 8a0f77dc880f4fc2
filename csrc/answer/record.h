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
    float familiarity;  // no_familiarity if the student cannot tell

    static constexpr float no_familiarity = -1.0F;

    static constexpr int32_t is_truncated = 1, is_checked = 2, is_of_no_label = 4;  // of the flags
};

// The words of a record, and its check. The bytes must outlive this, and need no alignment.
class RecordView {
  public:
    RecordView(std::string_view record, size_t num_labels)
        : record_(record), num_labels_(num_labels) {
        require(record.size() >= sizeof(RecordHead));
        head_ = number_at<RecordHead>(0);
        require(head_.num_words >= 0);
        require(head_.label >= 0 && static_cast<size_t>(head_.label) < num_labels);
        num_words_ = static_cast<size_t>(head_.num_words);
        num_rows_ = has(RecordHead::is_of_no_label) ? 1 : num_labels;
        is_checked_ = has(RecordHead::is_checked);
        spans_ = sizeof(RecordHead) + num_labels * sizeof(float);
        weights_ = spans_ + num_words_ * sizeof(Span);
        unknown_ = weights_ + num_rows_ * num_words_ * sizeof(double);
        effects_ = unknown_ + num_words_;
        if (!is_checked_) {
            require(record.size() == effects_);
            return;
        }
        flip_ = effects_ + num_words_ * sizeof(double);
        require(record.size() >= flip_ + 3 * sizeof(int32_t));
        const size_t num_flips = static_cast<size_t>(std::max(flip_size(), 0));
        require(record.size() == flip_ + (3 + num_flips) * sizeof(int32_t));
    }

    const RecordHead& head() const { return head_; }
    size_t num_words() const { return num_words_; }
    Span span(size_t word) const { return number_at<Span>(spans_ + word * sizeof(Span)); }

    // The weight of a word for the label `row`; the same for all labels if it is of no label.
    double weight(size_t row, size_t word) const {
        const size_t place = num_rows_ == 1 ? word : row * num_words_ + word;
        return number_at<double>(weights_ + place * sizeof(double));
    }

    // The row of the top label.
    size_t shown_row() const { return static_cast<size_t>(head_.label); }

    // The row of any label. Throws std::invalid_argument if there is no such label.
    size_t row_of(size_t label) const {
        if (label >= num_labels_) throw std::invalid_argument("there is no label of this index");
        return label;
    }

    bool is_of_no_label() const { return has(RecordHead::is_of_no_label); }

    // Whether one of the word's pieces is the unknown piece.
    bool is_unknown(size_t word) const { return record_[unknown_ + word] != 0; }

    bool is_checked() const { return is_checked_; }
    // What follows exists only in a record that is_checked.
    double effect(size_t word) const { return number_at<double>(effects_ + word * sizeof(double)); }
    int32_t checked_label() const { return number_at<int32_t>(flip_); }
    bool is_smallest() const { return number_at<int32_t>(flip_ + sizeof(int32_t)) != 0; }
    int32_t flip_size() const { return number_at<int32_t>(flip_ + 2 * sizeof(int32_t)); }
    int32_t flip(size_t i) const { return number_at<int32_t>(flip_ + (3 + i) * sizeof(int32_t)); }

  private:
    bool has(int32_t flag) const { return (head_.flags & flag) != 0; }

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
    size_t num_labels_, num_words_, num_rows_, spans_, weights_, unknown_, effects_, flip_ = 0;
    bool is_checked_;
};

}  // namespace dixtill
