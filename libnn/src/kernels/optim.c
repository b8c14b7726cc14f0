/* Plain loops: every compiler turns them into vectors, square roots and divisions included. */
#include "optim.h"
#include "real.h"

/* The gradient as the optimiser takes it. A NAN stays one. */
static inline nn_float clipped(nn_float g, const nn_update *u)
{
    g *= u->scale;
    g = g < -u->limit ? -u->limit : g;
    return g > u->limit ? u->limit : g;
}

/*
 * (1 - mix) mean + mix value, in an order in which neither a small mix is rounded away (1 - 0.001 in float is off by
 * 1e-5 of the 0.001) nor a small value vanishes beside a large mean.
 */
static inline nn_float moved(nn_float mean, nn_float value, nn_float mix)
{
    return (mean - mix * mean) + mix * value;
}

static double sum_squares(const nn_float *g, size_t n)
{
    double sums[8] = { 0 }; /* independent, so that they make vectors */
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        for (size_t k = 0; k < 8; k++) sums[k] += (double)g[i + k] * (double)g[i + k];
    }
    for (; i < n; i++) sums[0] += (double)g[i] * (double)g[i];
    return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

/* p -= lr g */
static void sgd(nn_float *restrict p, nn_float *restrict g, nn_float *s0, nn_float *s1, size_t n,
                const nn_update *update)
{
    const nn_update u = *update;
    (void)s0, (void)s1;
    for (size_t i = 0; i < n; i++) {
        p[i] -= u.lr * clipped(g[i], &u);
        g[i] = 0;
    }
}

/* velocity = momentum velocity - lr g; p += velocity */
static void sgd_momentum(nn_float *restrict p, nn_float *restrict g, nn_float *restrict velocity, nn_float *s1,
                         size_t n, const nn_update *update)
{
    const nn_update u = *update;
    (void)s1;
    for (size_t i = 0; i < n; i++) {
        velocity[i] = u.momentum * velocity[i] - u.lr * clipped(g[i], &u);
        p[i] += velocity[i];
        g[i] = 0;
    }
}

/* velocity = momentum velocity - lr g; p += momentum velocity - lr g */
static void sgd_nesterov(nn_float *restrict p, nn_float *restrict g, nn_float *restrict velocity, nn_float *s1,
                         size_t n, const nn_update *update)
{
    const nn_update u = *update;
    (void)s1;
    for (size_t i = 0; i < n; i++) {
        const nn_float change = u.lr * clipped(g[i], &u);
        velocity[i] = u.momentum * velocity[i] - change;
        p[i] += u.momentum * velocity[i] - change;
        g[i] = 0;
    }
}

/* a = rho a + (1 - rho) g^2; p -= lr g / (sqrt(a) + epsilon) */
static void rmsprop(nn_float *restrict p, nn_float *restrict g, nn_float *restrict a, nn_float *s1, size_t n,
                    const nn_update *update)
{
    const nn_update u = *update;
    (void)s1;
    for (size_t i = 0; i < n; i++) {
        const nn_float gradient = clipped(g[i], &u);
        a[i] = moved(a[i], gradient * gradient, u.mix2);
        p[i] -= u.lr * gradient / (nn_sqrt(a[i]) + u.epsilon);
        g[i] = 0;
    }
}

/* a = rho a + (1 - rho) g^2; p -= lr g / sqrt(a + epsilon) */
static void rmsprop_inside(nn_float *restrict p, nn_float *restrict g, nn_float *restrict a, nn_float *s1, size_t n,
                           const nn_update *update)
{
    const nn_update u = *update;
    (void)s1;
    for (size_t i = 0; i < n; i++) {
        const nn_float gradient = clipped(g[i], &u);
        a[i] = moved(a[i], gradient * gradient, u.mix2);
        p[i] -= u.lr * gradient / nn_sqrt(a[i] + u.epsilon);
        g[i] = 0;
    }
}

/* a = rho a + (1 - rho) g^2; velocity = momentum velocity + lr g / sqrt(a + epsilon); p -= velocity */
static void rmsprop_momentum(nn_float *restrict p, nn_float *restrict g, nn_float *restrict a,
                             nn_float *restrict velocity, size_t n, const nn_update *update)
{
    const nn_update u = *update;
    for (size_t i = 0; i < n; i++) {
        const nn_float gradient = clipped(g[i], &u);
        a[i] = moved(a[i], gradient * gradient, u.mix2);
        velocity[i] = u.momentum * velocity[i] + u.lr * gradient / nn_sqrt(a[i] + u.epsilon);
        p[i] -= velocity[i];
        g[i] = 0;
    }
}

/* m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; p -= lr m / (sqrt(v) + epsilon) */
static void adam(nn_float *restrict p, nn_float *restrict g, nn_float *restrict m, nn_float *restrict v, size_t n,
                 const nn_update *update)
{
    const nn_update u = *update;
    for (size_t i = 0; i < n; i++) {
        const nn_float gradient = clipped(g[i], &u);
        m[i] = moved(m[i], gradient, u.mix1);
        v[i] = moved(v[i], gradient * gradient, u.mix2);
        p[i] -= u.lr * m[i] / (nn_sqrt(v[i]) + u.epsilon);
        g[i] = 0;
    }
}

const nn_optim_kernels NN_KERNEL(optim_kernels) = {
    .sum_squares = sum_squares,
    .sgd = sgd,
    .sgd_momentum = sgd_momentum,
    .sgd_nesterov = sgd_nesterov,
    .rmsprop = rmsprop,
    .rmsprop_inside = rmsprop_inside,
    .rmsprop_momentum = rmsprop_momentum,
    .adam = adam,
};
