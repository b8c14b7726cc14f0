/* What tests of the training loop train. */
#ifndef KVIST_TESTS_FITTING_H
#define KVIST_TESTS_FITTING_H

#include <kvist/nn.h>

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

extern const nn_loss_def mse;
/* A step that changes nothing that float can show. */
extern const nn_optim_def still;

/* Never NULL. */
nn_model *make_model(const nn_model_def *def);
nn_optim *make_optim(nn_model *model, const nn_optim_def *def);
/* y = w x without bias, w = 0: the squared error of a sample is its target's square. */
nn_model *make_zero_line(int max_batch);
void expect_fit(nn_status got, nn_status want, const nn_error *error);

#endif
