/* Learning-rate schedules with Keras' formulas. */
#include "layer.h"
#include "optim.h"
#include "parallel.h"
#include <float.h>
#include <math.h>

static nn_status refuse(nn_error *error, const char *field, const char *expected, double got)
{
    return nn_fail(error, NN_ERR_ARGUMENT, "schedule: %s: expected %s, got %g", field, expected, got);
}

static const char positive_text[] = "a positive number in the range of float";

/* Beyond float a learning rate of one of these is no number. */
static bool positive(double value)
{
    return value > 0.0 && value <= (double)FLT_MAX;
}

nn_status nn_schedule_resolve(nn_schedule_def *schedule, nn_error *error)
{
    const nn_schedule_type type = schedule->type;
    if ((int)type < NN_CONSTANT || type > NN_COSINE_DECAY)
        return nn_fail(error, NN_ERR_ARGUMENT, "schedule: type: expected a nn_schedule_type, got %d", (int)type);
    if (type == NN_CONSTANT) {
        if (schedule->steps > 0) return refuse(error, "steps", "0 without a type", (double)schedule->steps);
        return NN_OK;
    }
    const bool by_rate = type == NN_EXPONENTIAL_DECAY || type == NN_INVERSE_TIME_DECAY;
    if (schedule->steps == 0) return refuse(error, "steps", "a positive number", 0.0);
    if (by_rate && !positive(schedule->rate)) return refuse(error, "rate", positive_text, schedule->rate);
    if (!by_rate && schedule->rate != 0.0) return refuse(error, "rate", "0: this type has none", schedule->rate);
    if (!by_rate && schedule->staircase) return refuse(error, "staircase", "false: this type has none", 1.0);
    if (schedule->end != 0.0 && !positive(schedule->end))
        return refuse(error, "end", "0 or a positive number in the range of float", schedule->end);
    const double power = nn_default(schedule->power, 1.0);
    if (!positive(power)) return refuse(error, "power", positive_text, schedule->power);
    schedule->power = power;
    return NN_OK;
}

/* t / steps, in whole numbers if a staircase is wanted. */
static double periods(const nn_schedule_def *schedule, uint64_t t)
{
    return schedule->staircase ? (double)(t / schedule->steps) : (double)t / (double)schedule->steps;
}

static double scheduled(const nn_schedule_def *schedule, double lr, uint64_t t)
{
    const double pi = 3.14159265358979323846;
    const double end = schedule->end;
    const uint64_t until = t < schedule->steps ? t : schedule->steps;
    switch (schedule->type) {
    case NN_CONSTANT:
        break;
    case NN_EXPONENTIAL_DECAY:
        return lr * pow(schedule->rate, periods(schedule, t));
    case NN_INVERSE_TIME_DECAY:
        return lr / (1.0 + schedule->rate * periods(schedule, t));
    case NN_POLYNOMIAL_DECAY:
        return (lr - end) * pow(1.0 - (double)until / (double)schedule->steps, schedule->power) + end;
    case NN_COSINE_DECAY:
        /* lr ((1 - alpha) c + alpha) with alpha = end / lr */
        return (lr - end) * (1.0 + cos(pi * (double)until / (double)schedule->steps)) / 2.0 + end;
    }
    return lr;
}

double nn_schedule_lr(const nn_schedule_def *schedule, double lr, uint64_t t)
{
    const nn_float_mode float_mode = nn_rounding_enter();
    const double result = scheduled(schedule, lr, t);
    nn_float_mode_leave(float_mode);
    return result;
}
