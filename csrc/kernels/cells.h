// The recurrent cells, and what the parameters of each are made of: the one table that packing,
// the views of packed parameters and the kernels read. specification/cells.py says what a cell
// computes; the kernel of each is a file beside this one.
#pragma once

#include <cstdint>

namespace dixtill {

// The values are in packed parameters.
enum class Cell : int64_t { lstm, gru, linear };

constexpr int64_t kMaxGates = 4;

struct CellLayout {
    const char* name;            // in model files
    int64_t num_gates;           // rows of weights for each unit
    int64_t num_biases;          // for each unit: one for each gate, then the others
    bool is_sigmoid[kMaxGates];  // gates whose scale and bias are halved: see Direction
    bool adds_products;          // whether state and input share their products, as one integer
    bool is_linear;              // its gates read the piece and the one before it, and no state
};

// In the order of Cell.
static constexpr CellLayout kCellLayouts[] = {
    {"lstm", 4, 4, {true, true, false, true}, true, false},  // i, f, g, o
    {"gru", 3, 4, {true, true, false}, false, false},        // r, z, n; n has a bias for each part
    {"linear", 2, 2, {true, false}, true, true},             // z, n
};
constexpr int64_t kNumCells = sizeof kCellLayouts / sizeof kCellLayouts[0];

static constexpr const CellLayout& layout_of(Cell cell) {
    return kCellLayouts[static_cast<int64_t>(cell)];
}

}  // namespace dixtill
