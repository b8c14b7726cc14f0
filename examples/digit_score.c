#include "digit_score.h"

#include "support/run.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE };

void digit_tally_add(digit_tally *tally, const nn_tensor *probabilities)
{
    const nn_float *p = probabilities->f32;
    for (int i = 0; i < probabilities->shape.dim[0]; i++, p += DIGIT_CLASSES) {
        int top = 0;
        for (int k = 0; k < DIGIT_CLASSES; k++) {
            tally->sum[k] += (double)p[k];
            if (p[k] > 0) tally->negative_entropy += (double)p[k] * log((double)p[k]);
            if (p[k] > p[top]) top = k;
        }
        tally->hits[top]++;
        tally->top += (double)p[top];
        tally->count++;
    }
}

digit_score digit_tally_score(const digit_tally *tally)
{
    digit_score score = { .smallest = 1 };
    const double n = tally->count;
    /* E KL(p(y|x) || p(y)) = E sum p(y|x) log p(y|x) - sum p(y) log p(y) */
    double divergence = tally->negative_entropy / n;
    for (int k = 0; k < DIGIT_CLASSES; k++) {
        const double mean = tally->sum[k] / n;
        if (mean > 0) divergence -= mean * log(mean);
        score.share[k] = tally->hits[k] / n;
        score.smallest = fmin(score.smallest, score.share[k]);
    }
    score.score = exp(divergence);
    score.confidence = tally->top / n;
    return score;
}

static nn_status no_memory(nn_error *error, int count)
{
    *error = (nn_error){ .status = NN_ERR_MEMORY };
    snprintf(error->text, sizeof error->text, "%d images for the classifier: out of memory", count);
    return NN_ERR_MEMORY;
}

static nn_status failed(nn_error *error, const char *name, const nn_model *model)
{
    *error = (nn_error){ .status = NN_ERR_DATA };
    snprintf(error->text, sizeof error->text, "%s: %.200s", name, nn_model_error(model));
    return NN_ERR_DATA;
}

static nn_status stopped(nn_error *error)
{
    *error = (nn_error){ .status = NN_STOPPED, .text = "score: interrupted" };
    return NN_STOPPED;
}

static int at_most(int count, int limit)
{
    return count < limit ? count : limit;
}

nn_status digit_score_images(nn_model *classifier, const data_images *images, digit_score *score, double *accuracy,
                             nn_error *error)
{
    nn_tensor x = { 0 };
    digit_tally tally = { 0 };
    int64_t correct = 0;
    if (nn_tensor_alloc(&x, NN_F32, NN_SHAPE(DIGIT_BATCH, SIDE, SIDE, 1)) != NN_OK)
        return no_memory(error, DIGIT_BATCH);
    nn_status status = NN_OK;
    for (int done = 0, size; done < images->count && status == NN_OK; done += size) {
        size = at_most(images->count - done, DIGIT_BATCH);
        data_scale_signed(images->pixels + (size_t)done * PIXELS, (size_t)size * PIXELS, x.f32);
        const nn_tensor batch = nn_view_f32(x.f32, NN_SHAPE(size, SIDE, SIDE, 1));
        int32_t labels[DIGIT_BATCH];
        for (int i = 0; i < size; i++) labels[i] = images->labels[done + i];
        const nn_tensor target = nn_view_i32(labels, NN_SHAPE(size));
        const nn_tensor *p = nn_forward(classifier, &batch, NN_EVAL);
        if (!p) {
            status = failed(error, "classifier", classifier);
            break;
        }
        digit_tally_add(&tally, p);
        int64_t right = 0, counted = 0;
        status = nn_metric_count(NN_CATEGORICAL_ACCURACY, p, &target, &right, &counted, error);
        correct += right;
        if (run_interrupted()) status = stopped(error);
    }
    nn_tensor_free(&x);
    *score = digit_tally_score(&tally);
    *accuracy = (double)correct / images->count;
    return status;
}

nn_status digit_score_generator(nn_model *classifier, nn_model *generator, int count, nn_rng rng, digit_score *score,
                                nn_error *error)
{
    const int most = at_most(DIGIT_BATCH, nn_model_max_batch(generator));
    const int features = nn_model_input_shape(generator).dim[0];
    nn_tensor noise = { 0 };
    digit_tally tally = { 0 };
    if (nn_tensor_alloc(&noise, NN_F32, NN_SHAPE(most, features)) != NN_OK) return no_memory(error, most);
    nn_status status = NN_OK;
    for (int done = 0, size; done < count && status == NN_OK; done += size) {
        size = at_most(count - done, most);
        nn_tensor z = nn_view_f32(noise.f32, NN_SHAPE(size, features));
        nn_fill_normal(&z, 0, 1, &rng);
        const nn_tensor *images = nn_forward(generator, &z, NN_EVAL);
        const nn_tensor *p = images ? nn_forward(classifier, images, NN_EVAL) : NULL;
        if (p)
            digit_tally_add(&tally, p);
        else
            status = images ? failed(error, "classifier", classifier) : failed(error, "generator", generator);
        if (run_interrupted()) status = stopped(error);
    }
    nn_tensor_free(&noise);
    *score = digit_tally_score(&tally);
    return status;
}
