/* The parts of the test `goldens`: what runs one case, by kind, and what builds a model from its options. */
#ifndef KVIST_TESTS_GOLDENS_H
#define KVIST_TESTS_GOLDENS_H

#include "case.h"

/* One of the ways the library is run on every case. */
typedef struct golden_run {
    const char *name;
    nn_isa isa;
    int threads;
    int spare; /* max_batch beyond the batch of the case */
    bool biased_moving_variance;
} golden_run;

/*
 * The layers of a case stand in a list: "" is a single layer without prefixes, "l" the layers l0_, l1_, ...; the
 * model's layers get the names "layer", or "l0", "l1", ...
 */

/* A model with the options of a list of `count` layers, for batches like x, with the weights of the case. */
nn_model *golden_model(golden_case *c, const golden_run *run, const char *list, int count, const nn_tensor *x);
/* The gradients against d_<weight>. */
void golden_compare_grads(golden_case *c, const char *list, nn_model *model);
/*
 * Weights and state against <weight><suffix>, where there is such a tensor; the moving variance of images, unless this
 * run takes the biased one, against <weight><fused_suffix>.
 */
void golden_compare_weights(golden_case *c, const golden_run *run, const char *list, nn_model *model,
                            const char *suffix, const char *fused_suffix);
/* The output or a gradient by an input: shape and values. `got` may be NULL: then the model says why. */
bool golden_compare_tensor(golden_case *c, nn_model *model, const char *what, const nn_tensor *got, const npy *want);
/* Whether a value of y is beyond the clipping of probabilities, where losses from logits and from probabilities differ.
 */
bool golden_is_clipped(const nn_tensor *y);

/* The loss and the optimiser that the options name; false after golden_error(). */
bool golden_loss_def(golden_case *c, nn_loss_def *def);
bool golden_optim_def(golden_case *c, nn_optim_def *def);
/* The target's type is what the loss wants: indices for the sparse ones, else reals, converted into `reals`. */
nn_tensor golden_target(const nn_loss_def *def, const npy *array, int skip, size_t first, nn_float *reals);

/* Kinds of cases. */
void golden_layers(golden_case *c, const golden_run *run); /* layer, stack */
void golden_loss(golden_case *c, const golden_run *run);
void golden_optimizer(golden_case *c, const golden_run *run);
void golden_training(golden_case *c, const golden_run *run);
void golden_gan_training(golden_case *c, const golden_run *run);

#endif
