#include "sentiment_words.h"
#include "support/run.h"
#include "support/terminal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NEIGHBOURS = 10, ANALOGY = 3 /* words of one */ };

/* The embedding's table (words, dim); false, told, for a model that has none. */
static bool find_embedding(nn_model *model, nn_tensor *table)
{
    if (nn_model_weight(model, "embedding/embeddings", table, NULL) == NN_OK) return true;
    run_error("this model has no embedding");
    return false;
}

/* --- near words ----------------------------------------------------------------------------------------------------
 */

/* The indices, below `rows`, of exactly `count` words; false, told, otherwise. */
static bool find_words(const sentiment_reader *reader, int rows, const char *text, int32_t *indices, int count)
{
    enum { MOST = 1 + ANALOGY };
    int32_t found[MOST]; /* DATA_START, then the words */
    char shown[100];
    const size_t words = data_encode(reader->vocabulary, &reader->encoding, text, strlen(text), found, MOST);
    terminal_text(shown, sizeof shown, text, strlen(text));
    if (words != (size_t)count + 1) {
        run_error("--%s: expected %d word%s, got '%s'", count > 1 ? "analogy" : "neighbours", count,
                  count > 1 ? "s" : "", shown);
        return false;
    }
    for (int i = 0; i < count; i++) {
        indices[i] = found[i + 1];
        if (indices[i] != DATA_UNKNOWN && indices[i] < rows) continue;
        run_error("word %d of '%s': not among the words of this model", i + 1, shown);
        return false;
    }
    return true;
}

static double dot(const nn_float *a, const nn_float *b, int dim)
{
    double sum = 0.0;
    for (int k = 0; k < dim; k++) sum += (double)a[k] * (double)b[k];
    return sum;
}

/* cos(a, b) = a.b / (|a| |b|) */
static double cosine(const nn_float *a, const nn_float *b, int dim)
{
    const double squares = dot(a, a, dim) * dot(b, b, dim);
    return squares > 0.0 ? dot(a, b, dim) / sqrt(squares) : 0.0;
}

static bool contains(const int32_t *indices, int count, int32_t index)
{
    for (int i = 0; i < count; i++)
        if (indices[i] == index) return true;
    return false;
}

/* The words nearest to `vector`, without those of `given`. */
static void print_nearest(const sentiment_reader *reader, const nn_tensor *table, const nn_float *vector,
                          const int32_t *given, int given_count)
{
    int32_t best[NEIGHBOURS];
    double nearness[NEIGHBOURS];
    const int dim = table->shape.dim[1];
    int count = 0;
    for (int32_t i = DATA_INDEX_FROM + 1; i < table->shape.dim[0]; i++) {
        if (!data_vocabulary_word(reader->vocabulary, i, NULL)) break;
        if (contains(given, given_count, i)) continue;
        const double near = cosine(vector, table->f32 + (size_t)i * (size_t)dim, dim);
        if (count == NEIGHBOURS && near <= nearness[NEIGHBOURS - 1]) continue;
        int at = count < NEIGHBOURS ? count++ : NEIGHBOURS - 1;
        for (; at > 0 && nearness[at - 1] < near; at--) {
            nearness[at] = nearness[at - 1];
            best[at] = best[at - 1];
        }
        nearness[at] = near;
        best[at] = i;
    }
    for (int i = 0; i < count; i++) {
        char shown[100];
        size_t size = 0;
        const char *word = data_vocabulary_word(reader->vocabulary, best[i], &size);
        terminal_text(shown, sizeof shown, word, size);
        printf("%6.3f  %s\n", nearness[i], shown);
    }
}

/* The words near to the sum of sign[i] w_i / |w_i| over the words of a text. */
static bool near_to_sum(const sentiment_reader *reader, const char *text, const double *sign, int count)
{
    nn_tensor table;
    int32_t given[ANALOGY];
    if (!find_embedding(reader->model, &table)) return false;
    if (!find_words(reader, table.shape.dim[0], text, given, count)) return false;
    const int dim = table.shape.dim[1];
    nn_float *sum = calloc((size_t)dim, sizeof *sum);
    if (!sum) {
        run_error("no memory for a vector");
        return false;
    }
    for (int i = 0; i < count; i++) {
        const nn_float *row = table.f32 + (size_t)given[i] * (size_t)dim;
        const double length = sqrt(dot(row, row, dim));
        for (int k = 0; k < dim && length > 0.0; k++) sum[k] += (nn_float)(sign[i] * (double)row[k] / length);
    }
    print_nearest(reader, &table, sum, given, count);
    free(sum);
    return true;
}

bool sentiment_neighbours(const sentiment_reader *reader, const char *word)
{
    return near_to_sum(reader, word, (const double[]){ 1.0 }, 1);
}

bool sentiment_analogy(const sentiment_reader *reader, const char *words)
{
    return near_to_sum(reader, words, (const double[ANALOGY]){ 1.0, -1.0, 1.0 }, ANALOGY);
}
