// The same from C++17, which has no designated initialisers: fields are set by name.
#include <kvist/data.h>
#include <kvist/env.h>
#include <kvist/nn.h>

#include <cstdio>
#include <vector>

static bool forward()
{
    nn_layer_def layers[2] = {};
    layers[0].type = NN_DENSE;
    layers[0].dense.units = 8;
    layers[0].dense.activation = NN_RELU;
    layers[1].type = NN_DENSE;
    layers[1].dense.units = 3;
    layers[1].dense.activation = NN_SOFTMAX;
    nn_model_def def = {};
    def.input = nn_shape_of(1, 4, 0, 0, 0);
    def.max_batch = 2;
    def.layers = layers;
    def.layer_count = 2;
    nn_error error = {};
    nn_model *model = nn_model_create(&def, &error);
    if (!model) return std::fprintf(stderr, "consumer: %s\n", error.text), false;
    std::vector<float> values(8, 0.5f);
    const nn_tensor x = nn_view_f32(values.data(), nn_shape_of(2, 2, 4, 0, 0));
    const nn_tensor *y = nn_forward(model, &x, NN_EVAL);
    const float sum = y ? y->f32[0] + y->f32[1] + y->f32[2] : 0.0f;
    nn_model_destroy(model);
    return sum > 0.999f && sum < 1.001f;
}

int main()
{
    env_cartpole env;
    float obs[ENV_CARTPOLE_OBS];
    if (env_cartpole_init(&env, ENV_CARTPOLE_V1_STEPS, 123) != ENV_OK) return 1;
    env_cartpole_reset(&env, obs);
    data_rng rng = data_rng_make(1, 2);
    return forward() && data_rng_below(&rng, 10) < 10 ? 0 : 1;
}
