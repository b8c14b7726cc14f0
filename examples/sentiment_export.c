#include "sentiment_export.h"

#include "support/run.h"
#include "support/terminal.h"
#include "support/whole_file.h"

enum { WORD = 256 /* bytes of one, its NUL included */ };

static void write_row(const nn_float *vector, int dim, FILE *file)
{
    for (int k = 0; k < dim; k++) fprintf(file, k ? "\t%.6g" : "%.6g", (double)vector[k]);
    fputc('\n', file);
}

void sentiment_write_rows(const nn_tensor *table, const data_vocabulary *vocabulary, FILE *vectors, FILE *words)
{
    const int dim = table->shape.dim[1];
    for (int i = 0; i < table->shape.dim[0]; i++) {
        char shown[WORD];
        size_t size = 0;
        const char *word = data_vocabulary_word(vocabulary, i, &size);
        if (!word) continue; /* DATA_INDEX_FROM itself, and rows beyond the vocabulary */
        write_row(table->f32 + (size_t)i * (size_t)dim, dim, vectors);
        terminal_text(shown, sizeof shown, word, size);
        fprintf(words, "%s\n", shown);
    }
}

static bool open_in(whole_file *file, const char *folder, const char *name)
{
    char path[RUN_PATH];
    run_join(path, folder, name); /* "", which is refused, where there is no room */
    return whole_open(file, path);
}

void sentiment_export(nn_model *model, const data_vocabulary *vocabulary, const char *folder)
{
    nn_tensor table;
    whole_file vectors, words;
    if (nn_model_weight(model, "embedding/embeddings", &table, NULL) != NN_OK) return;
    bool done = open_in(&vectors, folder, "vectors.tsv");
    done = open_in(&words, folder, "words.tsv") && done;
    if (done) sentiment_write_rows(&table, vocabulary, vectors.stream, words.stream);
    done = whole_close(&vectors) && done;
    done = whole_close(&words) && done;
    done = done && whole_place(&vectors) && whole_place(&words);
    whole_discard(&vectors);
    whole_discard(&words);
    const whole_file *failed = vectors.why ? &vectors : &words;
    if (!done) run_warn(stderr, "%s: %s", failed->path, failed->why);
}
