/* How good drawn digits are, by a classifier that learnt the real ones: are all ten there, and can each be read? */
#ifndef KVIST_DIGIT_SCORE_H
#define KVIST_DIGIT_SCORE_H

#include "digit_classifier.h"

#include <kvist/data.h>
#include <kvist/nn.h>

/** What the classifier's probabilities p(y|x) of a set of images x come to. */
typedef struct digit_score {
    double share[DIGIT_CLASSES]; /* of the images whose likeliest class it is */
    double smallest;             /* of the shares */
    double score;                /* exp(E KL(p(y|x) || p(y))): 1 to 10 (Salimans et al. 2016, on our own classes) */
    double confidence;           /* mean of the largest probability */
} digit_score;

/** Sums over images, batch by batch. */
typedef struct digit_tally {
    double sum[DIGIT_CLASSES], hits[DIGIT_CLASSES];
    double negative_entropy, top;
    int count;
} digit_tally;

/** Adds probabilities (n, 10). */
void digit_tally_add(digit_tally *tally, const nn_tensor *probabilities);
/** The score of all that was added. */
digit_score digit_tally_score(const digit_tally *tally);

/** The score of real images and the classifier's accuracy on them; NN_STOPPED after a signal. */
NN_NODISCARD nn_status digit_score_images(nn_model *classifier, const data_images *images, digit_score *score,
                                          double *accuracy, nn_error *error);

/** The score of `count` images that the generator draws of noise from `rng`; NN_STOPPED after a signal. */
NN_NODISCARD nn_status digit_score_generator(nn_model *classifier, nn_model *generator, int count, nn_rng rng,
                                             digit_score *score, nn_error *error);

#endif
