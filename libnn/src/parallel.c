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

nn_team nn_team_make(int threads, int most)
{
    int processors = 1;
#ifdef _OPENMP
    processors = omp_get_num_procs();
    if (threads == 0) threads = omp_get_max_threads();
#endif
    if (threads < 1) threads = 1;
    if (threads > most) threads = most;
    return (nn_team){ .threads = threads, .patient = threads > processors };
}

/* The threads that the next loop can count on. */
static int present(const nn_team *team)
{
    return !team || team->alone > 0 ? 1 : team->threads;
}

int nn_parts(const nn_team *team)
{
    int parts = 1;
    while (parts < present(team)) parts *= 2;
    return parts;
}

#ifdef _OPENMP
/* What the calling thread sees of a loop: when it was called, began its share, ended it, and all was done; in seconds.
 */
typedef struct loop {
    double called, begin, end, done;
    int tasks; /* of its share */
} loop;

static loop run_together(int threads, int count, nn_task *run, void *context)
{
    loop own = { .called = omp_get_wtime() };
#pragma omp parallel num_threads(threads)
    {
        const nn_float_mode mode = nn_float_mode_enter();
        const int worker = omp_get_thread_num();
        int tasks = 0;
        if (worker == 0) own.begin = omp_get_wtime();
#pragma omp for schedule(dynamic, 1) nowait
        for (int task = 0; task < count; task++) {
            run(context, task, worker);
            tasks++;
        }
        if (worker == 0) {
            own.end = omp_get_wtime();
            own.tasks = tasks;
        }
        nn_float_mode_leave(mode);
    }
    own.done = omp_get_wtime();
    return own;
}

/* Goes on alone after a wait that the others' last tasks cannot explain, soon for long; each loop without one makes the
 * next such pause a little shorter. */
static void judge(nn_team *team, const loop *own)
{
    enum { FIRST_PAUSE = 8, LONGEST_PAUSE = 256, GROWTH = 4, DECAY = 8, TASKS = 2 };
    const double tolerated = 1e-3; /* seconds; the system's time slices are a few of these */
    const double share = own->end - own->begin, task = own->tasks > 0 ? share / own->tasks : 0;
    if (own->done - own->called - own->tasks * task < tolerated + TASKS * task) {
        team->pause -= (team->pause + DECAY - 1) / DECAY;
        return;
    }
    team->pause = team->pause * GROWTH < FIRST_PAUSE ? FIRST_PAUSE : team->pause * GROWTH;
    if (team->pause > LONGEST_PAUSE) team->pause = LONGEST_PAUSE;
    team->alone = team->pause;
}
#endif

void nn_parallel(nn_team *team, int count, nn_task *run, void *context)
{
#ifdef _OPENMP
    const int threads = present(team) < count ? present(team) : count;
    if (threads > 1) {
        const loop own = run_together(threads, count, run, context);
        if (!team->patient) judge(team, &own);
        return;
    }
    if (team && team->alone > 0) team->alone--;
#else
    (void)team;
#endif
    for (int task = 0; task < count; task++) run(context, task, 0);
}
