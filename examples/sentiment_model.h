/* The networks of imdb_sentiment, and the file that holds one with its vocabulary and encoding. */
#ifndef KVIST_EXAMPLES_SENTIMENT_MODEL_H
#define KVIST_EXAMPLES_SENTIMENT_MODEL_H

#include <kvist/data.h>
#include <kvist/nn.h>

/* The words of --model. */
#define SENTIMENT_KINDS "dense|rnn|lstm|gru"
typedef enum sentiment_kind { SENTIMENT_DENSE, SENTIMENT_RNN, SENTIMENT_LSTM, SENTIMENT_GRU } sentiment_kind;

enum { SENTIMENT_DIM = 32 /* of the embedding, and units of the recurrent layer */ };

typedef struct sentiment_def {
    sentiment_kind kind;
    int words, length, max_batch, threads;
    double dropout; /* behind the embedding and the recurrent layer; 0: none */
    uint64_t seed;
} sentiment_def;

/* Probability that a review is positive. Dense takes whole reviews as index lists, the others padded rows of `length`.
 */
nn_model *sentiment_create(const sentiment_def *def, nn_error *error);

/* Saves the model with what it needs to read a text. */
nn_status sentiment_save(nn_model *model, const data_vocabulary *vocabulary, const data_encoding *encoding,
                         const char *path, nn_error *error);

/* A loaded model that reads texts. */
typedef struct sentiment_reader {
    nn_model *model;
    data_vocabulary *vocabulary;
    data_encoding encoding;
} sentiment_reader;

/* Loads what sentiment_save() wrote; to be given to sentiment_close() even after a failure. */
nn_status sentiment_open(sentiment_reader *reader, const char *path, int threads, nn_error *error);
void sentiment_close(sentiment_reader *reader);
/* The probability that a text is positive; negative with *error filled on failure. */
double sentiment_predict(const sentiment_reader *reader, const char *text, size_t size, nn_error *error);

#endif
