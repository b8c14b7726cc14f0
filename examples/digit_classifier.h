/* The network that reads digits, by which drawn ones are scored: trained on the real ones, once for each set. */
#ifndef KVIST_DIGIT_CLASSIFIER_H
#define KVIST_DIGIT_CLASSIFIER_H

#include <kvist/data.h>
#include <kvist/nn.h>

#include <stdbool.h>

enum { DIGIT_CLASSES = 10, DIGIT_BATCH = 128 };

/** Where the classifier comes from. */
typedef struct digit_classifier_def {
    const data_images *train;
    int threads;
    const char *cache; /* NULL, or a file that keeps it for the next run on the same images */
    bool (*on_batch)(const nn_progress *progress, void *user); /* shown while it trains; NULL: not */
    void *user;
} digit_classifier_def;

/**
 * A convolutional network, read from the cache or trained with a fixed seed: (n, 28, 28, 1) in [-1, 1] -> ten
 * probabilities. To be given to nn_model_destroy(); NULL with *error filled on failure (NN_STOPPED by on_batch).
 */
NN_NODISCARD nn_model *digit_classifier_get(const digit_classifier_def *def, nn_error *error);

#endif
