#include "forward.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace dixtill {
namespace {

std::string element(const char* array, int64_t index, int64_t value) {
    return std::string(array) + "[" + std::to_string(index) + "] is " + std::to_string(value);
}

void check_offsets(const RaggedBatch& batch) {
    const int64_t* offsets = batch.offsets;
    if (offsets[0] != 0) {
        throw std::invalid_argument(element("offsets", 0, offsets[0]) + ", expected 0");
    }
    for (int64_t b = 0; b < batch.num_texts; ++b) {
        if (offsets[b + 1] < offsets[b]) {
            throw std::invalid_argument(element("offsets", b + 1, offsets[b + 1]) +
                                        ", less than the one before it, " +
                                        std::to_string(offsets[b]));
        }
    }
    if (offsets[batch.num_texts] != batch.num_piece_ids) {
        throw std::invalid_argument(element("offsets", batch.num_texts, offsets[batch.num_texts]) +
                                    ", expected the number of piece ids, " +
                                    std::to_string(batch.num_piece_ids));
    }
}

void check_piece_ids(const RaggedBatch& batch, int64_t num_pieces) {
    for (int64_t i = 0; i < batch.num_piece_ids; ++i) {
        if (batch.piece_ids[i] < 0 || batch.piece_ids[i] >= num_pieces) {
            throw std::invalid_argument(element("piece_ids", i, batch.piece_ids[i]) +
                                        ", expected 0 to " + std::to_string(num_pieces - 1));
        }
    }
}

void check_embedding(const Embedding& embedding, const StudentView& student) {
    if (embedding.dim != student.embedding_dim) {
        throw std::invalid_argument("the embedding has width " + std::to_string(embedding.dim) +
                                    ", the packed weights expect " +
                                    std::to_string(student.embedding_dim));
    }
}

int64_t longest_text(const RaggedBatch& batch) {
    int64_t longest = 0;
    for (int64_t b = 0; b < batch.num_texts; ++b) {
        longest = std::max(longest, batch.offsets[b + 1] - batch.offsets[b]);
    }
    return longest;
}

// Owns what Scratch points to.
class ScratchMemory {
  public:
    ScratchMemory(const StudentView& student, int64_t longest)
        : inputs_(size(input_bytes(student.embedding_dim, student.hidden_dim))),
          states_(size(longest * state_bytes(student.hidden_dim))),
          products_(size(num_products(student))),
          cells_(size(round_up(student.hidden_dim, kNumLanes))) {}

    Scratch pointers() { return {inputs_.data(), states_.data(), products_.data(), cells_.data()}; }

  private:
    static size_t size(int64_t count) { return static_cast<size_t>(count); }

    static int64_t num_products(const StudentView& student) {
        const int64_t lstm = student.forward.matrix.num_panels;
        return std::max(lstm, student.readout.matrix.num_panels) * kPanelRows;
    }

    std::vector<int8_t> inputs_;
    std::vector<int8_t> states_;
    std::vector<int32_t> products_;
    std::vector<float> cells_;
};

}  // namespace

void forward(const Kernels& kernels, const StudentView& student, const Embedding& embedding,
             const RaggedBatch& batch, const ForwardOutputs& outputs) {
    check_embedding(embedding, student);
    check_offsets(batch);
    check_piece_ids(batch, embedding.num_pieces);
    ScratchMemory scratch(student, longest_text(batch));
    kernels.bilstm_forward({&student, embedding.rows_q8, batch.piece_ids, batch.offsets,
                            batch.num_texts, outputs.logits, outputs.probabilities, outputs.scores,
                            outputs.attention, outputs.contributions, scratch.pointers()});
}

}  // namespace dixtill
