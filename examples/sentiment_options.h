/* The command line of imdb_sentiment. */
#ifndef KVIST_EXAMPLES_SENTIMENT_OPTIONS_H
#define KVIST_EXAMPLES_SENTIMENT_OPTIONS_H

#include "sentiment_model.h"
#include "support/options.h"

/* What was typed, and what stands where nothing was. */
typedef struct sentiment_options {
    options_common common;
    int kind; /* sentiment_kind */
    int preset, epochs, batch, words, length, reviews, patience;
    double lr, clip_norm, dropout;
    bool explain;
    const char *predict, *neighbours, *analogy;
} sentiment_options;

/* What the networks do not share. */
typedef struct sentiment_network {
    const char *name, *title; /* of --model; of the picture */
    int epochs, batch;
    double val_split;
} sentiment_network;
extern const sentiment_network sentiment_networks[]; /* of each sentiment_kind */

/* Fills set by the command line, which goes to `read`. @return what that returns: -1 to go on, or an exit code */
int sentiment_options_read(sentiment_options *set, int argc, char *const argv[], options_reader *read);

#endif
