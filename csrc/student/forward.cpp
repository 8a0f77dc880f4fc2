#include "forward.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "../process/blocks.h"

namespace dixtill {
namespace {

std::string element(const char* array, int64_t index, int64_t value) {
    return std::string(array) + "[" + std::to_string(index) + "] is " + std::to_string(value);
}

void check_offsets(const RaggedBatch& batch, Interruption* interruption) {
    const int64_t* offsets = batch.offsets;
    if (offsets[0] != 0) {
        throw std::invalid_argument(element("offsets", 0, offsets[0]) + ", expected 0");
    }
    in_blocks(int64_t{0}, batch.num_texts, interruption, [offsets](int64_t b, int64_t end) {
        for (; b < end; ++b) {
            if (offsets[b + 1] >= offsets[b]) continue;
            throw std::invalid_argument(element("offsets", b + 1, offsets[b + 1]) +
                                        ", less than the one before it, " +
                                        std::to_string(offsets[b]));
        }
        return end;
    });
    if (offsets[batch.num_texts] != batch.num_piece_ids) {
        throw std::invalid_argument(element("offsets", batch.num_texts, offsets[batch.num_texts]) +
                                    ", expected the number of piece ids, " +
                                    std::to_string(batch.num_piece_ids));
    }
}

void check_piece_ids(const RaggedBatch& batch, int64_t num_pieces, Interruption* interruption) {
    in_blocks(int64_t{0}, batch.num_piece_ids, interruption, [&](int64_t i, int64_t end) {
        for (; i < end; ++i) {
            if (0 <= batch.piece_ids[i] && batch.piece_ids[i] < num_pieces) continue;
            throw std::invalid_argument(element("piece_ids", i, batch.piece_ids[i]) +
                                        ", expected 0 to " + std::to_string(num_pieces - 1));
        }
        return end;
    });
}

void check_embedding(const Embedding& embedding, const StudentView& student) {
    if (embedding.bits != 4 && embedding.bits != 8) {
        throw std::invalid_argument("the embedding has " + std::to_string(embedding.bits) +
                                    " bits a value, expected 4 or 8");
    }
    const int64_t expected = embedding_row_bytes(student.embedding_dim, embedding.bits);
    if (embedding.row_bytes != expected) {
        throw std::invalid_argument("the embedding has " + std::to_string(embedding.row_bytes) +
                                    " bytes a row, the packed parameters expect " +
                                    std::to_string(expected));
    }
}

Progress reported_to(Interruption* interruption) {
    if (interruption == nullptr) return {};
    return {[](void* owner, int64_t num_pieces) {
                return static_cast<Interruption*>(owner)->goes_on_after(num_pieces);
            },
            interruption};
}

int64_t longest_text(const RaggedBatch& batch) {
    int64_t longest = 0;
    for (int64_t b = 0; b < batch.num_texts; ++b) {
        longest = std::max(longest, batch.offsets[b + 1] - batch.offsets[b]);
    }
    return longest;
}

}  // namespace

// The first pass, without memory, measures; the second places.
const Scratch& Workspace::for_texts_up_to(int64_t length, const StudentView& student) {
    if (length <= longest_) return scratch_;
    longest_ = -1;  // until there is memory: allocating may throw
    place(length, student);
    memory_ = AlignedMemory(num_bytes_);
    place(length, student);
    longest_ = length;
    return scratch_;
}

// Returns the next part, which starts at a cache line.
template <typename T>
T* Workspace::take(int64_t count) {
    const uintptr_t at =
        reinterpret_cast<uintptr_t>(memory_.data()) + static_cast<uintptr_t>(num_bytes_);
    num_bytes_ += round_up(count * static_cast<int64_t>(sizeof(T)), kLineBytes);
    return reinterpret_cast<T*>(at);
}

DirectionScratch Workspace::take_direction(int64_t length, const StudentView& student) {
    const int64_t num_rows = student.directions[0].input.num_rows;
    const int64_t num_units = readable_units(student.hidden_dim);
    const bool is_linear = layout_of(student.cell).is_linear;
    return {take<int8_t>(input_bytes(student.cell, student.embedding_dim)),
            take<int32_t>(kChunkSteps * padded_rows(num_rows) + kBlockUnits),
            take<InputProducts>(kChunkSteps),
            take<int32_t>(readable_rows(num_rows)),
            take<int8_t>(num_units),
            take<float>(num_units),
            take<float>(is_linear ? length * 2 * lane_units(student.hidden_dim) : 0)};
}

void Workspace::place(int64_t length, const StudentView& student) {
    const int64_t num_rows = padded_rows(student.directions[0].input.num_rows);
    const int64_t num_readout_rows = padded_rows(student.readout.matrix.num_rows);
    num_bytes_ = 0;
    for (int64_t i = 0; i < student.num_directions; ++i) {
        scratch_.directions[i] = take_direction(length, student);
    }
    scratch_.states_q8 = take<int8_t>(length * state_bytes(student));
    scratch_.readout_products = take<int32_t>(num_readout_rows);
    scratch_.zeros = take<int32_t>(std::max(num_rows, num_readout_rows) + kBlockUnits);
    scratch_.reached =
        take<float>(traced_values(student.cell, student.num_classes, student.hidden_dim));
}

void forward(const Kernels& kernels, const StudentView& student, const Embedding& embedding,
             const RaggedBatch& batch, const ForwardOutputs& outputs, Workspace& workspace,
             Interruption* interruption, ProductMemory* memory) {
    check_embedding(embedding, student);
    check_offsets(batch, interruption);
    check_piece_ids(batch, embedding.num_pieces, interruption);
    const Scratch& scratch = workspace.for_texts_up_to(longest_text(batch), student);
    const int32_t* const* remembered = nullptr;
    if (memory != nullptr) {
        grow(workspace.remembered, static_cast<size_t>(batch.num_piece_ids), interruption);
        in_blocks(int64_t{0}, batch.num_piece_ids, interruption, [&](int64_t i, int64_t end) {
            for (; i < end; ++i) {
                workspace.remembered[static_cast<size_t>(i)] =
                    memory->products_of(batch.piece_ids[i], scratch);
            }
            return end;
        });
        remembered = workspace.remembered.data();
    }
    const bool is_done = kernels.forward(
        {&student, embedding, batch.piece_ids, batch.offsets, batch.num_texts, remembered,
         outputs.logits, outputs.probabilities, outputs.scores, outputs.attention,
         outputs.contributions, scratch, reported_to(interruption)});
    if (!is_done) throw Interrupted();
}

void forward(const Kernels& kernels, const StudentView& student, const Embedding& embedding,
             const RaggedBatch& batch, const ForwardOutputs& outputs, Interruption* interruption) {
    Workspace workspace;
    forward(kernels, student, embedding, batch, outputs, workspace, interruption);
}

}  // namespace dixtill
