/* W3 to W5: steps of imdb_sentiment's networks, RMSprop. */
#include "reviews.h"
#include "sentiment_model.h"
#include "workload.h"

#include <stdlib.h>

typedef struct reader {
    nn_model *model;
    nn_optim *optim;
    reviews reviews;
    int at; /* the next batch */
} reader;

enum { WORDS_KNOWN, RNN_FULL, LSTM_FULL, LSTM_REVIEWS };
enum { LIST_BATCH = 512, ROW_BATCH = 128 };

static const struct {
    sentiment_kind kind;
    reviews_def reviews;
    bool real, generated; /* what may be taken, real ones first */
} cases[] = {
    [WORDS_KNOWN] = { SENTIMENT_DENSE, { .batches = 8, .batch = LIST_BATCH, .lists = true }, true, true },
    [RNN_FULL] = { SENTIMENT_RNN, { .batches = 1, .batch = ROW_BATCH, .full = true }, false, true },
    [LSTM_FULL] = { SENTIMENT_LSTM, { .batches = 1, .batch = ROW_BATCH, .full = true }, false, true },
    [LSTM_REVIEWS] = { SENTIMENT_LSTM, { .batches = 16, .batch = ROW_BATCH }, true, false },
};

static void *make(const workload *self, int threads)
{
    const reviews_def *wanted = &cases[self->variant].reviews;
    nn_error error;
    reviews found = { 0 };
    if (!cases[self->variant].real || !reviews_real(&found, wanted)) {
        if (!cases[self->variant].generated) return skip(self, "the reviews are not there (scripts/get-data)");
        reviews_generate(&found, wanted);
    }
    reader *r = calloc(1, sizeof *r);
    if (!r) fail(self->name, "out of memory");
    r->reviews = found;
    const sentiment_def def = { .kind = cases[self->variant].kind,
                                .words = REVIEW_WORDS,
                                .length = REVIEW_LENGTH,
                                .max_batch = wanted->batch,
                                .threads = threads,
                                .seed = 1 };
    if (!(r->model = sentiment_create(&def, &error)) ||
        !(r->optim = nn_optim_create(r->model, &(nn_optim_def){ .type = NN_RMSPROP }, &error)))
        fail(self->name, error.text);
    return r;
}

static void step(void *state)
{
    static const nn_loss_def bce = { .type = NN_BCE };
    reader *r = state;
    nn_float loss = 0;
    const nn_tensor x = reviews_inputs(&r->reviews, r->at), y = reviews_labels(&r->reviews, r->at);
    if (!nn_forward(r->model, &x, NN_TRAIN) || nn_backprop(r->model, &bce, &y, NN_GRAD_PARAMS, &loss) != NN_OK)
        fail("sentiment", nn_model_error(r->model));
    nn_optim_step(r->optim);
    r->at = (r->at + 1) % r->reviews.batches;
}

static void destroy(void *state)
{
    reader *r = state;
    nn_optim_destroy(r->optim);
    nn_model_destroy(r->model);
    reviews_free(&r->reviews);
    free(r);
}

static void describe(const void *state)
{
    reviews_describe(&((const reader *)state)->reviews);
}

/* Multiply-adds count two; a backward pass costs two forward passes. */
#define RECURRENT_FLOPS(gates) (3.0 * 2.0 * ROW_BATCH * REVIEW_LENGTH * (2.0 * SENTIMENT_DIM) * ((gates)*SENTIMENT_DIM))
/* A row of 16 floats for each different word of a review: read forward, read and written backward; the optimiser reads
 * and writes weights, gradients and mean squares. */
enum { DIFFERENT_WORDS = 132, FIRST_UNITS = 16 };
#define LIST_BYTES (4.0 * FIRST_UNITS * (3.0 * LIST_BATCH * DIFFERENT_WORDS + 6.0 * REVIEW_WORDS))

const workload sentiment_workloads[] = {
    { "W3", "dense_multi_hot", make, step, destroy, .variant = WORDS_KNOWN, .bytes = LIST_BYTES, .level = TRAFFIC_L2,
      .describe = describe },
    { "W4", "rnn_train", make, step, destroy, RECURRENT_FLOPS(1), .variant = RNN_FULL, .describe = describe },
    { "W5", "lstm_train", make, step, destroy, RECURRENT_FLOPS(4), .variant = LSTM_FULL, .describe = describe },
    { "W5r", "lstm_train_reviews", make, step, destroy, RECURRENT_FLOPS(4), .variant = LSTM_REVIEWS,
      .describe = describe },
    { 0 },
};
