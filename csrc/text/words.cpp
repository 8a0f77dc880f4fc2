#include "words.h"

#include <algorithm>

#include "../process/blocks.h"
#include "unicode.h"

namespace dixtill {

namespace {

bool is_skin_tone(char32_t c) {
    return 0x1F3FB <= c && c <= 0x1F3FF;
}

// Two of them are a flag.
bool is_regional_indicator(char32_t c) {
    return 0x1F1E6 <= c && c <= 0x1F1FF;
}

}  // namespace

WordCollector::WordCollector(const Vocabulary& vocabulary, const WordOptions& options,
                             std::vector<Word>& trailing, TokenizedText& out,
                             Interruption* interruption)
    : vocabulary_(vocabulary),
      options_(options),
      out_(out),
      trailing_(trailing),
      interruption_(interruption) {
    trailing_.clear();
    out_.piece_ids.clear();
    out_.word_of_piece.clear();
    out_.spans.clear();
    out_.truncated = false;
}

void WordCollector::begin(PretokenKind kind, int64_t source) {
    if (is_open_ && pretoken_.kind() == PretokenKind::symbol && kind != PretokenKind::symbol) {
        end_chunk();
    }
    if (is_open_) end_pretoken();
    // There is no room for another word, whatever it is.
    if (!has_middle_ && out_.piece_ids.size() >= options_.max_pieces) out_.truncated = true;
    pretoken_.begin(kind, source);
    is_open_ = true;
}

void WordCollector::add_symbol(char32_t c, int64_t source) {
    if (is_open_ && !is_joined(c, source)) end_chunk();
    if (!is_open_) {
        first_symbol_ = c;
        num_symbols_ = 0;
    }
    ++num_symbols_;
    begin(PretokenKind::symbol, source);
    pretoken_.append(c);
}

// The emoji sequences of Unicode (UTS 51) that need no list: joined symbols, skin tones, and pairs
// of regional indicators.
bool WordCollector::is_joined(char32_t symbol, int64_t source) const {
    if (pretoken_.kind() != PretokenKind::symbol) return false;
    if (joiner_ == source - 1 || is_skin_tone(symbol)) return true;
    return is_regional_indicator(symbol) && num_symbols_ == 1 &&
           is_regional_indicator(first_symbol_);
}

void WordCollector::end_pretoken() {
    std::vector<int32_t>& piece_ids = out_.piece_ids;
    const bool is_past_limit = piece_ids.size() > options_.max_pieces;
    if (!is_past_limit && !vocabulary_.append_pieces(pretoken_, piece_ids) &&
        !(options_.has_plain_forms && append_plain_form())) {
        piece_ids.push_back(vocabulary_.unknown_id());
    }
    const Word word = {pretoken_.span, piece_ids.size()};
    if (pretoken_.kind() != PretokenKind::punctuation) {
        extend_middle(word);
    } else if (!has_middle_) {
        emit(word);
    } else if (is_past_limit && !trailing_.empty()) {
        trailing_.back().span.cover(word.span);  // either both are cut, or both join the middle
    } else {
        trailing_.push_back(word);
    }
}

// Looks an unknown pre-token up once more in its plain form, if that is another one.
bool WordCollector::append_plain_form() const {
    if (pretoken_.is_too_long()) return false;
    Pretoken plain;
    plain.begin(pretoken_.kind(), 0);
    bool is_other = false;
    for (std::string_view rest = pretoken_.text(); !rest.empty();) {
        const char32_t c = take_code_point(rest);
        const unicode::Sequence form = unicode::plain_form(c);
        is_other |= form.length > 0;
        if (form.length == 0) plain.append(c);
        for (size_t i = 0; i < form.length; ++i) {
            const char32_t part = form.chars[i];
            plain.append(options_.lowercase && U'A' <= part && part <= U'Z' ? part | 0x20 : part);
        }
    }
    return is_other && vocabulary_.append_pieces(plain, out_.piece_ids);
}

template <typename Take>
void WordCollector::take_trailing(const Take& take) {
    if (trailing_.empty()) return;
    in_blocks(trailing_.cbegin(), trailing_.cend(), interruption_, [&take](auto at, auto end) {
        std::for_each(at, end, take);
        return end;
    });
    trailing_.clear();
}

void WordCollector::extend_middle(const Word& word) {
    if (!has_middle_) {
        middle_ = word;
        has_middle_ = true;
        return;
    }
    take_trailing([this](const Word& mark) { middle_.span.cover(mark.span); });
    middle_.span.cover(word.span);
    middle_.pieces_end = word.pieces_end;
}

void WordCollector::end_chunk() {
    if (!is_open_) return;
    end_pretoken();
    is_open_ = false;
    if (!has_middle_) return;
    emit(middle_);
    take_trailing([this](const Word& mark) { emit(mark); });
    has_middle_ = false;
}

void WordCollector::emit(const Word& word) {
    const size_t num_before = out_.word_of_piece.size();
    if (num_before < options_.max_pieces) {
        const auto index = static_cast<int32_t>(out_.spans.size());
        const size_t end = std::min(word.pieces_end, options_.max_pieces);
        for (size_t i = num_before; i < end; ++i) out_.word_of_piece.push_back(index);
        out_.spans.push_back(word.span);
    }
    if (word.pieces_end > options_.max_pieces) out_.truncated = true;
}

void WordCollector::finish() {
    end_chunk();
    out_.piece_ids.resize(out_.word_of_piece.size());
}

}  // namespace dixtill
