/* Loops on the threads of a team: each task once, and alone for a while where the other threads do not come. */
#define _GNU_SOURCE /* sched_setaffinity */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "parallel.h"
#include "processor.h"
#include <math.h>
#ifdef WITH_OPENMP
#include <omp.h>
#endif
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum { TASKS = 40, WORKERS = 2 };

typedef struct work {
    atomic_int done[TASKS], of_worker[WORKERS];
    int first[WORKERS]; /* the task that a worker begins with */
    bool meet;          /* the first two tasks wait for each other, so that both threads take part */
    atomic_int arrived;
    long late_ms;            /* that worker 1 sleeps */
    int late_at;             /* in which of its tasks: 0 is the first */
    long task_ms;            /* that each task works */
    long more_ms;            /* that worker 1 works in its first task besides */
    int processors[WORKERS]; /* where they did their first task */
} work;

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
}

/* Keeps the processor for so long, however long that takes. */
static void work_ms(long ms)
{
    struct timespec from, now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    do clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    while ((double)(now.tv_sec - from.tv_sec) * 1e3 + (double)(now.tv_nsec - from.tv_nsec) * 1e-6 < (double)ms);
}

static void do_task(void *context, int task, int worker)
{
    work *w = context;
    atomic_fetch_add(&w->done[task], 1);
    const int mine = atomic_fetch_add(&w->of_worker[worker], 1);
    if (mine == 0) w->first[worker] = task, w->processors[worker] = nn_processor();
    if (w->meet && mine == 0) {
        atomic_fetch_add(&w->arrived, 1);
        while (atomic_load(&w->arrived) < WORKERS) sched_yield();
    }
    if (worker == 1 && mine == w->late_at && w->late_ms > 0) sleep_ms(w->late_ms);
    if (w->task_ms > 0) work_ms(w->task_ms);
    if (worker == 1 && mine == 0 && w->more_ms > 0) work_ms(w->more_ms);
}

static void run(nn_team *team, work *w)
{
    memset(w->done, 0, sizeof w->done);
    memset(w->of_worker, 0, sizeof w->of_worker);
    atomic_store(&w->arrived, 0);
    nn_parallel(team, TASKS, do_task, w);
    for (int i = 0; i < TASKS; i++) assert_int_equal(atomic_load(&w->done[i]), 1);
}

static void no_team_is_the_caller(void **state)
{
    work w = { .meet = false };
    (void)state;
    run(NULL, &w);
    assert_int_equal(atomic_load(&w.of_worker[0]), TASKS);
    assert_int_equal(nn_parts(NULL), 1);
    assert_int_equal(nn_parts(&(nn_team){ .threads = 3 }), 4);
    assert_int_equal(nn_parts(&(nn_team){ .threads = 3, .alone_until = 1e18, .pause = INFINITY }), 1);
    assert_int_equal(nn_team_make(7).threads, 7);
    assert_int_equal(nn_team_make(4096).threads, NN_MAX_THREADS);
    assert_int_equal(nn_team_make(-1).threads, 1);
#ifdef WITH_OPENMP
    assert_true(nn_team_make(4096).patient == (omp_get_num_procs() < NN_MAX_THREADS));
#endif
    assert_false(nn_team_make(1).patient);
}

#ifdef WITH_OPENMP
/* Tasks long enough that another thread would take its share of them. */
static bool is_alone(nn_team *team)
{
    work w = { .task_ms = 1 };
    run(team, &w);
    return atomic_load(&w.of_worker[0]) == TASKS;
}

/* Each thread begins with its own half in every loop. Where the other one does not come, it does that, too. */
static void own_tasks_first(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        nn_team team = { .threads = WORKERS };
        work w = { .meet = true };
        run(&team, &w);
        assert_int_equal(w.first[0], 0);
        assert_int_equal(w.first[1], TASKS / 2);
    }
    for (int i = 0; i < 20; i++) { /* for others may hold up this one, too */
        nn_team team = { .threads = WORKERS };
        work late = { .meet = true, .late_ms = 200 };
        run(&team, &late);
        if (atomic_load(&late.of_worker[0]) > TASKS / 2) return;
    }
    fail_msg("nobody did the tasks of the thread that is late");
}

/* Tasks of which the longest come first are taken in their order: the two threads begin with the first two. */
static void longest_first(void **state)
{
    nn_team team = { .threads = WORKERS };
    work w = { .meet = true };
    (void)state;
    nn_parallel_in_order(&team, TASKS, do_task, &w);
    for (int i = 0; i < TASKS; i++) assert_int_equal(atomic_load(&w.done[i]), 1);
    assert_int_equal(w.first[0] + w.first[1], 1);
}

/* A loop after which the pause is at least so long. Where the machine is busy the caller's own tasks are held up, too,
 * which is no loss; so there are some tries. */
static void lose(nn_team *team, work *late, double pause)
{
    const nn_team before = *team;
    for (int i = 0; i < 20; i++) {
        *team = before;
        run(team, late);
        if (team->pause >= pause) return;
    }
    fail_msg("expected a pause of %g seconds, got %g", pause, team->pause);
}

/* The other thread comes 200 ms after all is done, far more than 40 tasks of nothing take: the pause is as long as what
 * was lost, then four times as long as the one before, at most 64 times the loss. */
static void alone_after_a_loss(void **state)
{
    const double loss = 0.2 * 0.9; /* on a busy machine something holds up the caller in each try */
    nn_team team = { .threads = WORKERS };
    work late = { .meet = true, .late_ms = 200 };
    (void)state;
    lose(&team, &late, loss);
    assert_true(is_alone(&team));
    while (nn_parts(&team) == 1) sleep_ms(1);
    const double first = team.pause, now = omp_get_wtime();
    lose(&team, &late, first * 4);
    assert_true(team.alone_until > now + team.pause);
    team.alone_until = 0;
    team.pause = 1e6;
    lose(&team, &late, loss * 64);
    assert_true(team.pause < 1e6);
    assert_true(is_alone(&team));
}

/* A loop without a loss shortens the next pause. Long tasks, for on a busy machine threads wait indeed; some tries, for
 * it may be very busy. */
static void together_again(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        nn_team team = { .threads = WORKERS, .pause = 64 };
        work w = { .task_ms = 10 };
        run(&team, &w);
        if (team.alone_until > 0) continue;
        assert_true(team.pause == 32);
        return;
    }
    fail_msg("threads that do not wait are taken to wait");
}

/* A wait that is shorter than what the other thread spares: 40 tasks of 10 ms take two threads 200 ms, and 160 more
 * where one of them sleeps so long in the last of its tasks. */
static void together_where_that_is_quicker(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        nn_team team = { .threads = WORKERS };
        work w = { .task_ms = 10, .late_ms = 160, .late_at = 18 };
        run(&team, &w);
        if (team.alone_until > 0 || atomic_load(&w.of_worker[1]) <= w.late_at) continue;
        return;
    }
    fail_msg("a loop that was quicker than alone is taken for a loss");
}

/* One task of the other thread is longer than all others together, for which the caller waits: no thread would have had
 * it done sooner. Where others hold up that task, waiting is a loss indeed; so a run counts that takes hardly longer.
 */
static void uneven_tasks_are_no_loss(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        nn_team team = { .threads = WORKERS };
        work w = { .meet = true, .more_ms = 4 };
        const double begin = omp_get_wtime();
        run(&team, &w);
        if (omp_get_wtime() - begin > 0.0049) continue;
        assert_true(team.alone_until == 0);
        return;
    }
    print_message("no run of 300 was left alone by other programs\n");
    skip();
}

/* A stop of the whole process, of the machine or of the clock is not taken for more than a quarter of a second; nor is
 * a clock that was set back. */
static void no_pause_is_for_ever(void **state)
{
    nn_team team = { .threads = WORKERS };
    work late = { .meet = true, .late_ms = 400 };
    (void)state;
    lose(&team, &late, 0.25);
    assert_true(team.pause == 0.25);
    assert_int_equal(nn_parts(&team), 1);
    team.alone_until += 3600;
    assert_int_equal(nn_parts(&team), WORKERS);
}

/* More threads than processors were asked for: their waits are no reason. */
static void patience_goes_on(void **state)
{
    nn_team team = { .threads = WORKERS, .patient = true };
    work late = { .meet = true, .late_ms = 50 };
    (void)state;
    for (int i = 0; i < 3; i++) {
        run(&team, &late);
        assert_true(team.alone_until == 0);
        assert_true(atomic_load(&late.of_worker[1]) > 0);
    }
}

#ifdef __linux__
/* The calling thread may use that processor alone; whether that was to be had. */
static bool stay_on(int processor)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)processor, &one);
    return sched_setaffinity(0, sizeof one, &one) == 0;
}

typedef struct crowding {
    int processor;
    const cpu_set_t *all;
    atomic_int arrived, moved;
} crowding;

static void join_crowd(void *context, int task, int worker)
{
    crowding *c = context;
    (void)task;
    (void)worker;
    atomic_fetch_add(&c->arrived, 1);
    while (atomic_load(&c->arrived) < WORKERS) sched_yield(); /* so that each thread has a task */
    const bool moved = stay_on(c->processor) && sched_setaffinity(0, sizeof *c->all, c->all) == 0;
    atomic_fetch_add(&c->moved, moved ? 1 : 0);
}

/* Both threads of the next loop are on the caller's processor, and may leave it. */
static void crowd(const cpu_set_t *all)
{
    crowding c = { .processor = nn_processor(), .all = all };
    nn_parallel(&(nn_team){ .threads = WORKERS, .patient = true }, WORKERS, join_crowd, &c);
    assert_int_equal(atomic_load(&c.moved), WORKERS);
}

/* In how many loops of 20, with both threads on one processor before, each has one of its own. */
static int loops_apart(const cpu_set_t *all, nn_team team, bool lost_before)
{
    int apart = 0;
    for (int i = 0; i < 20; i++) {
        nn_team now = team;
        work w = { .meet = true, .late_ms = 20 };
        if (lost_before) lose(&now, &w, 1e-3); /* any: on a busy machine most of the 20 ms may be the caller's, too */
        now.alone_until = 0;                   /* the pause is over */
        crowd(all);
        w.late_ms = 0;
        run(&now, &w);
        apart += w.processors[0] != w.processors[1];
    }
    return apart;
}

/* In a team's first loop, and in the first after a loss, a thread leaves the processor of the caller. Where other
 * programs have the rest it may be put back at once; so not each time, but nearly. */
static void a_processor_each(void **state)
{
    cpu_set_t all;
    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    if (CPU_COUNT(&all) < WORKERS) skip();
    assert_in_range(loops_apart(&all, (nn_team){ .threads = WORKERS }, false), 15, 20);
    assert_in_range(loops_apart(&all, (nn_team){ .threads = WORKERS, .settled = true }, true), 15, 20);
}

/* A thread that leaves may come back. */
static void no_processor_is_barred(void **state)
{
    cpu_set_t all, after;
    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    nn_leave_processor(nn_processor());
    assert_int_equal(sched_getaffinity(0, sizeof after, &after), 0);
    assert_true(CPU_EQUAL(&all, &after));
}

/* A thread that may use one processor alone stays there. */
static void the_only_processor(void **state)
{
    cpu_set_t all, after;
    (void)state;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    const int here = nn_processor();
    const bool stayed = stay_on(here);
    nn_leave_processor(here);
    nn_leave_processor(-1);
    const bool still = nn_processor() == here && sched_getaffinity(0, sizeof after, &after) == 0;
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
    assert_true(stayed && still);
    assert_int_equal(CPU_COUNT(&after), 1);
}
#endif
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_team_is_the_caller),
#ifdef WITH_OPENMP
        cmocka_unit_test(own_tasks_first),
        cmocka_unit_test(longest_first),
        cmocka_unit_test(alone_after_a_loss),
        cmocka_unit_test(together_again),
        cmocka_unit_test(together_where_that_is_quicker),
        cmocka_unit_test(uneven_tasks_are_no_loss),
        cmocka_unit_test(no_pause_is_for_ever),
        cmocka_unit_test(patience_goes_on),
#ifdef __linux__
        cmocka_unit_test(a_processor_each),
        cmocka_unit_test(no_processor_is_barred),
        cmocka_unit_test(the_only_processor),
#endif
#endif
    };
#ifndef WITH_OPENMP
    print_message("built without OpenMP: teams of one thread only\n");
#endif
    return cmocka_run_group_tests(tests, NULL, NULL);
}
