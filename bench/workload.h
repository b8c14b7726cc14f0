/* A workload: something made once, and a step that is timed. */
#ifndef KVIST_BENCH_WORKLOAD_H
#define KVIST_BENCH_WORKLOAD_H

#include <stddef.h>

/* Where the bytes come from that a workload cannot do without; kvist_limits measures how fast that is. */
typedef enum traffic_level { TRAFFIC_NONE, TRAFFIC_L2, TRAFFIC_L3 } traffic_level;

typedef struct workload {
    const char *id, *name; /* "W5", "lstm_train" */
    /* NULL: skipped, after a line that says why; exits the program if the library fails */
    void *(*make)(const struct workload *self, int threads);
    void (*step)(void *state); /* what is timed; exits the program if the library fails */
    void (*destroy)(void *state);
    double flops;  /* of a step; 0: not told */
    double events; /* environment steps in a step; 0: it is not an environment */
    int variant;   /* what make() tells apart */
    double bytes;  /* that a step must move; 0: arithmetic is the limit */
    traffic_level level;
    void (*describe)(const void *state); /* NULL, or prints " key=value" about the data */
} workload;

/* Ends with {0}. */
extern const workload cartpole_workloads[], dqn_workloads[], sentiment_workloads[], dcgan_workloads[],
    layer_workloads[];

/* Ends the program with a message: a bench that goes on after a failure would time nothing. */
_Noreturn void fail(const char *what, const char *why);

/* The line of a workload that cannot be run here. @return NULL, as make() does then */
void *skip(const workload *self, const char *why);

#endif
