#include "sentiment_model.h"
#include "fingerprint.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LAYERS = 8, FILTERS = 32 };

/* A table of layers being written; positions count from 1, as in nn_layer_def.from. */
typedef struct table {
    nn_layer_def layer[MOST_LAYERS];
    int count;
} table;

/* @return the layer's position */
static int add(table *t, nn_layer_def layer)
{
    t->layer[t->count++] = layer;
    return t->count;
}

/* Without dropout there is no such layer: the report's networks have none. */
static void add_dropout(table *t, double rate)
{
    if (rate > 0.0) add(t, (nn_layer_def){ NN_DROPOUT, .dropout = { .rate = rate } });
}

static void add_dense(table *t, int units, nn_activation activation)
{
    add(t, (nn_layer_def){ NN_DENSE, .dense = { .units = units, .activation = activation } });
}

static void add_recurrent(table *t, nn_layer_type type)
{
    add(t, (nn_layer_def){ type, .rnn = { .units = SENTIMENT_DIM } });
}

/* Two LSTMs over the same words, one from the last to the first, side by side: Keras' Bidirectional. */
static void add_bidirectional(table *t)
{
    const int words = t->count;
    const int forward = add(t, (nn_layer_def){ NN_LSTM, .rnn = { .units = SENTIMENT_DIM }, .name = "forward" });
    const int backward = add(t, (nn_layer_def){ NN_LSTM, .rnn = { .units = SENTIMENT_DIM, .go_backwards = true },
                                                .name = "backward", .from = { words } });
    add(t, (nn_layer_def){ NN_CONCAT, .from = { forward, backward } });
}

static void add_stacked(table *t)
{
    add(t, (nn_layer_def){ NN_LSTM, .rnn = { .units = SENTIMENT_DIM, .return_sequences = true } });
    add_recurrent(t, NN_LSTM);
}

/* Filters over SENTIMENT_WINDOW words in a row, each at its strongest: Conv1D and GlobalMaxPooling1D on an image one
 * wide. */
static void add_convolution(table *t, int length)
{
    add(t, (nn_layer_def){ NN_RESHAPE, .reshape = { NN_SHAPE(length, 1, SENTIMENT_DIM) } });
    add(t, (nn_layer_def){ NN_CONV2D,
                           .conv = { .filters = FILTERS, .kernel = { SENTIMENT_WINDOW, 1 }, .activation = NN_RELU } });
    add(t, (nn_layer_def){ .type = NN_GLOBAL_MAX_POOL2D });
}

/* What makes one vector of a review's words. */
static void add_reading(table *t, const sentiment_def *def)
{
    switch (def->kind) {
    case SENTIMENT_DENSE:
        break;
    case SENTIMENT_EMBEDDING:
        add(t, (nn_layer_def){ .type = NN_FLATTEN });
        break;
    case SENTIMENT_CONV:
        add_convolution(t, def->length);
        break;
    case SENTIMENT_RNN:
        add_recurrent(t, NN_SIMPLE_RNN);
        break;
    case SENTIMENT_LSTM:
        add_recurrent(t, NN_LSTM);
        break;
    case SENTIMENT_GRU:
        add_recurrent(t, NN_GRU);
        break;
    case SENTIMENT_BILSTM:
        add_bidirectional(t);
        break;
    case SENTIMENT_LSTM2:
        add_stacked(t);
        break;
    }
}

nn_model *sentiment_create(const sentiment_def *def, nn_error *error)
{
    table t = { .count = 0 };
    const bool dense = def->kind == SENTIMENT_DENSE;
    if (dense) {
        add(&t, (nn_layer_def){ NN_MULTI_HOT, .multi_hot = { .vocab = def->words } });
        add_dense(&t, 16, NN_RELU);
        add_dense(&t, 16, NN_RELU);
    } else {
        add(&t, (nn_layer_def){ NN_EMBEDDING, .embedding = { .vocab = def->words, .dim = SENTIMENT_DIM },
                                .name = "embedding" });
        add_dropout(&t, def->dropout);
        add_reading(&t, def);
        add_dropout(&t, def->dropout);
    }
    add_dense(&t, 1, NN_SIGMOID);
    return nn_model_create(&(nn_model_def){ .input = dense ? NN_SHAPE(NN_RAGGED) : NN_SHAPE(def->length),
                                            .input_type = NN_I32,
                                            .max_batch = def->max_batch,
                                            .layers = t.layer,
                                            .layer_count = t.count,
                                            .threads = def->threads,
                                            .seed = def->seed },
                           error);
}

nn_tensor sentiment_inputs(const data_reviews *reviews)
{
    if (reviews->indices) return nn_view_ragged(reviews->indices, reviews->offsets, reviews->count);
    return nn_view_i32(reviews->tokens, NN_SHAPE(reviews->count, reviews->length));
}

nn_tensor sentiment_labels(const data_reviews *reviews)
{
    return nn_view_f32(reviews->labels, NN_SHAPE(reviews->count, 1));
}

uint64_t sentiment_fingerprint(const data_reviews *reviews)
{
    uint64_t sum = FINGERPRINT_OF_NOTHING;
    const bool lists = reviews->indices != NULL;
    for (int i = 0; i < reviews->count; i++) {
        const int64_t length = lists ? reviews->offsets[i + 1] - reviews->offsets[i] : reviews->length;
        const int32_t *words = lists ? reviews->indices + reviews->offsets[i] : reviews->tokens + i * length;
        for (int64_t k = 0; k < length; k++) sum = fingerprint_add(sum, (uint32_t)words[k]);
        sum = fingerprint_add(sum, reviews->labels[i] > 0.5f);
    }
    return sum;
}

nn_status sentiment_save(nn_archive *file, nn_model *model, const data_vocabulary *vocabulary,
                         const data_encoding *encoding, const char *path, nn_error *error)
{
    data_encoding kept = *encoding;
    const int words = kept.words - DATA_INDEX_FROM; /* the others have no index in this model */
    const size_t size = data_vocabulary_write(vocabulary, words, NULL, 0);
    char *text = malloc(size + 1);
    if (!text) {
        *error = (nn_error){ .status = NN_ERR_MEMORY };
        snprintf(error->text, sizeof error->text, "out of memory for a vocabulary of %zu bytes", size);
        return NN_ERR_MEMORY;
    }
    data_vocabulary_write(vocabulary, words, text, size);
    nn_archive_add_model(file, "model", model);
    nn_archive_add_bytes(file, "vocabulary", text, size);
    nn_archive_add_bytes(file, "encoding", &kept, sizeof kept);
    const nn_status status = nn_archive_save(file, path, error);
    free(text);
    return status;
}

static nn_status refuse(nn_error *error, const char *path, const char *what, const char *why)
{
    error->status = NN_ERR_FORMAT;
    snprintf(error->text, sizeof error->text, "%.150s: %s: %.60s", path, what, why);
    return error->status;
}

/* What data_encode() takes as it is: no default, which is longer than what stands here, and in the bytes no bool that
 * is neither 0 nor 1, which may not even be read as one. */
static bool take_encoding(const unsigned char *bytes, data_encoding *e)
{
    if (bytes[offsetof(data_encoding, pad_post)] > 1 || bytes[offsetof(data_encoding, truncate_post)] > 1) return false;
    memcpy(e, bytes, sizeof *e);
    return e->words > DATA_INDEX_FROM && e->skip_top >= 0 && e->length >= 1 && e->length <= SENTIMENT_LONGEST;
}

static nn_status read_encoding(sentiment_reader *reader, const char *path, nn_error *error)
{
    void *bytes = NULL;
    size_t size = 0;
    const nn_status status = nn_archive_read_bytes(path, "encoding", &bytes, &size, error);
    if (status == NN_ERR_MISMATCH)
        return refuse(error, path, "expected what imdb_sentiment --save wrote", "got another file");
    if (status != NN_OK) return status;
    const bool fits = size == sizeof reader->encoding && take_encoding(bytes, &reader->encoding);
    nn_bytes_free(bytes);
    return fits ? NN_OK : refuse(error, path, "encoding", "not of this program");
}

static nn_status read_vocabulary(sentiment_reader *reader, const char *path, nn_error *error)
{
    void *bytes = NULL;
    size_t size = 0;
    data_error why;
    const nn_status status = nn_archive_read_bytes(path, "vocabulary", &bytes, &size, error);
    if (status != NN_OK) return status;
    reader->vocabulary = data_vocabulary_parse(bytes, size, &why);
    nn_bytes_free(bytes);
    return reader->vocabulary ? NN_OK : refuse(error, path, "vocabulary", why.text);
}

nn_status sentiment_open(sentiment_reader *reader, const char *path, int max_batch, int threads, nn_error *error)
{
    *reader = (sentiment_reader){ 0 };
    nn_status status = read_encoding(reader, path, error);
    if (status == NN_OK) status = read_vocabulary(reader, path, error);
    if (status != NN_OK) return status;
    const nn_model_def how = { .max_batch = max_batch, .threads = threads };
    reader->model = nn_model_load(path, "model", &how, error);
    return reader->model ? NN_OK : error->status;
}

void sentiment_close(sentiment_reader *reader)
{
    nn_model_destroy(reader->model);
    data_vocabulary_destroy(reader->vocabulary);
    *reader = (sentiment_reader){ 0 };
}

bool sentiment_reads_lists(const sentiment_reader *reader)
{
    return nn_model_input_shape(reader->model).dim[0] == NN_RAGGED;
}

void sentiment_translate(const sentiment_reader *reader, const data_vocabulary *from, data_reviews *reviews)
{
    const bool lists = reviews->indices != NULL;
    int32_t *indices = lists ? reviews->indices : reviews->tokens;
    const size_t count =
        lists ? (size_t)reviews->offsets[reviews->count] : (size_t)reviews->count * (size_t)reviews->length;
    for (size_t i = 0; i < count; i++) {
        if (indices[i] < DATA_INDEX_FROM) continue;
        size_t size = 0;
        const char *word = data_vocabulary_word(from, indices[i], &size);
        const int32_t own = word ? data_vocabulary_index(reader->vocabulary, word, size) : DATA_UNKNOWN;
        indices[i] = own < reader->encoding.words ? own : DATA_UNKNOWN;
    }
}

double sentiment_predict(const sentiment_reader *reader, const char *text, size_t size, nn_error *error)
{
    const bool lists = sentiment_reads_lists(reader);
    const size_t whole = data_encode(reader->vocabulary, &reader->encoding, text, size, NULL, 0);
    const size_t room = lists ? whole : (size_t)reader->encoding.length;
    int32_t *indices = malloc((room + 1) * sizeof *indices);
    double probability = -1.0;
    *error = (nn_error){ 0 };
    if (!indices) {
        refuse(error, "predict", "memory", "none left");
        return probability;
    }
    const int64_t offsets[2] = { 0, (int64_t)whole };
    nn_tensor x = nn_view_ragged(indices, offsets, 1);
    if (lists) {
        data_encode(reader->vocabulary, &reader->encoding, text, size, indices, whole);
    } else {
        x = nn_view_i32(indices, NN_SHAPE(1, reader->encoding.length));
        if (data_imdb_encode(reader->vocabulary, &reader->encoding, text, size, indices) != DATA_OK)
            refuse(error, "predict", "encoding", "out of range");
    }
    const nn_tensor *y = error->status == NN_OK ? nn_forward(reader->model, &x, NN_EVAL) : NULL;
    if (y)
        probability = (double)y->f32[0];
    else if (error->status == NN_OK)
        refuse(error, "predict", "forward", nn_model_error(reader->model));
    free(indices);
    return probability;
}
