/* What the machine can do at most: limits threads=1 fma_gflops=250 l2_gbs=120 l3_gbs=27 memory_gbs=16 (of all threads).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#ifdef __AVX512F__
enum { WIDTH = 16 };
#elif defined(__AVX__)
enum { WIDTH = 8 };
#else
enum { WIDTH = 4 };
#endif
typedef float vector __attribute__((vector_size(WIDTH * sizeof(float))));

/* As many sums as hide an FMA's latency on two units and still leave registers for the two factors. */
enum { SUMS = 12, ROUNDS = 25 };
static const long FMA_STEPS = 4000000;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The best of some rounds: what disturbs a round is no limit. */
static double best(double a, double b)
{
    return a > b ? a : b;
}

static vector same(float value)
{
    vector v;
    for (int i = 0; i < WIDTH; i++) v[i] = value;
    return v;
}

/* Keeps the compiler from dropping what nobody reads. */
static void use(vector v)
{
    __asm__ volatile("" : : "m"(v) : "memory");
}

/* --- arithmetic --------------------------------------------------------------------------------------------------- */

static void multiply_add(void)
{
    vector sum[SUMS];
    const vector factor = same(0.999999f), term = same(1e-6f);
    for (int k = 0; k < SUMS; k++) sum[k] = same(1.0f + 0.001f * (float)k);
    for (long i = 0; i < FMA_STEPS; i++)
        for (int k = 0; k < SUMS; k++) sum[k] = sum[k] * factor + term;
    for (int k = 0; k < SUMS; k++) use(sum[k]);
}

static double fma_gflops(int threads)
{
    double most = 0;
    (void)threads;
    for (int r = 0; r < ROUNDS; r++) {
        const double begin = now();
#pragma omp parallel num_threads(threads)
        multiply_add();
        most = best(most, 1e-9 * 2.0 * WIDTH * SUMS * (double)FMA_STEPS * threads / (now() - begin));
    }
    return most;
}

/* --- bandwidth ---------------------------------------------------------------------------------------------------- */

/* c = 3 b + a over a share of each array, some times; two streams read, one written. */
static void triad(vector *c, const vector *a, const vector *b, size_t first, size_t end, int times)
{
    const vector three = same(3.0f);
    for (int t = 0; t < times; t++) {
        for (size_t i = first; i < end; i++) c[i] = three * b[i] + a[i];
        __asm__ volatile("" : : : "memory");
    }
}

static void share_of(size_t count, int threads, size_t *first, size_t *end)
{
    size_t thread = 0;
#ifdef _OPENMP
    thread = (size_t)omp_get_thread_num();
#endif
    *first = count * thread / (size_t)threads;
    *end = count * (thread + 1) / (size_t)threads;
}

/* Gigabytes a second through three arrays of `bytes` together in each thread. */
static double bandwidth(int threads, size_t bytes)
{
    const size_t count = bytes / 3 / sizeof(vector) * (size_t)threads, room = count * sizeof(vector);
    const int times = (int)((64u << 20) / bytes) + 1;
    vector *array[3];
    double most = 0;
    for (int k = 0; k < 3; k++)
        if (!(array[k] = aligned_alloc(sizeof(vector), room))) {
            fprintf(stderr, "kvist_limits: out of memory\n");
            exit(EXIT_FAILURE);
        }
#pragma omp parallel num_threads(threads)
    {
        size_t first, end;
        share_of(count, threads, &first, &end);
        for (int k = 0; k < 3; k++) memset(array[k] + first, 0, (end - first) * sizeof(vector));
    }
    for (int r = 0; r < ROUNDS; r++) {
        const double begin = now();
#pragma omp parallel num_threads(threads)
        {
            size_t first, end;
            share_of(count, threads, &first, &end);
            triad(array[2], array[0], array[1], first, end, times);
        }
        most = best(most, 1e-9 * 3.0 * (double)room * times / (now() - begin));
    }
    for (int k = 0; k < 3; k++) free(array[k]);
    return most;
}

int main(int argc, char **argv)
{
    const int threads = argc == 3 && strcmp(argv[1], "--threads") == 0 ? atoi(argv[2]) : argc == 1 ? 1 : 0;
    if (threads < 1) {
        fprintf(stderr, "usage: kvist_limits [--threads N]\n");
        return 2;
    }
    printf("limits threads=%d fma_gflops=%.0f l2_gbs=%.0f l3_gbs=%.1f memory_gbs=%.1f\n", threads, fma_gflops(threads),
           bandwidth(threads, 384u << 10), bandwidth(threads, 12u << 20), bandwidth(threads, 384u << 20));
    return 0;
}
