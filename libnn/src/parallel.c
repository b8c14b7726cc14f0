#include "parallel.h"
#ifdef _OPENMP
#include <omp.h>
#include <pthread.h>
#include <stddef.h>
#endif
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

/* Bits 15 (flush to zero), 6 (denormals are zero) and 13 to 14 (rounding; 0: to nearest) of the SSE control register.
 */
enum { NN_FLUSH_DENORMALS = 0x8040, NN_ROUNDING = 0x6000 };

static nn_float_mode enter(unsigned flush)
{
    nn_float_mode mode = { 0 };
#if defined(__SSE__)
    mode.saved = _mm_getcsr();
    _mm_setcsr((mode.saved & ~(unsigned)NN_ROUNDING) | flush);
#else
    (void)flush;
#endif
    return mode;
}

nn_float_mode nn_float_mode_enter(void)
{
    return enter(NN_FLUSH_DENORMALS);
}

nn_float_mode nn_rounding_enter(void)
{
    return enter(0);
}

void nn_float_mode_leave(nn_float_mode mode)
{
#if defined(__SSE__)
    /* Keep the exception flags that were raised meanwhile, restore the modes. */
    const unsigned modes = NN_FLUSH_DENORMALS | NN_ROUNDING;
    _mm_setcsr((_mm_getcsr() & ~modes) | (mode.saved & modes));
#else
    (void)mode;
#endif
}

/*
 * A child after fork() has one thread, but libgomp's list of waiting ones: its next parallel loop would wait for them
 * for ever. So they end before the fork and start again when needed. LLVM's OpenMP does this by itself.
 */
#if defined(_OPENMP) && defined(__GNUC__) && !defined(__clang__)
static void end_threads(void)
{
    omp_pause_resource_all(omp_pause_hard);
}

__attribute__((constructor)) static void end_threads_before_forks(void)
{
    pthread_atfork(end_threads, NULL, NULL);
}
#endif

int nn_parts(int threads)
{
    int parts = 1;
    while (parts < threads) parts *= 2;
    return parts;
}

int nn_max_threads(void)
{
#ifdef _OPENMP
    return omp_get_max_threads();
#else
    return 1;
#endif
}

void nn_parallel(int threads, int count, nn_task *run, void *context)
{
    if (threads > count) threads = count;
#ifdef _OPENMP
    if (threads > 1) {
#pragma omp parallel num_threads(threads)
        {
            const nn_float_mode mode = nn_float_mode_enter();
            const int worker = omp_get_thread_num();
#pragma omp for schedule(dynamic, 1)
            for (int task = 0; task < count; task++) run(context, task, worker);
            nn_float_mode_leave(mode);
        }
        return;
    }
#endif
    for (int task = 0; task < count; task++) run(context, task, 0);
}
