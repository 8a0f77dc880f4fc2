#include "gate_weights.h"

#include <algorithm>
#include <cmath>

namespace dixtill {
namespace {

constexpr double kLeastAttended = 0x1p-20;  // below this, the factors equal their limits
constexpr double kLeastOfNull = 0x1p-40;
constexpr double kLog2 = 0.6931471805599453;
constexpr double kLastPower = 31.0;  // of the series; each term is at most 1/9 of the last

double sum_of(const double* values, size_t count) {
    double total = 0.0;
    for (size_t i = 0; i < count; ++i) total += values[i];
    return total;
}

// Returns -log(x) for x in (0, 1]: x = m 2^e, and -log(m) = 2 artanh((1 - m) / (1 + m)). The
// standard library's log is not used, as its last bits differ between platforms.
double minus_log(double x) {
    int e = 0;
    const double m = std::frexp(x, &e);
    const double z = (1.0 - m) / (1.0 + m), square = z * z;
    double term = z, total = z;
    for (double power = 3.0; power <= kLastPower; power += 2.0) {
        term = term * square;
        total = total + term / power;
    }
    return 2.0 * total - e * kLog2;
}

}  // namespace

void gate_weights(const std::vector<double>& attention, std::vector<double>& weights) {
    const size_t num_words = attention.size();
    double attended = sum_of(attention.data(), num_words), own = 1.0, common = 0.5;
    if (attended >= kLeastAttended) {
        attended = std::min(attended, 1.0 - kLeastOfNull);
        const double log = minus_log(1.0 - attended);
        own = log / attended;
        common = (log - attended) / (attended * attended);
    }
    for (size_t row = 0; row < weights.size(); row += num_words) {
        double* of_label = weights.data() + row;
        const double total = sum_of(of_label, num_words);
        for (size_t i = 0; i < num_words; ++i) {
            of_label[i] = own * of_label[i] - common * total * attention[i];
        }
    }
}

}  // namespace dixtill
