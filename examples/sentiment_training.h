/* Training of a sentiment model: epochs with validation, early stopping, history.csv and checkpoints to go on from. */
#ifndef KVIST_EXAMPLES_SENTIMENT_TRAINING_H
#define KVIST_EXAMPLES_SENTIMENT_TRAINING_H

#include <kvist/data.h>
#include <kvist/nn.h>

#include <stdbool.h>
#include <stdint.h>

enum { SENTIMENT_SETTINGS = 512 /* the longest, its NUL included */ };

/* What is to be done; everything is borrowed. */
typedef struct sentiment_training {
    const data_reviews *reviews;
    int epochs, batch;
    int patience; /* epochs without better validation accuracy to stop after; 0: none */
    double lr, clip_norm, val_split;
    uint64_t seed;
    const char *settings;    /* what the numbers depend on, as options; kept in checkpoints */
    const char *out;         /* NULL, or the folder for history.csv and checkpoint.safetensors */
    const char *tensorboard; /* NULL, or the folder for event files */
    bool resume, quiet;
} sentiment_training;

/* What came of it, epochs before a resume included. */
typedef struct sentiment_trained {
    int epochs, best_epoch;
    double best; /* validation accuracy */
} sentiment_trained;

/* Trains and leaves the best epoch's weights in the model. Failures are told. @return an exit code */
int sentiment_train(nn_model *model, const sentiment_training *training, sentiment_trained *trained);

/* Draws folder/history.png from folder/history.csv: loss and accuracy, training against validation; tells a failure. */
void sentiment_draw_history(const char *folder, const char *network);

#endif
