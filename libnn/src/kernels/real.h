/*
 * The number type and vector width of the kernels. Each kernel file is compiled once per instruction set (see
 * libnn/CMakeLists.txt): NN_KERNEL(f) gives its functions a name of their own, and vectors of NN_LANES reals are
 * GCC/clang vector types, which any processor can run. Over double (gradient checks) only the portable set exists.
 */
#ifndef NN_KERNELS_REAL_H
#define NN_KERNELS_REAL_H

#include <kvist/nn.h>
#include <math.h>
#include <stddef.h>
#if (defined(NN_KERNELS_AVX512) || defined(NN_KERNELS_AVX2)) && !defined(NN_REAL_IS_DOUBLE)
#include <immintrin.h>
#define NN_MASKS /* loads and stores of some lanes, which read and write nothing else */
#endif

#define NN_PASTE2(a, b, c) a##b##_##c
#define NN_PASTE(a, b, c)  NN_PASTE2(a, b, c)
#if defined(NN_KERNELS_AVX512)
#define NN_ISA_NAME     avx512
#define NN_VECTOR_BYTES 64
#elif defined(NN_KERNELS_AVX2)
#define NN_ISA_NAME     avx2
#define NN_VECTOR_BYTES 32
#else
#define NN_ISA_NAME     portable
#define NN_VECTOR_BYTES 16
#endif
#define NN_KERNEL(name) NN_PASTE(nn_, NN_ISA_NAME, name)

enum { NN_LANES = NN_VECTOR_BYTES / (int)sizeof(nn_float) };

/* Sanitizers put a check on every access: inlined and unrolled, that is more code than clang can take. And coverage
 * counts a function once, not in each place that it would be inlined into. */
#if defined(NN_NOT_INLINED)
#define NN_INLINE static inline
#define NN_UNROLL
#elif defined(__clang__)
#define NN_INLINE static inline __attribute__((always_inline))
#define NN_UNROLL _Pragma("clang loop unroll(full)")
#else
#define NN_INLINE static inline __attribute__((always_inline))
#define NN_UNROLL _Pragma("GCC unroll 8")
#endif

/* A vector of NN_LANES reals; nn_vec_u may stand at any address of a real. */
typedef nn_float nn_vec __attribute__((vector_size(NN_VECTOR_BYTES)));
typedef nn_float nn_vec_u __attribute__((vector_size(NN_VECTOR_BYTES), aligned(sizeof(nn_float)), may_alias));

static inline nn_vec nn_load(const nn_float *p)
{
    return *(const nn_vec_u *)p;
}

static inline void nn_store(nn_float *p, nn_vec v)
{
    *(nn_vec_u *)p = v;
}

/* n, up to whole vectors. */
static inline size_t nn_whole_vectors(size_t n)
{
    return (n + NN_LANES - 1) / NN_LANES * NN_LANES;
}

/* Asks for memory long before it is read or written. */
static inline void nn_fetch(const nn_float *from, size_t reals)
{
    enum { LINE = 64 / sizeof(nn_float) };
    for (size_t i = 0; i < reals; i += LINE) __builtin_prefetch(from + i);
}

/* Lanes of vectors a and b, counted through both. */
#if defined(__clang__) || __GNUC__ >= 12
#define NN_SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define NN_SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (__typeof__((a) < (b))){ __VA_ARGS__ })
#endif

static inline nn_vec nn_splat(nn_float a)
{
    return a - (nn_vec){ 0 };
}

#if defined(NN_MASKS) && defined(NN_KERNELS_AVX512)
static inline __mmask16 nn_lanes(size_t n)
{
    return (__mmask16)((1u << n) - 1);
}
#elif defined(NN_MASKS)
static inline __m256i nn_lanes(size_t n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
#endif

/* Sanitizers do not see what a masked instruction touches: they are shown its ends. */
static inline void nn_show_part(const nn_float *p, size_t n)
{
#if defined(NN_SANITIZED)
    if (n > 0) (void)(*(const volatile nn_float *)p + *(const volatile nn_float *)(p + n - 1));
#else
    (void)p;
    (void)n;
#endif
}

/* The first n elements (n >= NN_LANES: all lanes), the others zero. */
static inline nn_vec nn_load_part(const nn_float *p, size_t n)
{
    if (n >= NN_LANES) return nn_load(p);
    nn_show_part(p, n);
#if defined(NN_MASKS) && defined(NN_KERNELS_AVX512)
    return _mm512_maskz_loadu_ps(nn_lanes(n), p);
#elif defined(NN_MASKS)
    return _mm256_maskload_ps(p, nn_lanes(n));
#else
    nn_vec v = { 0 };
    for (size_t i = 0; i < n; i++) v[i] = p[i];
    return v;
#endif
}

/* Writes the first n lanes (n >= NN_LANES: all). */
static inline void nn_store_part(nn_float *p, nn_vec v, size_t n)
{
    if (n >= NN_LANES) {
        nn_store(p, v);
        return;
    }
    nn_show_part(p, n);
#if defined(NN_MASKS) && defined(NN_KERNELS_AVX512)
    _mm512_mask_storeu_ps(p, nn_lanes(n), v);
#elif defined(NN_MASKS)
    _mm256_maskstore_ps(p, nn_lanes(n), v);
#else
    for (size_t i = 0; i < n; i++) p[i] = v[i];
#endif
}

/* The C library's functions for nn_float. */
#ifdef NN_REAL_IS_DOUBLE
#define NN_REAL(x) x
#define nn_exp     exp
#define nn_log     log
#define nn_log1p   log1p
#define nn_tanh    tanh
#define nn_sqrt    sqrt
#define nn_fabs    fabs
#define nn_fmax    fmax
#define nn_fmin    fmin
#else
#define NN_REAL(x) x##f
#define nn_exp     expf
#define nn_log     logf
#define nn_log1p   log1pf
#define nn_tanh    tanhf
#define nn_sqrt    sqrtf
#define nn_fabs    fabsf
#define nn_fmax    fmaxf
#define nn_fmin    fminf
#endif

#endif
