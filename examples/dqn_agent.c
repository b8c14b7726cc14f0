#include "dqn_agent.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { OBS = ENV_CARTPOLE_OBS, ACTIONS = ENV_CARTPOLE_ACTIONS, EXPLORE_STREAM = 1, SAMPLE_STREAM = 2 };

typedef struct batch {
    float obs[DQN_MOST_BATCH][OBS], next[DQN_MOST_BATCH][OBS], reward[DQN_MOST_BATCH];
    float weight[DQN_MOST_BATCH], error[DQN_MOST_BATCH]; /* of the loss; Q - target */
    int32_t action[DQN_MOST_BATCH], index[DQN_MOST_BATCH];
    uint8_t terminated[DQN_MOST_BATCH];
} batch;

/* Replay by priority, the paper's numbers: alpha, and beta from here to 1 over so many updates. */
static const double priority_alpha = 0.6, priority_beta = 0.4, priority_steps = 60000.0;

/* 4-units-units-2, ReLU: Q-values of both actions. */
static nn_model *create_network(const dqn_def *def, nn_error *error)
{
    const nn_layer_def plain[] = {
        { NN_DENSE, .dense = { .units = def->units, .activation = NN_RELU } },
        { NN_DENSE, .dense = { .units = def->units, .activation = NN_RELU } },
        { NN_DENSE, .dense = { .units = ACTIONS } },
    };
    const nn_layer_def dueling[] = {
        plain[0],
        plain[1],
        { NN_DENSE, .dense = { .units = 1 }, .from = { 2 }, .name = "value" },
        { NN_DENSE, .dense = { .units = ACTIONS }, .from = { 2 }, .name = "advantage" },
        { NN_DUELING, .from = { 3, 4 } },
    };
    nn_model_def model = { .input = NN_SHAPE(OBS), .max_batch = def->batch, .seed = def->seed, .threads = 1 };
    model.layers = def->dueling ? dueling : plain;
    model.layer_count = def->dueling ? 5 : 3;
    return nn_model_create(&model, error);
}

static nn_optim *create_optim(const dqn_def *def, nn_model *model, nn_error *error)
{
    nn_optim_def optim = { .type = NN_ADAM, .lr = def->lr };
    if (def->lr_steps > 0)
        optim.schedule =
            (nn_schedule_def){ NN_POLYNOMIAL_DECAY, .steps = (uint64_t)def->lr_steps, .end = 0.01 * def->lr };
    return nn_optim_create(model, &optim, error);
}

bool dqn_create(dqn_agent *agent, const dqn_def *def, nn_error *error)
{
    *agent = (dqn_agent){ .def = *def, .epsilon = def->epsilon };
    agent->explore = data_rng_make(def->seed, EXPLORE_STREAM);
    agent->sample = data_rng_make(def->seed, SAMPLE_STREAM);
    if (!(agent->online = create_network(def, error))) return false;
    if (!(agent->target = create_network(def, error))) return false;
    if (!(agent->optim = create_optim(def, agent->online, error))) return false;
    data_error why = { 0 };
    agent->memory = data_replay_create(&(data_replay_def){ .capacity = def->memory,
                                                           .observation = OBS,
                                                           .actions = ACTIONS,
                                                           .priority_exponent = def->prioritised ? priority_alpha : 0 },
                                       &why);
    if (!agent->memory) {
        error->status = NN_ERR_MEMORY;
        memcpy(error->text, why.text, sizeof error->text);
    }
    return agent->memory != NULL;
}

void dqn_add_state(dqn_agent *agent, nn_archive *archive)
{
    nn_archive_add_model(archive, "model", agent->online);
    nn_archive_add_model(archive, "target", agent->target);
    nn_archive_add_optim(archive, "optim", agent->optim);
    nn_archive_add_bytes(archive, "explore", &agent->explore, sizeof agent->explore);
    nn_archive_add_bytes(archive, "sample", &agent->sample, sizeof agent->sample);
    nn_archive_add_f64(archive, "epsilon", &agent->epsilon);
}

void dqn_destroy(dqn_agent *agent)
{
    nn_optim_destroy(agent->optim);
    nn_model_destroy(agent->online);
    nn_model_destroy(agent->target);
    data_replay_destroy(agent->memory);
}

static bool fail(dqn_agent *agent, const char *why)
{
    snprintf(agent->error, sizeof agent->error, "%s", why);
    return false;
}

int dqn_greedy(nn_model *model, const float *obs)
{
    float copy[OBS];
    memcpy(copy, obs, sizeof copy);
    const nn_tensor x = nn_view_f32(copy, NN_SHAPE(1, OBS)), *q = nn_forward(model, &x, NN_EVAL);
    return q ? q->f32[1] > q->f32[0] : -1;
}

int dqn_act(dqn_agent *agent, const float *obs)
{
    if (data_rng_uniform(&agent->explore) < agent->epsilon) return (int)data_rng_below(&agent->explore, ACTIONS);
    const int action = dqn_greedy(agent->online, obs);
    if (action < 0) (void)fail(agent, nn_model_error(agent->online));
    return action;
}

/*
 * Double Q: r + gamma Q_target(s', argmax Q_online(s', .)); single: r + gamma max Q_target(s', .). Nothing after a
 * terminal state; a truncated episode would have gone on.
 */
static bool targets(dqn_agent *agent, batch *b, int count, float *target)
{
    nn_tensor next = nn_view_f32(b->next[0], NN_SHAPE(count, OBS));
    int best[DQN_MOST_BATCH];
    nn_model *chooser = agent->def.double_q ? agent->online : agent->target;
    const nn_tensor *q = nn_forward(chooser, &next, NN_EVAL);
    if (!q) return fail(agent, nn_model_error(chooser));
    for (int i = 0; i < count; i++) best[i] = q->f32[ACTIONS * i + 1] > q->f32[ACTIONS * i];
    if (agent->def.double_q && !(q = nn_forward(agent->target, &next, NN_EVAL)))
        return fail(agent, nn_model_error(agent->target));
    for (int i = 0; i < count; i++) {
        const float after = b->terminated[i] ? 0.0f : (float)agent->def.gamma * q->f32[ACTIONS * i + best[i]];
        target[i] = b->reward[i] + after;
    }
    return true;
}

/* The first weight that is not finite; NULL if all are. */
static const char *first_not_finite(nn_model *model, const char **layer)
{
    for (int i = 0; i < nn_model_weight_count(model); i++) {
        const nn_weight_info info = nn_model_weight_info(model, i);
        const nn_float *values = nn_model_read_params(model, NULL) + info.offset;
        const size_t count = info.trainable ? nn_shape_count(info.shape) : 0;
        *layer = info.layer;
        for (size_t k = 0; k < count; k++)
            if (!isfinite(values[k])) return info.name;
    }
    return NULL;
}

static bool refuse_error(dqn_agent *agent, float error)
{
    const char *layer = "";
    const char *weight = first_not_finite(agent->online, &layer);
    if (!weight) weight = first_not_finite(agent->target, &layer);
    const int length =
        snprintf(agent->error, sizeof agent->error, "update %llu: Q - target: expected a finite number, got %g; ",
                 (unsigned long long)nn_optim_steps(agent->optim) + 1, (double)error);
    char *rest = agent->error + length;
    if (weight)
        snprintf(rest, sizeof agent->error - (size_t)length, "first not finite: %s of layer %s", weight, layer);
    else
        snprintf(rest, sizeof agent->error - (size_t)length, "every weight is finite");
    return false;
}

/* One step of Adam on half the squared error of the actions taken: Keras' mean over both outputs, of which one has
 * none. */
static bool update(dqn_agent *agent, batch *b, int first, int count, const float *target)
{
    float dq[DQN_MOST_BATCH][ACTIONS] = { { 0 } };
    const nn_tensor x = nn_view_f32(b->obs[first], NN_SHAPE(count, OBS)),
                    dy = nn_view_f32(dq[0], NN_SHAPE(count, ACTIONS));
    const nn_tensor *q = nn_forward(agent->online, &x, NN_TRAIN);
    if (!q) return fail(agent, nn_model_error(agent->online));
    for (int i = 0; i < count; i++) {
        const int a = b->action[first + i];
        b->error[first + i] = q->f32[ACTIONS * i + a] - target[i];
        if (!isfinite(b->error[first + i])) return refuse_error(agent, b->error[first + i]);
        dq[i][a] = b->weight[first + i] * b->error[first + i] / (float)count;
    }
    if (!nn_backward(agent->online, &dy, NN_GRAD_PARAMS)) return fail(agent, nn_model_error(agent->online));
    nn_optim_step(agent->optim);
    const nn_status status = nn_model_blend_weights(agent->target, agent->online, agent->def.tau);
    return status == NN_OK || fail(agent, nn_status_string(status));
}

/* The original fits one transition after another, each against the network that the one before left. */
static bool replay_classic(dqn_agent *agent, batch *b, int count)
{
    for (int i = 0; i < count; i++) {
        batch one = { .reward = { b->reward[i] }, .terminated = { b->terminated[i] } };
        float target = 0.0f;
        memcpy(one.next[0], b->next[i], sizeof one.next[0]);
        if (!targets(agent, &one, 1, &target) || !update(agent, b, i, 1, &target)) return false;
    }
    return true;
}

static bool sample(dqn_agent *agent, batch *b, int count)
{
    const double done = (double)nn_optim_steps(agent->optim) / priority_steps;
    const data_transitions out = { .observation = b->obs[0],
                                   .action = b->action,
                                   .reward = b->reward,
                                   .next = b->next[0],
                                   .terminated = b->terminated,
                                   .index = b->index,
                                   .weight = b->weight,
                                   .weight_exponent =
                                       priority_beta + (1.0 - priority_beta) * (done < 1.0 ? done : 1.0) };
    data_error why;
    return data_replay_sample(agent->memory, count, &agent->sample, &out, &why) == DATA_OK || fail(agent, why.text);
}

bool dqn_learn(dqn_agent *agent, const float *obs, int action, const env_step *result, const float *next)
{
    static batch b;
    float target[DQN_MOST_BATCH];
    const int count = agent->def.batch;
    /* The original punishes the step limit as a fall, and takes it for one. */
    const bool end = result->terminated || (agent->def.classic && result->truncated);
    data_replay_push(agent->memory, &(data_transition){ .observation = obs,
                                                        .action = action,
                                                        .reward = end ? (float)agent->def.fall_reward : result->reward,
                                                        .next = next,
                                                        .terminated = end,
                                                        .truncated = result->truncated });
    if (agent->def.classic && end) return true;
    if (data_replay_count(agent->memory) < count) return true;
    if (!sample(agent, &b, count)) return false;
    const bool ok = agent->def.classic ? replay_classic(agent, &b, count)
                                       : targets(agent, &b, count, target) && update(agent, &b, 0, count, target);
    if (!ok) return false;
    data_error why;
    if (data_replay_set_priorities(agent->memory, b.index, count, b.error, &why) != DATA_OK)
        return fail(agent, why.text);
    agent->epsilon *= agent->def.epsilon_decay;
    if (agent->epsilon < agent->def.epsilon_least) agent->epsilon = agent->def.epsilon_least;
    return true;
}
