/* The networks of imdb_sentiment, and the file that holds one with its vocabulary and encoding. */
#ifndef KVIST_EXAMPLES_SENTIMENT_MODEL_H
#define KVIST_EXAMPLES_SENTIMENT_MODEL_H

#include <kvist/data.h>
#include <kvist/nn.h>

#include <stdbool.h>

/* The words of --model. */
#define SENTIMENT_KINDS "dense|embedding|conv|rnn|gru|lstm|lstm2|bilstm"
typedef enum sentiment_kind {
    SENTIMENT_DENSE,     /* which words occur, as a multi-hot vector */
    SENTIMENT_EMBEDDING, /* a weight for each word at each place */
    SENTIMENT_CONV,      /* the strongest groups of words */
    SENTIMENT_RNN,       /* SimpleRNN */
    SENTIMENT_GRU,
    SENTIMENT_LSTM,
    SENTIMENT_LSTM2, /* one LSTM over the states of another */
    SENTIMENT_BILSTM /* one LSTM in each direction */
} sentiment_kind;

enum {
    SENTIMENT_DIM = 32,        /* of the embedding, and units of a recurrent layer */
    SENTIMENT_LONGEST = 32768, /* row of words, as of libdata */
    SENTIMENT_WINDOW = 5       /* words that a filter of the convolution sees: its reviews are no shorter */
};

typedef struct sentiment_def {
    sentiment_kind kind;
    int words, length, max_batch, threads;
    double dropout; /* behind the embedding and what reads it; dense has none */
    uint64_t seed;
} sentiment_def;

/* Probability that a review is positive. Dense takes whole reviews as index lists, the others padded rows of `length`.
 */
nn_model *sentiment_create(const sentiment_def *def, nn_error *error);

/* The reviews as such a model takes them, and what it is to say; both borrowed. */
nn_tensor sentiment_inputs(const data_reviews *reviews); /* index lists, if there are any; else (count, length) */
nn_tensor sentiment_labels(const data_reviews *reviews); /* (count, 1) */

/* A sum over the reviews as the model sees them, in their order. */
uint64_t sentiment_fingerprint(const data_reviews *reviews);

/* Saves the model with what it needs to read a text. `file` is empty, claims the path and is not used afterwards. */
nn_status sentiment_save(nn_archive *file, nn_model *model, const data_vocabulary *vocabulary,
                         const data_encoding *encoding, const char *path, nn_error *error);

/* A loaded model that reads texts. */
typedef struct sentiment_reader {
    nn_model *model;
    data_vocabulary *vocabulary;
    data_encoding encoding;
} sentiment_reader;

/* Loads what sentiment_save() wrote; to be given to sentiment_close() even after a failure. */
nn_status sentiment_open(sentiment_reader *reader, const char *path, int max_batch, int threads, nn_error *error);
void sentiment_close(sentiment_reader *reader);
/* Gives reviews that were read with all words of another vocabulary the reader's own indices. */
void sentiment_translate(const sentiment_reader *reader, const data_vocabulary *from, data_reviews *reviews);
/* Whether the reader's model takes whole reviews as index lists. */
bool sentiment_reads_lists(const sentiment_reader *reader);
/* The probability that a text is positive; negative with *error filled on failure. */
double sentiment_predict(const sentiment_reader *reader, const char *text, size_t size, nn_error *error);

#endif
