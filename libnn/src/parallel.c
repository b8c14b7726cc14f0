#include "parallel.h"
#ifdef _OPENMP
#include <omp.h>
#endif
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

/* Bits 15 (flush to zero) and 6 (denormals are zero) of the SSE control register. */
enum { NN_FLUSH_DENORMALS = 0x8040 };

nn_float_mode nn_float_mode_enter(void)
{
    nn_float_mode mode = { 0 };
#if defined(__SSE__)
    mode.saved = _mm_getcsr();
    _mm_setcsr(mode.saved | NN_FLUSH_DENORMALS);
#endif
    return mode;
}

void nn_float_mode_leave(nn_float_mode mode)
{
#if defined(__SSE__)
    /* Keep the exception flags that were raised meanwhile, restore the modes. */
    const unsigned modes = NN_FLUSH_DENORMALS;
    _mm_setcsr((_mm_getcsr() & ~modes) | (mode.saved & modes));
#else
    (void)mode;
#endif
}

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
