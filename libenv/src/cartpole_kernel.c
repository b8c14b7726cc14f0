/* The inner loops over many CartPoles. Written for the compiler to vectorise: no branches, no calls, separate arrays.
   Every lane does the operations of the single environment in their order, so the bits are the same. */
#include "cartpole_kernel.h"

#include "cartpole_physics.h"

/* -10 N for action 0, +10 N for action 1, without a branch that chance decides */
static inline double force_of(int action)
{
    return 2.0 * CARTPOLE_FORCE * action - CARTPOLE_FORCE;
}

static void step(const cartpole_lanes *lanes, const int *restrict action, int max_steps, int n, uint8_t *restrict ended)
{
    double *restrict x = lanes->x, *restrict x_dot = lanes->x_dot;
    double *restrict theta = lanes->theta, *restrict theta_dot = lanes->theta_dot;
    int *restrict steps = lanes->step;

    for (int i = 0; i < n; i++) { /* episodes end before the angle leaves the range of the series */
        const double s = cartpole_sin(theta[i]), c = cartpole_cos(theta[i]);
        const cartpole_next q =
            cartpole_euler((cartpole_state){ x[i], x_dot[i], theta[i], theta_dot[i] }, force_of(action[i]), s, c);
        x[i] = q.x;
        x_dot[i] = q.x_dot;
        theta[i] = q.theta;
        theta_dot[i] = q.theta_dot;
    }
    for (int i = 0; i < n; i++) {
        const int step_now = steps[i] + 1;
        const int terminated = cartpole_fell(x[i], theta[i]), truncated = step_now >= max_steps;
        steps[i] = step_now;
        ended[i] = (uint8_t)(terminated * CARTPOLE_TERMINATED + truncated * CARTPOLE_TRUNCATED);
    }
}

static void observe(const cartpole_lanes *lanes, int n, float *restrict obs)
{
    const double *restrict x = lanes->x, *restrict x_dot = lanes->x_dot;
    const double *restrict theta = lanes->theta, *restrict theta_dot = lanes->theta_dot;
    for (int i = 0; i < n; i++) {
        obs[4 * i + 0] = (float)x[i];
        obs[4 * i + 1] = (float)x_dot[i];
        obs[4 * i + 2] = (float)theta[i];
        obs[4 * i + 3] = (float)theta_dot[i];
    }
}

static void report(const uint8_t *restrict ended, int way, int n, bool *restrict answer)
{
    for (int i = 0; i < n; i++) answer[i] = (ended[i] & way) != 0;
}

static unsigned all_bits(const int *action, int n)
{
    unsigned bits = 0;
    for (int i = 0; i < n; i++) bits |= (unsigned)action[i];
    return bits;
}

#if defined(CARTPOLE_KERNEL_AVX512)
const cartpole_kernel env_cartpole_kernel_avx512 = { step, observe, report, all_bits };
#elif defined(CARTPOLE_KERNEL_AVX2)
const cartpole_kernel env_cartpole_kernel_avx2 = { step, observe, report, all_bits };
#else
const cartpole_kernel env_cartpole_kernel_portable = { step, observe, report, all_bits };
#endif
