#include "words.h"

#include <algorithm>

namespace dixtill {

WordCollector::WordCollector(const Vocabulary& vocabulary, size_t max_pieces,
                             std::vector<Word>& trailing, TokenizedText& out)
    : vocabulary_(vocabulary), max_pieces_(max_pieces), out_(out), trailing_(trailing) {
    trailing_.clear();
    out_.piece_ids.clear();
    out_.word_of_piece.clear();
    out_.spans.clear();
    out_.truncated = false;
}

void WordCollector::begin(bool is_punctuation, int64_t source) {
    if (is_open_) end_pretoken();
    // Another word, and no room for it: what it is does not matter.
    if (!has_middle_ && out_.piece_ids.size() >= max_pieces_) out_.truncated = true;
    pretoken_.begin(is_punctuation, source);
    is_open_ = true;
}

void WordCollector::end_pretoken() {
    std::vector<int32_t>& piece_ids = out_.piece_ids;
    const bool is_past_limit = piece_ids.size() > max_pieces_;
    if (!is_past_limit) vocabulary_.append_pieces(pretoken_, piece_ids);
    const Word word = {pretoken_.span, piece_ids.size()};
    if (!pretoken_.is_punctuation()) {
        extend_middle(word);
    } else if (!has_middle_) {
        emit(word);
    } else if (is_past_limit && !trailing_.empty()) {
        trailing_.back().span.cover(word.span);  // cut, or in the middle: one will do for both
    } else {
        trailing_.push_back(word);
    }
}

void WordCollector::extend_middle(const Word& word) {
    if (!has_middle_) {
        middle_ = word;
        has_middle_ = true;
        return;
    }
    for (const Word& mark : trailing_) middle_.span.cover(mark.span);
    trailing_.clear();
    middle_.span.cover(word.span);
    middle_.pieces_end = word.pieces_end;
}

void WordCollector::end_chunk() {
    if (!is_open_) return;
    end_pretoken();
    is_open_ = false;
    if (!has_middle_) return;
    emit(middle_);
    for (const Word& mark : trailing_) emit(mark);
    trailing_.clear();
    has_middle_ = false;
}

void WordCollector::emit(const Word& word) {
    const size_t num_before = out_.word_of_piece.size();
    if (num_before < max_pieces_) {
        const auto index = static_cast<int32_t>(out_.spans.size());
        const size_t end = std::min(word.pieces_end, max_pieces_);
        for (size_t i = num_before; i < end; ++i) out_.word_of_piece.push_back(index);
        out_.spans.push_back(word.span);
    }
    if (word.pieces_end > max_pieces_) out_.truncated = true;
}

void WordCollector::finish() {
    end_chunk();
    out_.piece_ids.resize(out_.word_of_piece.size());
}

}  // namespace dixtill
