/* A workload: something made once, and a step that is timed. */
#ifndef KVIST_BENCH_WORKLOAD_H
#define KVIST_BENCH_WORKLOAD_H

#include <stddef.h>

typedef struct workload {
    const char *id, *name;                                   /* "W5", "lstm_train" */
    void *(*make)(const struct workload *self, int threads); /* NULL on failure, after a message on stderr */
    void (*step)(void *state);                               /* what is timed; exits the program if the library fails */
    void (*destroy)(void *state);
    double flops;  /* of a step; 0: not told */
    double events; /* environment steps in a step; 0: it is not an environment */
    int variant;   /* what make() tells apart */
} workload;

/* Ends with {0}. */
extern const workload cartpole_workloads[], training_workloads[], layer_workloads[];

/* Ends the program with a message: a bench that goes on after a failure would time nothing. */
_Noreturn void fail(const char *what, const char *why);

#endif
