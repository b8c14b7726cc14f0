/* What a sentiment model gets right and wrong. */
#ifndef KVIST_EXAMPLES_SENTIMENT_REPORT_H
#define KVIST_EXAMPLES_SENTIMENT_REPORT_H

#include <kvist/data.h>
#include <kvist/nn.h>

#include <stdbool.h>

/*
 * Prints a confusion table of the reviews with precision and recall, and the ten worst mistakes: the probability of
 * positive, the label, and how the review begins as the model reads it ("?" is a word without an index).
 *
 * @param vocabulary the words of the reviews' indices
 * @return false after telling a failure
 */
bool sentiment_explain(nn_model *model, const data_vocabulary *vocabulary, const data_reviews *reviews);

#endif
