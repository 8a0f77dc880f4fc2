// Removes from a text what a classifier should not read, and remembers where the rest was, by the
// rules of python/dixtill/specification/cleaning.py. It works on code points and in place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "../process/interruption.h"

namespace dixtill {

enum class CleaningRule { urls, html_entities, html_entities_v2, urls_v2 };

// Throws std::invalid_argument when no rule has this name.
CleaningRule cleaning_rule(std::string_view name);

// A text that is cleaned in place, and never grows.
class TextToClean {
  public:
    // `places` is working memory.
    TextToClean(char32_t* begin, size_t length, std::vector<int64_t>& places,
                Interruption* interruption)
        : begin_(begin), length_(length), places_(places), interruption_(interruption) {}

    char32_t* begin() const { return begin_; }
    char32_t* end() const { return begin_ + length_; }
    size_t length() const { return length_; }
    Interruption* interruption() const { return interruption_; }

    // Call this before the first move. Until then, each character stands where the user wrote it.
    void remember_places();
    // Moves a character, with its place, to the left or to where it stands.
    void move(const char32_t* from, char32_t* to) {
        *to = *from;
        places_[static_cast<size_t>(to - begin_)] = places_[static_cast<size_t>(from - begin_)];
    }
    // Cuts off what stands from `end` on. The last place stays the end of the user's text.
    void cut(const char32_t* end);

    bool has_places() const { return has_places_; }
    // Where a character began in the user's text, or that text's end. Only with places.
    int64_t place(int64_t index) const { return places_[static_cast<size_t>(index)]; }

  private:
    char32_t* begin_;
    size_t length_;
    std::vector<int64_t>& places_;  // [length + 1]
    Interruption* interruption_;
    bool has_places_ = false;
};

// Throws Interrupted.
void clean(CleaningRule rule, TextToClean& text);

}  // namespace dixtill
