/* The one place that knows OpenMP: tasks numbered by shape, never by thread, so that results do not depend on threads.
 */
#ifndef NN_SRC_PARALLEL_H
#define NN_SRC_PARALLEL_H

/* One task of a parallel loop. `worker` in [0, threads) owns a part of the scratch memory while the task runs. */
typedef void nn_task(void *context, int task, int worker);

/* Runs tasks 0 .. count - 1 on at most `threads` threads, each with denormals flushed to zero where the caller's are
 * (see nn_float_mode); returns when all are done. */
void nn_parallel(int threads, int count, nn_task *run, void *context);

/* The number of parts, a power of two, into which `threads` split work whose result does not depend on the parts. */
int nn_parts(int threads);

/* What OpenMP would use; 1 without OpenMP. */
int nn_max_threads(void);

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
