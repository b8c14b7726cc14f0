/**
 * @file env.h
 * Reinforcement-learning environments: CartPole with Gymnasium's own episodes, alone or many at a time, its pictures,
 * and discretisation for tabular methods.
 *
 * - A CartPole is a plain value without heap memory: copy it to fork it, save its bytes to resume it.
 * - A function that can fail returns an env_status (or NULL) and, unless it says otherwise, changes nothing when it
 *   fails. An env_error may be NULL; every function that takes one clears it first.
 * - Output pointers may be NULL where their text says so. What returns an env_status or makes something refuses NULL
 *   for what it needs, with ENV_ERR_ARGUMENT; destroy functions accept it. All others must be given what they work on.
 * - Randomness is an explicit env_rng. The library never prints, exits, reads the environment or keeps mutable globals;
 *   different objects may be used from different threads at the same time.
 */
#ifndef KVIST_ENV_H
#define KVIST_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Marks a function whose result must be looked at. */
#if defined(__GNUC__) || defined(__clang__)
#define ENV_NODISCARD __attribute__((warn_unused_result))
#else
#define ENV_NODISCARD
#endif

/* --- status and errors -------------------------------------------------------------------------------------------- */

/** Every status with its text, once: `X(name, text)`. */
#define ENV_STATUS_MAP(X)                                                                                              \
    X(OK, "success")                                                                                                   \
    X(ERR_MEMORY, "out of memory")                                                                                     \
    X(ERR_ARGUMENT, "invalid argument")                                                                                \
    X(ERR_ACTION, "action outside the action set")                                                                     \
    X(ERR_STATE, "step before reset or after the end of the episode")                                                  \
    X(ERR_NUMERIC, "not a finite number")                                                                              \
    X(ERR_SPACE, "buffer too small")

/** What a call came to: ENV_OK or one of ENV_ERR_*. */
typedef enum env_status {
/** @cond one line of the enum */
#define ENV_X(name, text) ENV_##name,
    /** @endcond */
    ENV_STATUS_MAP(ENV_X)
#undef ENV_X
} env_status;

/** Why a call failed; owned by the caller, never allocated. */
typedef struct env_error {
    env_status status; /**< which kind of failure; ENV_OK unless the last call failed */
    char text[256];    /**< `function: field: expected X, got Y`, ended by a NUL */
} env_error;

/** Short English text of a status, as "out of memory"; never NULL. */
const char *env_status_string(env_status status);

/** Where an object takes its memory from; both functions get `user`. */
typedef struct env_allocator {
    void *(*alloc)(size_t size, size_t align, void *user); /**< NULL when there is none; align is a power of two */
    void (*release)(void *memory, void *user);             /**< never called with NULL */
    void *user;                                            /**< handed to both */
} env_allocator;

/* --- randomness --------------------------------------------------------------------------------------------------- */

/** numpy's default generator as a plain value: PCG64 (XSL-RR 128/64, O'Neill 2014). Each 128-bit number is
 * { high, low }. */
typedef struct env_rng {
    uint64_t state[2];     /**< changes with every draw */
    uint64_t increment[2]; /**< odd; chooses the sequence */
} env_rng;

/** The generator of `numpy.random.default_rng(seed)`: numpy's SeedSequence spreads the seed over state and increment.
 */
env_rng env_rng_make(uint64_t seed);
/** The next 64 random bits. */
uint64_t env_rng_next(env_rng *rng);
/** Uniform double in [low, high), bit for bit `Generator.uniform(low, high)`. */
double env_rng_uniform(env_rng *rng, double low, double high);
/** Writes count such doubles to values, as `Generator.uniform(low, high, count)`. */
void env_rng_uniform_fill(env_rng *rng, double low, double high, double *values, int count);

/* --- CartPole ----------------------------------------------------------------------------------------------------- */

/** Sizes of CartPole, and the step limits of its two versions. */
enum {
    ENV_CARTPOLE_OBS = 4,     /**< cart position, cart velocity, pole angle, pole angular velocity */
    ENV_CARTPOLE_ACTIONS = 2, /**< 0 pushes to the left, 1 to the right */
    ENV_CARTPOLE_V0_STEPS = 200,
    ENV_CARTPOLE_V1_STEPS = 500
};

/**
 * A cart with a pole on it (Barto, Sutton and Anderson 1983, with Gymnasium's constants).
 * Reading any field is fine. A caller who writes the state (to fork, to try a position) keeps `running` true for a
 * state that may be stepped. A zeroed struct is valid and waits for env_cartpole_init().
 */
typedef struct env_cartpole {
    double x;         /**< cart position, m; the episode ends beyond +-2.4 */
    double x_dot;     /**< m/s */
    double theta;     /**< pole angle, rad, 0 upright, positive to the right; the episode ends beyond +-12 degrees */
    double theta_dot; /**< rad/s */
    int step;         /**< steps taken in this episode */
    int max_steps;    /**< the episode is truncated here */
    bool running;     /**< between a reset and the end of its episode */
    env_rng rng;      /**< draws the starts of the episodes */
} env_cartpole;

/** What a step gave. Bootstrap the value of the last observation when truncated, never when terminated. */
typedef struct env_step {
    float reward;    /**< 1, the failing step included */
    bool terminated; /**< the pole fell or the cart left the track */
    bool truncated;  /**< the step limit was reached; both can be true */
} env_step;

/**
 * Makes an environment that waits for its first reset.
 * @param env overwritten, whatever it held
 * @param max_steps ENV_CARTPOLE_V0_STEPS, ENV_CARTPOLE_V1_STEPS or any other positive number; 0 means 500
 * @param seed the episodes are those of Gymnasium's `reset(seed=seed)` and the resets without a seed after it
 * @return ENV_ERR_ARGUMENT for a negative max_steps or a NULL env
 */
ENV_NODISCARD env_status env_cartpole_init(env_cartpole *env, int max_steps, uint64_t seed);

/**
 * Starts the next episode: every state variable from U(-0.05, 0.05). May be called at any time after init.
 * @param env initialised; otherwise it keeps refusing steps
 * @param obs receives the first observation (4), or NULL
 */
void env_cartpole_reset(env_cartpole *env, float *obs);

/**
 * Pushes the cart for 0.02 s with 10 N: one explicit Euler step, positions by the old velocities, in double precision,
 * in the order of operations of Gymnasium's formulas. Sine and cosine are within 0.52 units in the last place, the
 * nearest double but for one call of 300. A last bit matters: the upright pole magnifies it by 1.08 per step, so that
 * episodes of hundreds of steps agree with another implementation only as long as every bit does.
 * @param env left unchanged on failure
 * @param action 0 or 1
 * @param obs receives the observation (4), of a last step too; or NULL
 * @param result receives reward and ends, or NULL
 * @return ENV_ERR_ACTION; ENV_ERR_STATE before a reset or after the end; ENV_ERR_NUMERIC for a state that is NaN or
 *         infinite; ENV_ERR_ARGUMENT for a NULL env
 */
ENV_NODISCARD env_status env_cartpole_step(env_cartpole *env, int action, float *obs, env_step *result);

/** The present observation: x, x_dot, theta, theta_dot, rounded to float. */
void env_cartpole_observe(const env_cartpole *env, float *obs);

/* --- many CartPoles ----------------------------------------------------------------------------------------------- */

/** N CartPoles in step, each state variable an array. Opaque: made by env_cartpole_vec_create(). */
typedef struct env_cartpole_vec env_cartpole_vec;

/** What env_cartpole_vec_create() makes; copied. */
typedef struct env_cartpole_vec_def {
    int count;                  /**< environments, at least 1 */
    int max_steps;              /**< as for env_cartpole_init(); 0 means 500 */
    uint64_t seed;              /**< environment i has the episodes of a single one seeded seed + i */
    const env_allocator *alloc; /**< NULL: aligned_alloc and free; `user` must outlive the environments */
} env_cartpole_vec_def;

/** Where a vector step writes, one row per environment, owned by the caller. NULL for what is not wanted. */
typedef struct env_cartpole_vec_out {
    float *obs;       /**< (count, 4): the next observation to act on; of a new episode where the last one ended */
    float *final_obs; /**< (count, 4): last observation of the episodes that ended; other rows are left alone */
    float *reward;    /**< (count): 1 */
    bool *terminated; /**< (count) */
    bool *truncated;  /**< (count) */
} env_cartpole_vec_out;

/**
 * Makes count environments that wait for their reset, in one allocation.
 * @param def what to make
 * @param error receives the reason of a failure, or NULL
 * @return NULL for an illegal def or without memory; give it back with env_cartpole_vec_destroy()
 */
ENV_NODISCARD env_cartpole_vec *env_cartpole_vec_create(const env_cartpole_vec_def *def, env_error *error);

/** Frees the environments; accepts NULL. */
void env_cartpole_vec_destroy(env_cartpole_vec *vec);

/** The number of environments. */
int env_cartpole_vec_count(const env_cartpole_vec *vec);

/**
 * Starts a new episode in every environment.
 * @param vec the environments
 * @param obs receives the first observations (count, 4), or NULL
 */
void env_cartpole_vec_reset(env_cartpole_vec *vec, float *obs);

/**
 * One step of every environment, bit for bit that of env_cartpole_step(). An environment whose episode ends starts its
 * next one in the same step: obs holds the new start, final_obs what the last episode ended on. The one exception is a
 * theta_dot whose square overflows, beyond +-1.3e154, which env_cartpole_vec_set() alone can bring about: that episode
 * ends with this step, and its final_obs may hold NaN where a single one has an infinity.
 * @param vec left unchanged on failure, and out with it
 * @param action (count), each 0 or 1
 * @param out where to write
 * @return ENV_ERR_ACTION, ENV_ERR_STATE before the first reset, ENV_ERR_ARGUMENT for NULL; env_cartpole_vec_error()
 *         says more
 */
ENV_NODISCARD env_status env_cartpole_vec_step(env_cartpole_vec *vec, const int *action,
                                               const env_cartpole_vec_out *out);

/** Why the last failing call on these environments failed, "" if none did; valid until the next call on them. */
const char *env_cartpole_vec_error(const env_cartpole_vec *vec);

/**
 * Copies one environment out, to render, save or fork it.
 * @param vec the environments
 * @param index 0 to count - 1
 * @param env receives the copy
 * @return ENV_ERR_ARGUMENT for a bad index or NULL
 */
ENV_NODISCARD env_status env_cartpole_vec_get(const env_cartpole_vec *vec, int index, env_cartpole *env);

/**
 * Replaces one environment, to restore or try a state; after the first reset only.
 * @param vec left unchanged on failure
 * @param index 0 to count - 1
 * @param env a running environment within the limits of its episode and with the same max_steps
 * @return ENV_ERR_ARGUMENT, ENV_ERR_STATE if either has not been reset or env's episode is over, ENV_ERR_NUMERIC
 */
ENV_NODISCARD env_status env_cartpole_vec_set(env_cartpole_vec *vec, int index, const env_cartpole *env);

/* --- pictures ----------------------------------------------------------------------------------------------------- */

/** A text frame. */
typedef struct env_ansi_def {
    int columns; /**< characters per line, 20 to 1000; 0 means 72 */
    int rows;    /**< lines, 6 to 1000; 0 means 16 */
    bool plain;  /**< without colours (ANSI escape sequences) */
} env_ansi_def;

/** Bytes that always hold a text frame of this many columns and rows, colours and final NUL included. */
#define ENV_ANSI_SIZE(columns, rows) ((size_t)(rows) * ((size_t)(columns)*10 + 1) + 1)

/**
 * Draws cart, pole and track as text, in ASCII, rows lines each ended by a newline; the first says the step and whether
 * the episode goes on. To animate, print "\x1b[H" before each.
 * @param env drawn
 * @param def size and colours; NULL for the defaults
 * @param text receives the frame, ended by a NUL; an empty string on failure (if it has a byte)
 * @param size bytes at text, see ENV_ANSI_SIZE()
 * @return ENV_ERR_SPACE, ENV_ERR_ARGUMENT, or ENV_ERR_NUMERIC for an x or theta that is NaN or infinite; the velocities
 *         are not looked at
 */
ENV_NODISCARD env_status env_cartpole_ansi(const env_cartpole *env, const env_ansi_def *def, char *text, size_t size);

/**
 * Draws a picture with Gymnasium's look (600 x 400 there), antialiased, scaled to fit and centred.
 * @param env drawn
 * @param pixels receives (height, width, 3) bytes, red, green, blue; untouched on failure
 * @param size bytes at pixels, at least height * width * 3
 * @param width pixels, at least 1
 * @param height pixels, at least 1
 * @return ENV_ERR_SPACE, ENV_ERR_ARGUMENT, or ENV_ERR_NUMERIC for an x or theta that is NaN or infinite; the velocities
 *         are not looked at
 */
ENV_NODISCARD env_status env_cartpole_rgb(const env_cartpole *env, uint8_t *pixels, size_t size, int width, int height);

/* --- discretisation ----------------------------------------------------------------------------------------------- */

/**
 * The bin of a value among equal bins over [low, high].
 * @param value values outside, the infinities included, fall into the first or last bin
 * @param low finite
 * @param high finite, above low; high - low and bins / (high - low) are finite
 * @param bins at least 1
 * @param bin receives 0 to bins - 1; untouched on failure
 * @return ENV_ERR_NUMERIC for NaN; ENV_ERR_ARGUMENT for illegal bins
 */
ENV_NODISCARD env_status env_bin(double value, double low, double high, int bins, int *bin);

/** The most observations a discretizer takes. */
enum { ENV_MAX_DIMS = 8 };

/** Equal bins for several observations; a plain value, made by env_discretizer_init(). */
typedef struct env_discretizer {
    int dims;                   /**< observations */
    int states;                 /**< product of the bins */
    int bins[ENV_MAX_DIMS];     /**< of each observation */
    double low[ENV_MAX_DIMS];   /**< lower edge of the first bin */
    double scale[ENV_MAX_DIMS]; /**< bins per unit of the observation */
} env_discretizer;

/**
 * Prepares bins.
 * @param discretizer written; untouched on failure
 * @param dims observations, 1 to ENV_MAX_DIMS
 * @param low (dims), finite
 * @param high (dims), finite, each above its low; high - low and bins / (high - low) are finite
 * @param bins (dims), each at least 1, their product at most INT_MAX
 * @param error receives the reason of a failure, or NULL
 * @return ENV_ERR_ARGUMENT
 */
ENV_NODISCARD env_status env_discretizer_init(env_discretizer *discretizer, int dims, const double *low,
                                              const double *high, const int *bins, env_error *error);

/**
 * Turns observations into one table index, the first observation counting most: the lab report's make_state is four
 * observations of ten bins each, 0 to 9999.
 * @param discretizer prepared
 * @param obs (dims)
 * @param state receives 0 to states - 1; untouched on failure
 * @return ENV_ERR_NUMERIC if an observation is NaN; ENV_ERR_ARGUMENT for NULL
 */
ENV_NODISCARD env_status env_discretize(const env_discretizer *discretizer, const float *obs, int *state);

#ifdef __cplusplus
}
#endif
#endif
