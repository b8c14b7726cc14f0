#include "sentiment_report.h"
#include "sentiment_model.h"
#include "support/run.h"
#include "support/terminal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MISTAKES = 10, BEGINNING = 100 /* bytes of a review that are shown */ };

/* --- the table -----------------------------------------------------------------------------------------------------
 */

/* "0.8714", or "-" of nothing. */
static const char *share(char text[16], int part, int whole)
{
    snprintf(text, 16, whole > 0 ? "%.4f" : "-", (double)part / (whole > 0 ? whole : 1));
    return text;
}

static void print_table(const float *probability, const float *label, int count)
{
    int n[2][2] = { { 0 } }; /* [true][predicted] */
    char a[16], b[16];
    for (int i = 0; i < count; i++) n[label[i] > 0.5F][probability[i] > 0.5F]++;
    printf("\n%-14s%20s%20s%10s\n", "", "predicted negative", "predicted positive", "recall");
    printf("%-14s%20d%20d%10s\n", "true negative", n[0][0], n[0][1], share(a, n[0][0], n[0][0] + n[0][1]));
    printf("%-14s%20d%20d%10s\n", "true positive", n[1][0], n[1][1], share(a, n[1][1], n[1][0] + n[1][1]));
    printf("%-14s%20s%20s\n", "precision", share(a, n[0][0], n[0][0] + n[1][0]), share(b, n[1][1], n[0][1] + n[1][1]));
}

/* --- the mistakes --------------------------------------------------------------------------------------------------
 */

typedef struct mistake {
    double error; /* |probability - label| */
    int review;
} mistake;

/* The largest error first; of equal ones the earlier review. */
static int compare(const void *left, const void *right)
{
    const mistake *a = left, *b = right;
    if (a->error != b->error) return a->error < b->error ? 1 : -1;
    return (a->review > b->review) - (a->review < b->review);
}

/* The indices of a review, padding included. */
static const int32_t *review_of(const data_reviews *reviews, int i, int *length)
{
    if (!reviews->indices) {
        *length = reviews->length;
        return reviews->tokens + (size_t)i * (size_t)reviews->length;
    }
    *length = (int)(reviews->offsets[i + 1] - reviews->offsets[i]);
    return reviews->indices + reviews->offsets[i];
}

/* Writes the first words, as many as there is room for; "..." stands for those that were cut off before them. */
static void write_beginning(char *text, size_t room, const data_vocabulary *vocabulary, const data_reviews *reviews,
                            int i)
{
    int length = 0;
    size_t used = 0;
    const int32_t *index = review_of(reviews, i, &length);
    text[0] = '\0';
    if (length > 0 && index[0] > DATA_START) used = terminal_text(text, room, "...", 3);
    for (int k = 0; k < length && used + 2 < room; k++) {
        if (index[k] == DATA_PAD || index[k] == DATA_START) continue;
        size_t size = 1;
        const char *word = index[k] == DATA_UNKNOWN ? "?" : data_vocabulary_word(vocabulary, index[k], &size);
        if (!word) continue;
        if (used > 0) text[used++] = ' ';
        used += terminal_text(text + used, room - used, word, size);
    }
}

static void print_mistakes(const mistake *mistakes, int count, const float *probability,
                           const data_vocabulary *vocabulary, const data_reviews *reviews)
{
    printf("\n%d of %d reviews misjudged%s\n", count, reviews->count,
           count > 0 ? "; the worst, by the probability of positive:" : "");
    for (int i = 0; i < count && i < MISTAKES; i++) {
        char text[BEGINNING + 1];
        const int review = mistakes[i].review;
        write_beginning(text, sizeof text, vocabulary, reviews, review);
        printf("%.4f  %s  %s\n", (double)probability[review], reviews->labels[review] > 0.5F ? "positive" : "negative",
               text);
    }
}

bool sentiment_explain(nn_model *model, const data_vocabulary *vocabulary, const data_reviews *reviews)
{
    nn_error error = { 0 };
    const int count = reviews->count;
    const nn_tensor x = sentiment_inputs(reviews);
    float *probability = calloc((size_t)count, sizeof *probability);
    mistake *mistakes = calloc((size_t)count, sizeof *mistakes);
    nn_tensor y = nn_view_f32(probability, NN_SHAPE(count, 1));
    int wrong = 0;
    bool ok = probability && mistakes;
    if (!ok) run_error("no memory for %d predictions", count);
    if (ok && nn_predict(model, &x, &y, &error) != NN_OK) {
        run_error("%s", error.text);
        ok = false;
    }
    for (int i = 0; ok && i < count; i++) {
        if ((probability[i] > 0.5F) == (reviews->labels[i] > 0.5F)) continue;
        mistakes[wrong++] = (mistake){ fabs((double)probability[i] - (double)reviews->labels[i]), i };
    }
    if (ok) {
        qsort(mistakes, (size_t)wrong, sizeof *mistakes, compare);
        print_table(probability, reviews->labels, count);
        print_mistakes(mistakes, wrong, probability, vocabulary, reviews);
    }
    free(mistakes);
    free(probability);
    return ok;
}
