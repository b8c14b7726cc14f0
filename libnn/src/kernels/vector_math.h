/*
 * Exponentials over vectors of reals, for every instruction set from one source. Over float: a polynomial, the errors
 * against the exact value stated with each function; NaN stays NaN, +-1e30 gives the limit. Over double (gradient
 * checks): the C library, lane by lane.
 */
#ifndef NN_KERNELS_VECTOR_MATH_H
#define NN_KERNELS_VECTOR_MATH_H

#include "real.h"
#if defined(__SSE__) && !defined(NN_REAL_IS_DOUBLE)
#include <immintrin.h>
#endif

#ifdef NN_REAL_IS_DOUBLE
typedef int64_t nn_vec_int __attribute__((vector_size(NN_VECTOR_BYTES)));
#else
typedef int32_t nn_vec_int __attribute__((vector_size(NN_VECTOR_BYTES)));
#endif

/* mask ? a : b by lanes; masks are what comparisons of vectors give, all ones or all zeros. */
static inline nn_vec nn_vselect(nn_vec_int mask, nn_vec a, nn_vec b)
{
    return (nn_vec)((mask & (nn_vec_int)a) | (~mask & (nn_vec_int)b));
}

/*
 * The smaller, the greater one; the second operand where either is NaN. Compilers do not find the instruction in the
 * selection (GCC 12 makes three of it), and it is on the path of every activation.
 */
static inline nn_vec nn_vmin(nn_vec a, nn_vec b)
{
#if defined(NN_REAL_IS_DOUBLE) || !defined(__SSE__)
    return nn_vselect(a < b, a, b);
#elif defined(NN_KERNELS_AVX512)
    return _mm512_min_ps(a, b);
#elif defined(NN_KERNELS_AVX2)
    return _mm256_min_ps(a, b);
#else
    return _mm_min_ps(a, b);
#endif
}

static inline nn_vec nn_vmax(nn_vec a, nn_vec b)
{
#if defined(NN_REAL_IS_DOUBLE) || !defined(__SSE__)
    return nn_vselect(a > b, a, b);
#elif defined(NN_KERNELS_AVX512)
    return _mm512_max_ps(a, b);
#elif defined(NN_KERNELS_AVX2)
    return _mm256_max_ps(a, b);
#else
    return _mm_max_ps(a, b);
#endif
}

#ifdef NN_REAL_IS_DOUBLE

static inline nn_vec nn_vexp(nn_vec x)
{
    for (int i = 0; i < NN_LANES; i++) x[i] = exp(x[i]);
    return x;
}

static inline nn_vec nn_vsigmoid(nn_vec x)
{
    for (int i = 0; i < NN_LANES; i++) x[i] = 1 / (1 + exp(-x[i]));
    return x;
}

static inline nn_vec nn_vtanh(nn_vec x)
{
    for (int i = 0; i < NN_LANES; i++) x[i] = tanh(x[i]);
    return x;
}

#else

/*
 * x = n ln 2 + r with n whole and |r| <= ln(2) / 2. n is rounded by adding 1.5 2^23, where floats are the whole
 * numbers, and so also stands in the low bits of `bits`; `offset` (a whole number) is added to it there.
 */
typedef struct nn_vec_reduced {
    nn_vec n, r;
    nn_vec_int bits;
} nn_vec_reduced;

static inline nn_vec_reduced nn_vec_reduce(nn_vec x, float offset)
{
    const float magic = 12582912.0f + offset;
    nn_vec shifted = x * 1.44269504f + magic;
    nn_vec n = shifted - magic;
    /* ln 2 in two parts, the first of 15 bits: n times it is exact */
    nn_vec r = (x - n * 0x1.62e4p-1f) - n * 1.42860682e-6f;
    return (nn_vec_reduced){ n, r, (nn_vec_int)shifted };
}

/* e^r - 1 for |r| <= ln(2) / 2: the polynomial r + r^2 P(r) of least relative error, 1.3e-8 (Remez). */
static inline nn_vec nn_vec_expm1_reduced(nn_vec r)
{
    nn_vec p = r * 1.38825205e-3f + 8.36652721e-3f;
    p = p * r + 4.16672001e-2f;
    p = p * r + 1.66665436e-1f;
    p = p * r + 4.99999982e-1f;
    return (r * r) * p + r;
}

/* e^x; at most 1.5 ulp off. */
static inline nn_vec nn_vexp(nn_vec x)
{
    /* beyond these bounds the result is 0 or infinite */
    x = nn_vmax(nn_splat(-105), nn_vmin(nn_splat(90), x));
    nn_vec_reduced a = nn_vec_reduce(x, 0);
    nn_vec p = 1 + nn_vec_expm1_reduced(a.r);
    /* 2^n as a product of two halves, since n goes from -152 to 130 */
    nn_vec_int n = a.bits - 0x4b400000, half = n >> 1;
    nn_vec low = (nn_vec)((half + 127) << 23), high = (nn_vec)((n - half + 127) << 23);
    return p * low * high;
}

/* 1 / (1 + e^-x); at most 2.5 ulp off, exactly 1 from 17.4 on, exactly 0 below -89.1; results in between that are
 * denormal may be flushed to 0. */
static inline nn_vec nn_vsigmoid(nn_vec x)
{
    /* at 89.5 the power of two below is infinite, at -87 it is 0 */
    nn_vec t = nn_vmax(nn_splat(-87), nn_vmin(nn_splat(89.5f), -x));
    nn_vec_reduced a = nn_vec_reduce(t, 126);
    nn_vec power = (nn_vec)(a.bits << 23); /* 2^(n - 1) */
    return 0.5f / (0.5f + power * (1 + nn_vec_expm1_reduced(a.r)));
}

/* tanh x = (e^2x - 1) / (e^2x + 1); at most 2.6 ulp off, exactly 1 or -1 from 9.1 on. */
static inline nn_vec nn_vtanh(nn_vec x)
{
    nn_vec t = nn_vmax(nn_splat(-18.2f), nn_vmin(nn_splat(18.2f), x + x));
    nn_vec_reduced a = nn_vec_reduce(t, 127);
    nn_vec power = (nn_vec)(a.bits << 23); /* 2^n */
    nn_vec expm1 = power * nn_vec_expm1_reduced(a.r) + (power - 1);
    return expm1 / (expm1 + 2);
}

#endif
#endif
