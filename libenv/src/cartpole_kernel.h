/* The inner loops over many CartPoles, compiled once per instruction set. */
#ifndef KVIST_ENV_CARTPOLE_KERNEL_H
#define KVIST_ENV_CARTPOLE_KERNEL_H
#include <stdbool.h>
#include <stdint.h>

/* The state of many environments, an array per variable; each has as many elements as there are environments. */
typedef struct cartpole_lanes {
    double *x, *x_dot, *theta, *theta_dot;
    int *step;
} cartpole_lanes;

enum { CARTPOLE_TERMINATED = 1, CARTPOLE_TRUNCATED = 2 };

typedef struct cartpole_kernel {
    /* Steps n environments by action (n) and says which ended and how: ended (n), bits as above. */
    void (*step)(const cartpole_lanes *lanes, const int *action, int max_steps, int n, uint8_t *ended);
    /* Writes the observations of n environments: obs (n, 4). */
    void (*observe)(const cartpole_lanes *lanes, int n, float *obs);
    /* Says which of n environments ended in this way, one of the bits above. */
    void (*report)(const uint8_t *ended, int way, int n, bool *answer);
    /* The inclusive or of n actions: below 2 if and only if each is 0 or 1. */
    unsigned (*all_bits)(const int *action, int n);
} cartpole_kernel;

extern const cartpole_kernel env_cartpole_kernel_portable;
extern const cartpole_kernel env_cartpole_kernel_avx2;
extern const cartpole_kernel env_cartpole_kernel_avx512;

#endif
