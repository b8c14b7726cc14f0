#include "parallel.h"
#include "processor.h"
#ifdef _OPENMP
#include <omp.h>
#include <pthread.h>
#include <stddef.h>
#include <time.h>
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

nn_team nn_team_make(int threads)
{
    int processors = 1;
#ifdef _OPENMP
    processors = omp_get_num_procs();
    if (threads == 0) threads = omp_get_max_threads();
#endif
    if (threads < 1) threads = 1;
    if (threads > NN_MAX_THREADS) threads = NN_MAX_THREADS;
    return (nn_team){ .threads = threads, .patient = threads > processors };
}

/* The threads that the next loop can count on. */
static int present(const nn_team *team)
{
    if (!team) return 1;
#ifdef _OPENMP
    if (team->alone_until > 0) {
        const double left = team->alone_until - omp_get_wtime();
        if (left > 0 && left <= team->pause) return 1; /* a clock that was set back makes no pause longer */
    }
#endif
    return team->threads;
}

int nn_parts(const nn_team *team)
{
    const int threads = present(team);
    int parts = 1;
    while (parts < threads) parts *= 2;
    return parts;
}

#ifdef _OPENMP
/* A loop, in seconds: when it was called and when all was done; what its tasks took of the processors together; and the
 * calling thread's share of the tasks, by the clock and of its processor. */
typedef struct loop {
    double called, done, worked, own, own_worked;
} loop;

/* What the calling thread has had of a processor. */
static double processor_seconds(void)
{
    struct timespec t = { 0 };
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* else 0: then nothing is judged */
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/*
 * The tasks that a thread takes first. They are the same in each loop of as many tasks on as many threads, so that it
 * finds in its cache what it left there in the loop before; when they are done, it helps the others.
 */
typedef struct share {
    _Alignas(64) int next; /* a line of the cache each */
    int end;
} share;

/* The next task of a share; -1 if there is none. */
static int take(share *s)
{
    int task;
#pragma omp atomic read
    task = s->next;
    if (task >= s->end) return -1;
#pragma omp atomic capture
    task = s->next++;
    return task < s->end ? task : -1;
}

static void run_tasks(share *shares, int count, int worker, nn_task *run, void *context)
{
    for (int i = 0; i < count; i++) {
        share *s = &shares[(worker + i) % count];
        for (int task = take(s); task >= 0; task = take(s)) run(context, task, worker);
    }
}

/* `settle`: a thread that the system put on the caller's processor, as it may do when the thread is made or woken, goes
 * to another: there each would wait for the other's time slice, and asleep between loops, it would stay. */
static loop run_together(int threads, bool settle, int share_count, int count, nn_task *run, void *context)
{
    share shares[NN_MAX_THREADS];
    const long long n = count;
    loop l = { .called = omp_get_wtime() };
    const int callers = settle ? nn_processor() : -1;
    for (int i = 0; i < share_count; i++)
        shares[i] = (share){ (int)(n * i / share_count), (int)(n * (i + 1) / share_count) };
#pragma omp parallel num_threads(threads)
    {
        const nn_float_mode mode = nn_float_mode_enter();
        const int worker = omp_get_thread_num();
        if (worker > 0 && settle && nn_processor() == callers) nn_leave_processor(callers);
        const double begin = worker == 0 ? omp_get_wtime() : 0, before = processor_seconds();
        run_tasks(shares, share_count, worker, run, context);
        const double worked = processor_seconds() - before;
#pragma omp atomic
        l.worked += worked;
        if (worker == 0) {
            l.own = omp_get_wtime() - begin;
            l.own_worked = worked;
        }
        nn_float_mode_leave(mode);
    }
    l.done = omp_get_wtime();
    return l;
}

/* After a loop that took longer than the calling thread alone would have, with as much of its processor as it had: goes
 * on alone for as long as was lost, for more each time that repeats. Each loop without a loss makes the next pause
 * shorter. */
static void judge(nn_team *team, const loop *l)
{
    /* Seconds: the system's time slices are a few milliseconds, and what stops for longer will not be there again. */
    const double tolerated = 1e-3, most = 0.25;
    const double growth = 4, longest = 64, decay = 1.0 / 2;
    const double least_share = 0.05; /* of the work, below which the caller's says nothing of its processor */
    if (l->worked <= 0) return;
    const bool telling = l->own_worked > l->worked * least_share;
    const double alone = telling ? l->worked * (l->own / l->own_worked) : l->worked;
    const double more = l->done - l->called - alone;
    const double lost = more < most ? more : most;
    team->settled = lost < tolerated;
    if (team->settled) {
        team->pause -= team->pause * decay;
        team->alone_until = 0;
        return;
    }
    team->pause *= growth;
    if (team->pause < lost) team->pause = lost;
    if (team->pause > longest * lost) team->pause = longest * lost;
    team->alone_until = l->done + team->pause;
}
#endif

static void run_loop(nn_team *team, int count, bool in_order, nn_task *run, void *context)
{
#ifdef _OPENMP
    const int available = count > 1 ? present(team) : 1, threads = available < count ? available : count;
    if (threads > 1) {
        const bool settle = !team->settled && !team->patient;
        const loop together = run_together(threads, settle, in_order ? 1 : threads, count, run, context);
        if (!team->patient) judge(team, &together);
        return;
    }
#else
    (void)team;
    (void)in_order;
#endif
    for (int task = 0; task < count; task++) run(context, task, 0);
}

void nn_parallel(nn_team *team, int count, nn_task *run, void *context)
{
    run_loop(team, count, false, run, context);
}

void nn_parallel_in_order(nn_team *team, int count, nn_task *run, void *context)
{
    run_loop(team, count, true, run, context);
}

void nn_on_each(const nn_team *team, nn_task *run, void *context)
{
#ifdef _OPENMP
    int done = 0;
#pragma omp parallel num_threads(team->threads)
    {
        const int worker = omp_get_thread_num(), threads = omp_get_num_threads();
        int now = 0;
#pragma omp barrier
        run(context, worker, worker);
#pragma omp atomic capture
        now = ++done;
        while (now < threads) {
            run(context, worker, worker);
#pragma omp atomic read
            now = done;
        }
    }
#else
    (void)team;
    run(context, 0, 0);
#endif
}
