/* Someone else's program: touches each library, so that everything they need must be found by the linker. */
#include <kvist/data.h>
#include <kvist/env.h>
#include <kvist/nn.h>
#include <math.h>
#include <stdio.h>

static int check(int ok, const char *what)
{
    if (!ok) fprintf(stderr, "consumer: %s failed\n", what);
    return ok;
}

static int train(void)
{
    const nn_layer_def layers[] = {
        { NN_DENSE, .dense = { .units = 8, .activation = NN_TANH } },
        { NN_DENSE, .dense = { .units = 1, .activation = NN_SIGMOID } },
    };
    const nn_model_def def = { .input = NN_SHAPE(2), .max_batch = 4, .seed = 1, NN_LAYERS(layers) };
    float inputs[] = { 0, 0, 0, 1, 1, 0, 1, 1 }, targets[] = { 0, 1, 1, 0 };
    const nn_tensor x = nn_view_f32(inputs, NN_SHAPE(4, 2)), y = nn_view_f32(targets, NN_SHAPE(4, 1));
    const nn_fit_def fit = { .x = &x, .y = &y, .loss = { .type = NN_BCE }, .epochs = 300, .batch = 4 };
    nn_error error = { NN_OK, 0, "" };
    nn_model *model = nn_model_create(&def, &error);
    nn_optim *optim = model ? nn_optim_create(model, &(nn_optim_def){ .lr = 0.1 }, &error) : NULL;
    double loss = NAN;
    int ok = optim && nn_fit(model, optim, &fit, &error) == NN_OK &&
             nn_evaluate(model, &fit.loss, NN_METRIC_NONE, &x, &y, &loss, NULL, &error) == NN_OK && loss < 0.1 &&
             nn_model_save(model, "consumer.safetensors", &error) == NN_OK;
    nn_optim_destroy(optim);
    nn_model_destroy(model);
    if (!ok) fprintf(stderr, "consumer: loss %g %s\n", loss, error.text);
    return ok;
}

static int balance(void)
{
    env_cartpole env;
    float obs[ENV_CARTPOLE_OBS];
    env_step result;
    if (env_cartpole_init(&env, ENV_CARTPOLE_V1_STEPS, 123) != ENV_OK) return 0;
    env_cartpole_reset(&env, obs);
    return env_cartpole_step(&env, 1, obs, &result) == ENV_OK && result.reward == 1.0f;
}

static int load(void)
{
    data_mnist mnist;
    data_error error;
    if (data_mnist_load(NULL, NULL, &mnist, &error) != DATA_OK) return 0;
    const int ok = mnist.train.count > 0;
    data_mnist_free(&mnist);
    return ok;
}

int main(void)
{
    return check(train(), "nn") && check(balance(), "env") && check(load(), "data") ? 0 : 1;
}
