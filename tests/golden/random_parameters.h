// Parameters of a student that are made up: the same on every machine.
#pragma once

#include <cstdint>
#include <vector>

#include "../../csrc/student/pack.h"

// Knuth's linear congruential generator; the high bits are the random ones.
class Lcg {
  public:
    uint32_t next() {
        state_ = state_ * 6364136223846793005U + 1442695040888963407U;
        return static_cast<uint32_t>(state_ >> 33U);
    }
    std::vector<int8_t> q8(int64_t count) {
        std::vector<int8_t> values(static_cast<size_t>(count));
        for (int8_t& value : values) {
            value = static_cast<int8_t>(static_cast<int32_t>(next() % 65U) - 32);  // small sums
        }
        return values;
    }
    std::vector<float> floats(int64_t count, float limit) {
        std::vector<float> values(static_cast<size_t>(count));
        for (float& value : values) {
            const float unit = static_cast<float>(next() % 65536U) / 65536.0F;
            value = (2.0F * unit - 1.0F) * limit;
        }
        return values;
    }

  private:
    uint64_t state_ = 1;
};

class RandomParameters {
  public:
    // Scales lie in [-max_scale, max_scale], biases and the rest in [-1, 1].
    RandomParameters(const dixtill::StudentShape& shape, float max_scale, Lcg& random)
        : directions_(directions(shape, max_scale, random)),
          attention_weight_q8_(random.q8(shape.attention_dim * shape.num_states())),
          attention_scale_(random.floats(shape.attention_dim, max_scale)),
          attention_vector_(random.floats(shape.attention_dim, 1.0F)),
          null_score_(random.floats(1, 1.0F)),
          head_weight_q8_(random.q8(shape.num_classes * shape.num_states())),
          head_scale_(random.floats(shape.num_classes, max_scale)),
          head_bias_(random.floats(shape.num_classes, 1.0F)) {}

    // Points into this.
    dixtill::StudentParameters view() const {
        dixtill::StudentParameters parameters = {{},
                                                 attention_weight_q8_.data(),
                                                 attention_scale_.data(),
                                                 attention_vector_.data(),
                                                 null_score_.data(),
                                                 head_weight_q8_.data(),
                                                 head_scale_.data(),
                                                 head_bias_.data()};
        for (size_t i = 0; i < directions_.size(); ++i) {
            parameters.directions[i] = directions_[i].view();
        }
        return parameters;
    }

  private:
    struct Direction {
        std::vector<int8_t> weight_q8;
        std::vector<float> scale, bias;

        Direction(const dixtill::DirectionSizes& sizes, float max_scale, Lcg& random)
            : weight_q8(random.q8(sizes.num_rows * sizes.num_columns)),
              scale(random.floats(sizes.num_rows, max_scale)),
              bias(random.floats(sizes.num_biases, 1.0F)) {}
        dixtill::DirectionParameters view() const {
            return {weight_q8.data(), scale.data(), bias.data()};
        }
    };

    static std::vector<Direction> directions(const dixtill::StudentShape& shape, float max_scale,
                                             Lcg& random) {
        std::vector<Direction> made;
        for (int64_t i = 0; i < shape.num_directions; ++i) {
            made.emplace_back(dixtill::direction_sizes(shape), max_scale, random);
        }
        return made;
    }

    std::vector<Direction> directions_;
    std::vector<int8_t> attention_weight_q8_;
    std::vector<float> attention_scale_, attention_vector_, null_score_;
    std::vector<int8_t> head_weight_q8_;
    std::vector<float> head_scale_, head_bias_;
};
