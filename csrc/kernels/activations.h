// tanh and exp over eight lanes, from IEEE add, sub, mul and div alone, so that every
// target gives the same bits. specification/reference.py has the same coefficients.
#pragma once

namespace dixtill::DIXTILL_TARGET {

template <typename Lanes>
struct Ratio {
    typename Lanes::Float top, bottom;
};

// tanh(x) = top / bottom: minimax [5/4] rational on [-5.03, 5.03], constant beyond. Absolute error
// at most 4.5e-5; the value never leaves [-0.99996, 0.99996], nor bottom [1, 20.1].
template <typename Lanes>
static inline Ratio<Lanes> tanh_ratio(typename Lanes::Float x) {
    using Float = typename Lanes::Float;
    x = max(min(x, Lanes::fill(5.03F)), Lanes::fill(-5.03F));
    const Float square = mul(x, x);
    const Float odd = add(mul(square, Lanes::fill(0.0006520183F)), Lanes::fill(0.10162229F));
    const Float even = add(mul(square, Lanes::fill(0.012609327F)), Lanes::fill(0.43438745F));
    return {mul(x, add(mul(square, odd), Lanes::fill(0.9998039F))),
            add(mul(square, even), Lanes::fill(1.0F))};
}

template <typename Lanes>
static inline typename Lanes::Float tanh(typename Lanes::Float x) {
    const Ratio<Lanes> ratio = tanh_ratio<Lanes>(x);
    return div(ratio.top, ratio.bottom);
}

// x = n ln 2 + r with |r| <= ln 2 / 2, then a minimax polynomial in r. Relative error at most
// 1.9e-7 on [-87, 88], where x is clamped so that 2^n stays a normal number. exp(0) is exactly 1.
static inline F32 exp(F32 x) {
    const F32 shift = set_f32(12582912.0F);  // adding it rounds to an integer
    x = max(min(x, set_f32(88.0F)), set_f32(-87.0F));
    const F32 shifted = add(mul(x, set_f32(1.442695F)), shift);
    const F32 n = sub(shifted, shift);
    // ln 2 in two parts; the first has nine bits, so its product with n is exact.
    const F32 r = sub(sub(x, mul(n, set_f32(0.693359375F))), mul(n, set_f32(-2.1219444e-4F)));
    F32 p = add(mul(set_f32(0.008328609F), r), set_f32(0.04189435F));
    p = add(mul(p, r), set_f32(0.16666937F));
    p = add(mul(p, r), set_f32(0.49999186F));
    p = add(add(mul(p, mul(r, r)), r), set_f32(1.0F));
    return mul(p, pow2_of_shifted(shifted));
}

}  // namespace dixtill::DIXTILL_TARGET
