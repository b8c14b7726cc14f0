#include "sentiment_words.h"
#include "support/run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NEIGHBOURS = 10 };

/* The embedding's table (words, dim); false, told, for a model that has none. */
static bool find_embedding(nn_model *model, nn_tensor *table)
{
    if (nn_model_weight(model, "embedding/embeddings", table, NULL) == NN_OK) return true;
    run_error("this model has no embedding");
    return false;
}

static FILE *create(const char *folder, const char *name)
{
    char path[RUN_PATH];
    FILE *file = run_join(path, folder, name) ? fopen(path, "w") : NULL;
    if (!file) run_error("%s/%s: cannot be written", folder, name);
    return file;
}

bool sentiment_export(nn_model *model, const data_vocabulary *vocabulary, const char *folder)
{
    nn_tensor table;
    if (!find_embedding(model, &table)) return false;
    const int dim = table.shape.dim[1];
    FILE *vectors = create(folder, "vectors.tsv"), *words = vectors ? create(folder, "words.tsv") : NULL;
    for (int i = 0; words && i < table.shape.dim[0]; i++) {
        const char *word = data_vocabulary_word(vocabulary, i, NULL);
        if (!word) break; /* fewer words than rows */
        for (int k = 0; k < dim; k++) fprintf(vectors, k ? "\t%.6g" : "%.6g", (double)table.f32[i * dim + k]);
        fputc('\n', vectors);
        fprintf(words, "%s\n", word);
    }
    bool ok = words && !ferror(words) && !ferror(vectors);
    if (words) ok = fclose(words) == 0 && ok;
    if (vectors) ok = fclose(vectors) == 0 && ok;
    if (!ok) run_error("%s: the embedding could not be written", folder);
    return ok;
}

static double cosine(const nn_float *a, const nn_float *b, int dim)
{
    double dot = 0.0, aa = 0.0, bb = 0.0;
    for (int k = 0; k < dim; k++) {
        dot += (double)a[k] * (double)b[k];
        aa += (double)a[k] * (double)a[k];
        bb += (double)b[k] * (double)b[k];
    }
    return aa > 0.0 && bb > 0.0 ? dot / sqrt(aa * bb) : 0.0;
}

bool sentiment_neighbours(nn_model *model, const data_vocabulary *vocabulary, const char *word)
{
    nn_tensor table;
    int best[NEIGHBOURS];
    double nearness[NEIGHBOURS];
    int count = 0;
    if (!find_embedding(model, &table)) return false;
    const int32_t index = data_vocabulary_index(vocabulary, word, strlen(word));
    if (index == DATA_UNKNOWN || index >= table.shape.dim[0]) {
        run_error("%s: not among the words of this model", word);
        return false;
    }
    const int dim = table.shape.dim[1];
    for (int i = DATA_INDEX_FROM; i < table.shape.dim[0] && data_vocabulary_word(vocabulary, i, NULL); i++) {
        const double near =
            i == index ? -2.0
                       : cosine(table.f32 + (size_t)index * (size_t)dim, table.f32 + (size_t)i * (size_t)dim, dim);
        if (count == NEIGHBOURS && near <= nearness[NEIGHBOURS - 1]) continue;
        int at = count < NEIGHBOURS ? count++ : NEIGHBOURS - 1;
        for (; at > 0 && nearness[at - 1] < near; at--) {
            nearness[at] = nearness[at - 1];
            best[at] = best[at - 1];
        }
        nearness[at] = near;
        best[at] = i;
    }
    for (int i = 0; i < count; i++) printf("%.3f  %s\n", nearness[i], data_vocabulary_word(vocabulary, best[i], NULL));
    return true;
}
