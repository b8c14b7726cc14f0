#include "fitting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

const nn_loss_def mse = { .type = NN_MSE };
const nn_optim_def still = { .type = NN_SGD, .lr = 1e-30 };

nn_model *make_model(const nn_model_def *def)
{
    nn_error error;
    nn_model *model = nn_model_create(def, &error);
    if (!model) fail_msg("%s", error.text);
    return model;
}

nn_optim *make_optim(nn_model *model, const nn_optim_def *def)
{
    nn_error error;
    nn_optim *optim = nn_optim_create(model, def, &error);
    if (!optim) fail_msg("%s", error.text);
    return optim;
}

nn_model *make_zero_line(int max_batch)
{
    const nn_layer_def layers[] = { { NN_DENSE, .dense = { .units = 1, .no_bias = true, .kernel_init = NN_ZEROS } } };
    return make_model(&(nn_model_def){ .input = NN_SHAPE(1), .max_batch = max_batch, .threads = 1, NN_LAYERS(layers) });
}

void expect_fit(nn_status got, nn_status want, const nn_error *error)
{
    if (got != want) fail_msg("expected %s, got %s: %s", nn_status_string(want), nn_status_string(got), error->text);
}
