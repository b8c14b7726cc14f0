/* The inside of an optimiser, for checkpoints, and learning-rate schedules. */
#ifndef NN_SRC_OPTIM_H
#define NN_SRC_OPTIM_H

#include "kernels/optim.h"
#include <kvist/nn.h>

enum { NN_MAX_SLOTS = 2 };

/* A run of weights that one task updates; `group` is what its gradient's norm is taken over. */
typedef struct nn_optim_part {
    size_t first, count;
    int group;
} nn_optim_part;

struct nn_optim {
    nn_model *model;
    nn_optim_def def; /* with the defaults filled in: a zero is a zero */
    uint64_t steps;   /* done */
    nn_update_kernel *update;
    int slot_count;
    nn_float *slots[NN_MAX_SLOTS]; /* (params) each */
    nn_optim_part *parts;
    int part_count;
    double *squares; /* (parts) sums of squared gradients */
    int group_count; /* weight tensors with clip_norm, else 1 */
    double *norms;   /* (groups) */
    size_t size;     /* bytes of all this */
};

/* Checks a schedule and fills in its defaults. */
nn_status nn_schedule_resolve(nn_schedule_def *schedule, nn_error *error);
/* The learning rate of the step after `t` steps; `lr` is the initial one. */
double nn_schedule_lr(const nn_schedule_def *schedule, double lr, uint64_t t);

#endif
