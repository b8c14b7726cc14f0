#include "sentiment_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const nn_layer_type recurrent_type[] = {
    [SENTIMENT_RNN] = NN_SIMPLE_RNN, [SENTIMENT_LSTM] = NN_LSTM, [SENTIMENT_GRU] = NN_GRU
};

nn_model *sentiment_create(const sentiment_def *def, nn_error *error)
{
    const nn_layer_def dense[] = {
        { NN_MULTI_HOT, .multi_hot = { .vocab = def->words } },
        { NN_DENSE, .dense = { .units = 16, .activation = NN_RELU } },
        { NN_DENSE, .dense = { .units = 16, .activation = NN_RELU } },
        { NN_DENSE, .dense = { .units = 1, .activation = NN_SIGMOID } },
    };
    const nn_layer_def recurrent[] = {
        { NN_EMBEDDING, .embedding = { .vocab = def->words, .dim = SENTIMENT_DIM }, .name = "embedding" },
        { NN_DROPOUT, .dropout = { .rate = def->dropout } },
        { recurrent_type[def->kind], .rnn = { .units = SENTIMENT_DIM } },
        { NN_DROPOUT, .dropout = { .rate = def->dropout } },
        { NN_DENSE, .dense = { .units = 1, .activation = NN_SIGMOID } },
    };
    const nn_layer_def plain[] = { recurrent[0], recurrent[2], recurrent[4] }; /* the report's: no dropout */
    nn_model_def model = {
        .max_batch = def->max_batch, .input_type = NN_I32, .threads = def->threads, .seed = def->seed
    };
    if (def->kind == SENTIMENT_DENSE) {
        model.input = NN_SHAPE(NN_RAGGED);
        model.layers = dense;
        model.layer_count = 4;
    } else {
        model.input = NN_SHAPE(def->length);
        model.layers = def->dropout > 0.0 ? recurrent : plain;
        model.layer_count = def->dropout > 0.0 ? 5 : 3;
    }
    return nn_model_create(&model, error);
}

nn_status sentiment_save(nn_model *model, const data_vocabulary *vocabulary, const data_encoding *encoding,
                         const char *path, nn_error *error)
{
    data_encoding kept = *encoding;
    const int words = kept.words - DATA_INDEX_FROM; /* the others have no index in this model */
    const size_t size = data_vocabulary_write(vocabulary, words, NULL, 0);
    char *text = malloc(size + 1);
    nn_archive *archive = nn_archive_create(error);
    nn_status status = NN_ERR_MEMORY;
    if (text && archive) {
        data_vocabulary_write(vocabulary, words, text, size);
        nn_archive_add_model(archive, "model", model);
        nn_archive_add_bytes(archive, "vocabulary", text, size);
        nn_archive_add_bytes(archive, "encoding", &kept, sizeof kept);
        status = nn_archive_save(archive, path, error);
    }
    nn_archive_destroy(archive);
    free(text);
    return status;
}

static nn_status refuse(nn_error *error, const char *path, const char *what, const char *why)
{
    error->status = NN_ERR_FORMAT;
    snprintf(error->text, sizeof error->text, "%.150s: %s: %.60s", path, what, why);
    return error->status;
}

static nn_status read_encoding(sentiment_reader *reader, const char *path, nn_error *error)
{
    void *bytes = NULL;
    size_t size = 0;
    const nn_status status = nn_archive_read_bytes(path, "encoding", &bytes, &size, error);
    if (status != NN_OK) return status;
    const bool fits = size == sizeof reader->encoding;
    if (fits) memcpy(&reader->encoding, bytes, size);
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

nn_status sentiment_open(sentiment_reader *reader, const char *path, int threads, nn_error *error)
{
    *reader = (sentiment_reader){ 0 };
    nn_status status = read_encoding(reader, path, error);
    if (status == NN_OK) status = read_vocabulary(reader, path, error);
    if (status != NN_OK) return status;
    const nn_model_def how = { .max_batch = 1, .threads = threads };
    reader->model = nn_model_load(path, "model", &how, error);
    return reader->model ? NN_OK : error->status;
}

void sentiment_close(sentiment_reader *reader)
{
    nn_model_destroy(reader->model);
    data_vocabulary_destroy(reader->vocabulary);
    *reader = (sentiment_reader){ 0 };
}

double sentiment_predict(const sentiment_reader *reader, const char *text, size_t size, nn_error *error)
{
    const bool lists = nn_model_input_shape(reader->model).dim[0] == NN_RAGGED;
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
