/* The motion of cart and pole, shared by the single and the many environments, so that both give the same bits.
   The order of operations is that of Gymnasium's formulas: the upright pole is unstable, a difference in the last bit
   grows by a factor of 1.08 each step and decides where step 400 stands. Compile with -ffp-contract=off. */
#ifndef KVIST_ENV_CARTPOLE_PHYSICS_H
#define KVIST_ENV_CARTPOLE_PHYSICS_H
#include <math.h>
#include <stdbool.h>

#define CARTPOLE_GRAVITY          9.8                                /* g, m/s^2 */
#define CARTPOLE_POLE_MASS        0.1                                /* m, kg; the cart's is 1.0 */
#define CARTPOLE_TOTAL_MASS       1.1                                /* M */
#define CARTPOLE_HALF_LENGTH      0.5                                /* l, m */
#define CARTPOLE_POLE_MASS_LENGTH 0.05                               /* m l */
#define CARTPOLE_FORCE            10.0                               /* N */
#define CARTPOLE_TAU              0.02                               /* s */
#define CARTPOLE_START_LIMIT      0.05                               /* every variable starts within */
#define CARTPOLE_X_LIMIT          2.4                                /* m */
#define CARTPOLE_THETA_LIMIT      (12 * 2 * 3.141592653589793 / 360) /* rad */

/* The series below serve up to this angle (rad); running episodes stay within 0.2095. */
#define CARTPOLE_SERIES_LIMIT 0.21

/* Forces and what follows from them: one, or a vector of several at once where a file defines it so. */
#ifndef CARTPOLE_REAL
#define CARTPOLE_REAL double
#endif
typedef CARTPOLE_REAL cartpole_real;

typedef struct cartpole_state {
    double x, x_dot, theta, theta_dot;
} cartpole_state;

/* Where a force leads; the positions move with the old velocities, whatever the force. */
typedef struct cartpole_next {
    double x, theta;
    cartpole_real x_dot, theta_dot;
} cartpole_next;

/* sin t = t - t^3/3! + ... - t^11/11!; what is left out is below 2e-18 of it for |t| <= 0.21. The small terms are
   summed in pairs, which shortens the chain of operations, and added to the large one last. */
static inline double cartpole_sin(double t)
{
    const double z = t * t;
    const double small = (1.0 / 120 + z * (-1.0 / 5040)) + (z * z) * (1.0 / 362880 + z * (-1.0 / 39916800));
    return t + (t * z) * (-1.0 / 6 + z * small);
}

/* cos t = 1 - t^2/2! + ... + t^12/12!; what is left out is below 1e-20. What rounding 1 - t^2/2 lost joins the small
   terms. */
static inline double cartpole_cos(double t)
{
    const double z = t * t, zz = z * z;
    const double low = 1.0 / 24 + z * (-1.0 / 720);
    const double high = (1.0 / 40320 + z * (-1.0 / 3628800)) + zz * (1.0 / 479001600);
    const double half = 0.5 * z, one = 1.0 - half;
    return one + (((1.0 - one) - half) + zz * (low + zz * high));
}

#ifdef CARTPOLE_FUSED_DIVISION
/* a / M, correctly rounded: a product by RN(1/M), put right by its exact remainder (Markstein 1990), gives the same
   bits as the division and does not wait for the divider. */
static inline double cartpole_over_mass(double a)
{
    const double quotient = a * (1.0 / CARTPOLE_TOTAL_MASS);
    const double remainder = fma(-quotient, CARTPOLE_TOTAL_MASS, a);
    return fma(remainder, 1.0 / CARTPOLE_TOTAL_MASS, quotient);
}
#else
#define cartpole_over_mass(a) ((a) / CARTPOLE_TOTAL_MASS)
#endif

/* The state after tau seconds under a force (N), by explicit Euler; s and c are sine and cosine of the angle. */
static inline cartpole_next cartpole_euler(cartpole_state q, cartpole_real force, double s, double c)
{
    /* temp = (F + m l w^2 sin) / M */
    const cartpole_real temp = cartpole_over_mass(force + CARTPOLE_POLE_MASS_LENGTH * (q.theta_dot * q.theta_dot) * s);
    /* theta'' = (g sin - cos temp) / (l (4/3 - m cos^2 / M)) */
    const double inertia = CARTPOLE_HALF_LENGTH * (4.0 / 3.0 - cartpole_over_mass(CARTPOLE_POLE_MASS * (c * c)));
    const cartpole_real theta_acc = (CARTPOLE_GRAVITY * s - c * temp) / inertia;
    /* x'' = temp - m l theta'' cos / M */
    const cartpole_real x_acc = temp - cartpole_over_mass(CARTPOLE_POLE_MASS_LENGTH * theta_acc * c);

    return (cartpole_next){
        .x = q.x + CARTPOLE_TAU * q.x_dot,
        .theta = q.theta + CARTPOLE_TAU * q.theta_dot,
        .x_dot = q.x_dot + CARTPOLE_TAU * x_acc,
        .theta_dot = q.theta_dot + CARTPOLE_TAU * theta_acc,
    };
}

static inline bool cartpole_fell(double x, double theta)
{
    return (fabs(x) > CARTPOLE_X_LIMIT) | (fabs(theta) > CARTPOLE_THETA_LIMIT);
}

#endif
