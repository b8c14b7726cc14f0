/* Continuous observations as table indices. */
#include "error.h"

#include <limits.h>
#include <math.h>

/* floor((value - low) scale) within 0 to bins - 1; value is not NaN */
static int bin_of(double value, double low, double scale, int bins)
{
    const double position = (value - low) * scale;
    if (!(position > 0)) return 0;
    return position < bins ? (int)position : bins - 1;
}

/* What such bins would have to be, or NULL. */
static const char *expected(double low, double high, int bins)
{
    if (bins < 1 || !isfinite(low) || !isfinite(high) || !(low < high)) return "at least 1 bin over finite low < high";
    if (!isfinite(high - low) || !isfinite(bins / (high - low))) return "finite high - low and bins / (high - low)";
    return NULL;
}

env_status env_bin(double value, double low, double high, int bins, int *bin)
{
    if (!bin || expected(low, high, bins)) return ENV_ERR_ARGUMENT;
    if (isnan(value)) return ENV_ERR_NUMERIC;
    *bin = bin_of(value, low, bins / (high - low), bins);
    return ENV_OK;
}

env_status env_discretizer_init(env_discretizer *discretizer, int dims, const double *low, const double *high,
                                const int *bins, env_error *error)
{
    static const char name[] = "env_discretizer_init";
    env_clear_error(error);
    if (!discretizer || !low || !high || !bins)
        return env_fail(error, ENV_ERR_ARGUMENT, "%s: expected four arrays, got NULL", name);
    if (dims < 1 || dims > ENV_MAX_DIMS)
        return env_fail(error, ENV_ERR_ARGUMENT, "%s: dims: expected 1 to %d, got %d", name, ENV_MAX_DIMS, dims);

    env_discretizer made = { .dims = dims, .states = 1 };
    for (int d = 0; d < dims; d++) {
        const char *wanted = expected(low[d], high[d], bins[d]);
        if (wanted)
            return env_fail(error, ENV_ERR_ARGUMENT, "%s: dimension %d: expected %s, got %d over %g to %g", name, d,
                            wanted, bins[d], low[d], high[d]);
        if (bins[d] > INT_MAX / made.states)
            return env_fail(error, ENV_ERR_ARGUMENT, "%s: bins[%d]: expected at most %d states, got %d times %d", name,
                            d, INT_MAX, made.states, bins[d]);
        made.states *= bins[d];
        made.bins[d] = bins[d];
        made.low[d] = low[d];
        made.scale[d] = bins[d] / (high[d] - low[d]);
    }
    *discretizer = made;
    return ENV_OK;
}

env_status env_discretize(const env_discretizer *discretizer, const float *obs, int *state)
{
    if (!discretizer || !obs || !state) return ENV_ERR_ARGUMENT;
    int index = 0;
    for (int d = 0; d < discretizer->dims; d++) {
        if (isnan(obs[d])) return ENV_ERR_NUMERIC;
        index = index * discretizer->bins[d] +
                bin_of((double)obs[d], discretizer->low[d], discretizer->scale[d], discretizer->bins[d]);
    }
    *state = index;
    return ENV_OK;
}
