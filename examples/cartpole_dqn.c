/* A network learns to balance a pole on a cart (DQN), as the lab report's cartpole.py does; and plays what it learnt.
 */
#include "checkpoint.h"
#include "dqn_options.h"
#include "dqn_training.h"
#include "pole_player.h"
#include "support/own_files.h"
#include "support/run.h"

#include <kvist/env.h>
#include <kvist/nn.h>

#include <stdbool.h>
#include <stdlib.h>

/* All that the program writes in --out. */
static const char *const own_files[] = { "checkpoint.safetensors", "scores.csv", "scores.png", "play.gif", NULL };

/* --solved's words: v0's bar and v1's. */
static const double bars[] = { 195.0, 475.0 };

/* --- playing ------------------------------------------------------------------------------------------------------ */

static int act(void *model, const float *obs)
{
    return dqn_greedy(model, obs);
}

static const char *why(void *model)
{
    return nn_model_error(model);
}

static int play_greedily(const dqn_options *set, nn_model *model)
{
    return pole_play(&(pole_policy){ act, why, model }, set->play, set->render, set->common.out, set->common.seed);
}

/* --- learning ----------------------------------------------------------------------------------------------------- */

static int train(const dqn_options *set, int argc, char *argv[])
{
    const options_common *common = &set->common;
    nn_archive *file = NULL;
    dqn_training t;
    int code = dqn_training_begin(&t, &(dqn_training_def){ .agent = set->dqn,
                                                           .episodes = set->episodes,
                                                           .bar = bars[set->solved],
                                                           .out = common->out,
                                                           .tensorboard = common->tensorboard,
                                                           .resume = common->resume,
                                                           .quiet = common->quiet });
    if (code == RUN_DONE && common->save) code = checkpoint_open(&file, common->save);
    if (code == RUN_DONE && file) nn_archive_add_model(file, "model", t.agent.online);
    if (code == RUN_DONE) code = dqn_training_run(&t);
    if (code == RUN_INTERRUPTED) code = common->out ? run_say_resume(argc, argv) : run_say_lost();
    if (code == RUN_DONE && common->out) dqn_training_draw(&t);
    if (code == RUN_DONE && file) code = checkpoint_save(file, common->save);
    if (code == RUN_DONE && set->play > 0) code = play_greedily(set, t.agent.online);
    if (code == RUN_DONE)
        run_result("solved_at=%d episodes=%d mean100=%.1f seconds=%.1f", t.solved_at, t.count, dqn_training_mean(&t),
                   t.seconds);
    nn_archive_destroy(file);
    dqn_training_end(&t);
    return code;
}

static int play(const dqn_options *set)
{
    nn_error error = { 0 };
    nn_model *model = nn_model_load(set->common.load, "model", NULL, &error);
    if (!model) return run_error("%s", error.text);
    const nn_shape in = nn_model_input_shape(model), out = nn_model_output_shape(model);
    int code = RUN_FAILED;
    if (in.rank == 1 && in.dim[0] == ENV_CARTPOLE_OBS && out.rank == 1 && out.dim[0] == ENV_CARTPOLE_ACTIONS)
        code = play_greedily(set, model);
    else
        run_error("%s: expected a network from 4 observations to 2 Q-values", set->common.load);
    nn_model_destroy(model);
    return code;
}

int main(int argc, char *argv[])
{
    dqn_options set;
    run_start("cartpole_dqn");
    int code = dqn_options_read(&set, argc, argv, options_read);
    if (code >= 0) return run_finish(code);
    code = pole_check_display(set.render);
    if (code != RUN_DONE) return run_finish(code);
    code = own_files_prepare(&set.common, own_files);
    if (code != RUN_DONE) return run_finish(code);
    run_catch_signals();
    return run_finish(set.common.load ? play(&set) : train(&set, argc, argv));
}
