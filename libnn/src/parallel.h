/* The one place that knows OpenMP: tasks numbered by shape, never by thread, so that results do not depend on threads.
 */
#ifndef NN_SRC_PARALLEL_H
#define NN_SRC_PARALLEL_H

#include <stdbool.h>

enum { NN_MAX_THREADS = 256 /* of a team */ };

/* One task of a parallel loop. `worker` in [0, threads) owns a part of the scratch memory while the task runs. */
typedef void nn_task(void *context, int task, int worker);

/*
 * The threads of a model. Where another process has their processors, each loop ends only when the system has let the
 * last of them run, some milliseconds later; so after a loop that this made longer than it would have been alone, the
 * calling thread does the next ones alone for a while. That changes no result, which does not depend on threads.
 */
typedef struct nn_team {
    int threads;        /* at most */
    bool patient;       /* more threads were asked for than there are processors: they wait for each other by design */
    double alone_until; /* the time, on OpenMP's clock, until which the calling thread is alone; 0: it is not */
    double pause;       /* for how many seconds it was the last time, less with each loop that lost none */
    bool settled;       /* the last loop was no loss: nobody looks for a processor of its own in the next one */
} nn_team;

/* A team of so many threads; 0: as many as OpenMP would use (1 without OpenMP), but no more than NN_MAX_THREADS. */
nn_team nn_team_make(int threads);

/* Runs tasks 0 .. count - 1, each with denormals flushed to zero where the caller's are (see nn_float_mode); returns
 * when all are done. Team NULL: on the calling thread. */
void nn_parallel(nn_team *team, int count, nn_task *run, void *context);

/* The same for tasks of which the longest come first: who is free takes the next one, whichever it had in the loop
 * before. */
void nn_parallel_in_order(nn_team *team, int count, nn_task *run, void *context);

/* Runs `run` at least once on each thread of the team, as task `worker`, and again on those that are done until all
 * are: for what as many threads at once take in their first time. */
void nn_on_each(const nn_team *team, nn_task *run, void *context);

/* The number of parts, a power of two, into which a team splits work whose result does not depend on the parts. */
int nn_parts(const nn_team *team);

/*
 * The calling thread's floating-point mode on x86-64, until it is given back: to nearest, whatever the caller's
 * rounding is, so that results are always the same; and with denormals flushed to zero, on which back-propagation
 * through time is 13 times slower. nn_rounding_enter() leaves denormals as they are.
 */
typedef struct nn_float_mode {
    unsigned saved;
} nn_float_mode;
nn_float_mode nn_float_mode_enter(void);
nn_float_mode nn_rounding_enter(void);
void nn_float_mode_leave(nn_float_mode mode);

#endif
