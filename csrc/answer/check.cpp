#include "check.h"

#include <algorithm>
#include <numeric>

namespace dixtill {
namespace {

// These take about 15 ms for 12 words, 60 ms for 27. They are enough to try all sets of up to 2 of
// 60 words, 3 of 20, 4 of 14 or 5 of 12.
constexpr int64_t kMaxPasses = 2048;

class WordRemoval {
  public:
    WordRemoval(const TokenizedText& text, const LabelState& whole, const StateOf& state_of)
        : text_(text), whole_(whole), state_of_(state_of), is_removed_(text.spans.size(), 0) {}

    size_t num_words() const { return is_removed_.size(); }
    void remove(size_t word) { is_removed_[word] = 1; }
    void put_back(size_t word) { is_removed_[word] = 0; }
    bool is_removed(size_t word) const { return is_removed_[word] != 0; }
    int64_t num_passes() const { return num_passes_; }

    double whole_margin() const { return whole_.margin; }

    // The label's margin without the words that are removed.
    double margin_now() { return state_now().margin; }

    // What a loss of margin does for a change of the answer.
    double progress_of(double loss) const { return whole_.is_answer ? loss : -loss; }

    // Whether the text gains or loses the label without them.
    bool flips_now() { return state_now().is_answer != whole_.is_answer; }

    std::vector<int32_t> removed() const {
        std::vector<int32_t> words;
        for (size_t w = 0; w < num_words(); ++w) {
            if (is_removed_[w]) words.push_back(static_cast<int32_t>(w));
        }
        return words;
    }

  private:
    LabelState state_now() {
        ++num_passes_;
        piece_ids_.clear();
        for (size_t i = 0; i < text_.piece_ids.size(); ++i) {
            if (!is_removed_[static_cast<size_t>(text_.word_of_piece[i])]) {
                piece_ids_.push_back(text_.piece_ids[i]);
            }
        }
        return state_of_(piece_ids_);
    }

    const TokenizedText& text_;
    const LabelState whole_;
    const StateOf& state_of_;
    std::vector<char> is_removed_;
    std::vector<int32_t> piece_ids_;
    int64_t num_passes_ = 0;
};

std::vector<double> effects_of_words(WordRemoval& removal) {
    std::vector<double> effects(removal.num_words());
    for (size_t w = 0; w < effects.size(); ++w) {
        removal.remove(w);
        effects[w] = removal.whole_margin() - removal.margin_now();
        removal.put_back(w);
    }
    return effects;
}

// Removes words until the text gains or loses the label. Returns false when it never does.
bool remove_greedily(WordRemoval& removal, const std::vector<size_t>& by_effect) {
    for (size_t count = 0; count < removal.num_words(); ++count) {
        size_t best = by_effect[0];
        double most = 0.0;
        bool is_first = true;
        for (const size_t word : by_effect) {
            if (removal.is_removed(word)) continue;
            // When no passes are left, the order of the effects decides.
            if (removal.num_passes() > kMaxPasses) {
                if (is_first) best = word;
                break;
            }
            removal.remove(word);
            const double progress = removal.progress_of(-removal.margin_now());
            removal.put_back(word);
            if (is_first || progress > most) {
                most = progress;
                best = word;
                is_first = false;
            }
        }
        removal.remove(best);
        if (removal.flips_now()) return true;
    }
    return false;
}

// Whether the text gains or loses the label when `size` of the words from place `first` on are
// removed as well. If so, they stay removed.
bool remove_any(WordRemoval& removal, const std::vector<size_t>& by_effect, size_t first,
                size_t size) {
    if (size == 0) return removal.flips_now();
    for (size_t i = first; i + size <= by_effect.size(); ++i) {
        removal.remove(by_effect[i]);
        if (remove_any(removal, by_effect, i + 1, size - 1)) return true;
        removal.put_back(by_effect[i]);
    }
    return false;
}

// n choose k, or a number beyond `limit`.
int64_t num_subsets(int64_t n, int64_t k, int64_t limit) {
    int64_t count = 1;
    for (int64_t i = 1; i <= k && count <= limit; ++i) count = count * (n - k + i) / i;
    return count;
}

// The words in the order of what leaving them out does for a change of the answer.
std::vector<size_t> most_useful_first(const WordRemoval& removal,
                                      const std::vector<double>& effects) {
    std::vector<size_t> order(effects.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
        return removal.progress_of(effects[a]) > removal.progress_of(effects[b]);
    });
    return order;
}

void find_flip(WordRemoval& removal, const std::vector<size_t>& by_effect, Check& check) {
    check.has_flip = remove_greedily(removal, by_effect);
    std::vector<int32_t> found = removal.removed();
    for (const int32_t word : found) removal.put_back(static_cast<size_t>(word));
    check.is_smallest = true;
    for (size_t size = 1; size < found.size(); ++size) {
        const int64_t left = kMaxPasses - removal.num_passes();
        if (num_subsets(static_cast<int64_t>(removal.num_words()), static_cast<int64_t>(size),
                        std::max<int64_t>(left, 0)) > left) {
            check.is_smallest = false;
            break;
        }
        if (remove_any(removal, by_effect, 0, size)) {
            check.has_flip = true;
            found = removal.removed();
            break;
        }
    }
    if (check.has_flip) check.flip = std::move(found);
}

}  // namespace

Check check_words(const TokenizedText& text, const LabelState& whole, bool can_change,
                  const StateOf& state_of) {
    WordRemoval removal(text, whole, state_of);
    Check check;
    check.effects = effects_of_words(removal);
    check.is_smallest = true;
    if (can_change) find_flip(removal, most_useful_first(removal, check.effects), check);
    return check;
}

}  // namespace dixtill
