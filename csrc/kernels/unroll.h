// Unrolls short loops of constant length.
#pragma once

// Unrolled, the accumulators live in registers; without it GCC 12 keeps them on the stack. A target
// that has too few registers defines DIXTILL_UNROLL as nothing.
#ifndef DIXTILL_UNROLL
#ifdef __GNUC__
#define DIXTILL_UNROLL _Pragma("GCC unroll 16")
#else
#define DIXTILL_UNROLL
#endif
#endif
