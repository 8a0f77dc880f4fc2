// Reads golden.bin, which tools/make_golden_vectors.py writes. Little endian, every item padded
// with zeros to a multiple of four bytes:
//
//   "DIXGOLD7", uint32 number of students, of accumulations, and of sets of familiar texts
//   each student: name, ending in a zero byte; uint32 cell, num_pieces, embedding_dim,
//     hidden_dim, attention_dim, num_classes, num_directions, output, num_piece_ids,
//     num_texts, embedding_bits; then the arrays of GoldenStudent
//   each accumulation: name; uint32 num_steps, num_texts, num_tokens, width, num_words; then the
//     arrays of GoldenAccumulation
//   each set of familiar texts: name; uint32 num_pieces, num_piece_ids, num_texts; then the arrays
//     of GoldenFamiliarTexts
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "../../csrc/answer/familiarity.h"
#include "../../csrc/student/layout.h"

struct GoldenDirection {  // of the sizes that direction_sizes gives
    std::vector<int8_t> weight_q8;
    std::vector<float> scale, bias;
};

struct GoldenStudent {
    std::string name;
    int64_t cell;  // a dixtill::Cell
    int64_t num_pieces, embedding_dim, hidden_dim, attention_dim, num_classes, num_directions;
    int64_t output;  // a dixtill::Output
    int64_t num_piece_ids, num_texts, embedding_bits;
    std::vector<uint8_t> embedding;                        // [num_pieces, embedding_row_bytes]
    std::vector<GoldenDirection> directions;               // [num_directions]
    std::vector<int8_t> attention_weight_q8;               // [attention_dim, num_states]
    std::vector<float> attention_scale, attention_vector;  // [attention_dim]
    std::vector<float> null_score;                         // [1]
    std::vector<int8_t> head_weight_q8;                    // [num_classes, num_states]
    std::vector<float> head_scale, head_bias;              // [num_classes]
    std::vector<int32_t> piece_ids;                        // [num_piece_ids]
    std::vector<int64_t> offsets;                          // [num_texts + 1]
    dixtill::StudentShape shape() const {
        return {static_cast<dixtill::Cell>(cell),
                embedding_dim,
                hidden_dim,
                attention_dim,
                num_classes,
                num_directions,
                static_cast<dixtill::Output>(output)};
    }

    // Expected, to the bit.
    std::vector<float> logits, probabilities;  // [num_texts, num_classes]
    std::vector<float> scores, attention;      // [num_piece_ids]
    std::vector<float> contributions;          // [num_piece_ids, num_classes]
};

struct GoldenAccumulation {
    std::string name;
    int64_t num_steps, num_texts, num_tokens, width, num_words;
    std::vector<float> gradients;     // [num_steps, num_texts, num_tokens, width]
    std::vector<float> step_weights;  // [num_steps]
    std::vector<float> delta;         // [num_texts, num_tokens, width]
    std::vector<int32_t> word_index;  // [num_texts, num_tokens]
    std::vector<float> attributions;  // [num_texts, num_words], expected, to the bit
};

struct GoldenFamiliarTexts {
    std::string name;
    int64_t num_pieces, num_piece_ids, num_texts;
    std::vector<uint8_t> evidence_q4;      // two pieces in a byte
    std::vector<uint8_t> known_words;      // [Familiarity::num_word_bytes]
    std::vector<float> quantiles;          // [Familiarity::num_quantiles]
    std::vector<uint8_t> is_continuation;  // [num_pieces]; piece 0 is the unknown one
    std::vector<int32_t> piece_ids;        // [num_piece_ids]
    std::vector<int64_t> offsets;          // [num_texts + 1]
    std::vector<float> familiarity;        // [num_texts], expected, to the bit
};

struct GoldenFile {
    std::vector<GoldenStudent> students;
    std::vector<GoldenAccumulation> accumulations;
    std::vector<GoldenFamiliarTexts> familiar_texts;
};

class GoldenReader {
  public:
    explicit GoldenReader(const std::string& path) {
        std::ifstream file(path, std::ios::binary);
        if (!file) throw std::runtime_error(path + " cannot be read");
        bytes_.assign(std::istreambuf_iterator<char>(file), {});
    }

    GoldenFile read() {
        if (bytes_.compare(0, std::strlen(kMagic), kMagic) != 0) {
            throw std::runtime_error(std::string("the file does not begin with ") + kMagic);
        }
        at_ = std::strlen(kMagic);
        const int64_t num_students = number(), num_accumulations = number(), num_sets = number();
        GoldenFile file;
        for (int64_t i = 0; i < num_students; ++i) file.students.push_back(student());
        for (int64_t i = 0; i < num_accumulations; ++i) {
            file.accumulations.push_back(accumulation());
        }
        for (int64_t i = 0; i < num_sets; ++i) file.familiar_texts.push_back(familiar_texts());
        if (at_ != bytes_.size()) throw std::runtime_error("the file has bytes left at its end");
        return file;
    }

  private:
    static constexpr const char* kMagic = "DIXGOLD7";

    GoldenStudent student() {
        GoldenStudent s;
        s.name = name();
        for (int64_t* size : {&s.cell, &s.num_pieces, &s.embedding_dim, &s.hidden_dim,
                              &s.attention_dim, &s.num_classes, &s.num_directions, &s.output,
                              &s.num_piece_ids, &s.num_texts, &s.embedding_bits}) {
            *size = number();
        }
        dixtill::place_blocks(s.shape());  // throws if the cell or a size is wrong
        const int64_t row_bytes = dixtill::embedding_row_bytes(s.embedding_dim, s.embedding_bits);
        fill(s.embedding, s.num_pieces * row_bytes);
        s.directions.resize(static_cast<size_t>(s.num_directions));
        for (GoldenDirection& direction : s.directions) {
            const dixtill::DirectionSizes sizes = dixtill::direction_sizes(s.shape());
            fill(direction.weight_q8, sizes.num_rows * sizes.num_columns);
            fill(direction.scale, sizes.num_rows);
            fill(direction.bias, sizes.num_biases);
        }
        fill(s.attention_weight_q8, s.attention_dim * s.shape().num_states());
        fill(s.attention_scale, s.attention_dim);
        fill(s.attention_vector, s.attention_dim);
        fill(s.null_score, 1);
        fill(s.head_weight_q8, s.num_classes * s.shape().num_states());
        fill(s.head_scale, s.num_classes);
        fill(s.head_bias, s.num_classes);
        fill(s.piece_ids, s.num_piece_ids);
        fill(s.offsets, s.num_texts + 1);
        fill(s.logits, s.num_texts * s.num_classes);
        fill(s.probabilities, s.num_texts * s.num_classes);
        fill(s.scores, s.num_piece_ids);
        fill(s.attention, s.num_piece_ids);
        fill(s.contributions, s.num_piece_ids * s.num_classes);
        return s;
    }

    GoldenAccumulation accumulation() {
        GoldenAccumulation a;
        a.name = name();
        for (int64_t* size : {&a.num_steps, &a.num_texts, &a.num_tokens, &a.width, &a.num_words}) {
            *size = number();
        }
        const int64_t num_tokens = a.num_texts * a.num_tokens;
        fill(a.gradients, a.num_steps * num_tokens * a.width);
        fill(a.step_weights, a.num_steps);
        fill(a.delta, num_tokens * a.width);
        fill(a.word_index, num_tokens);
        fill(a.attributions, a.num_texts * a.num_words);
        return a;
    }

    GoldenFamiliarTexts familiar_texts() {
        GoldenFamiliarTexts f;
        f.name = name();
        for (int64_t* size : {&f.num_pieces, &f.num_piece_ids, &f.num_texts}) *size = number();
        fill(f.evidence_q4, (dixtill::Familiarity::num_evidence_pieces(f.num_pieces) + 1) / 2);
        fill(f.known_words, dixtill::Familiarity::num_word_bytes);
        fill(f.quantiles, dixtill::Familiarity::num_quantiles);
        fill(f.is_continuation, f.num_pieces);
        fill(f.piece_ids, f.num_piece_ids);
        fill(f.offsets, f.num_texts + 1);
        fill(f.familiarity, f.num_texts);
        return f;
    }

    std::string name() {
        const size_t end = bytes_.find('\0', at_);
        if (end == std::string::npos) throw std::runtime_error("the file is cut short");
        return std::string(take(end + 1 - at_));
    }

    int64_t number() {
        uint32_t value;
        std::memcpy(&value, take(sizeof value), sizeof value);
        return value;
    }

    template <typename T>
    void fill(std::vector<T>& out, int64_t count) {
        const size_t num_bytes = static_cast<size_t>(count) * sizeof(T);
        const char* from = take(num_bytes);
        out.resize(static_cast<size_t>(count));
        if (count > 0) std::memcpy(out.data(), from, num_bytes);
    }

    const char* take(size_t num_bytes) {
        const size_t padded = (num_bytes + 3) / 4 * 4;
        if (padded > bytes_.size() - at_) throw std::runtime_error("the file is cut short");
        at_ += padded;
        return bytes_.data() + at_ - padded;
    }

    std::string bytes_;
    size_t at_ = 0;
};
