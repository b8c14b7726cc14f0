/* vectors.tsv and words.tsv: a row each for every word whatever it holds, and a pair that stays when the disk is full.
 * Row 39. */
#include "heard.h"
#include "sentiment_export.h"
#include "temp.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { LONG = 300, MANY = 10 };

/* Words as a saved model or a word index may name them. */
static const char text[] = "film\n\r\ne\033c\n\0z\n\302\205\n\377\n";
static const char words_text[] = "<pad>\n<start>\n<unknown>\nfilm\n?\ne?c\n?z\n??\n?\n";

typedef struct learnt {
    nn_model *model;
    data_vocabulary *vocabulary;
} learnt;

static learnt make(const char *words, size_t size, int rows, int dim)
{
    data_error why;
    nn_error error;
    const nn_layer_def layers[] = {
        { NN_EMBEDDING, .embedding = { .vocab = rows, .dim = dim }, .name = "embedding" },
        { .type = NN_FLATTEN },
        { NN_DENSE, .dense = { .units = 1 } },
    };
    const nn_model_def def = {
        .input = NN_SHAPE(3), .input_type = NN_I32, .max_batch = 1, .layers = layers, .layer_count = 3, .threads = 1
    };
    const learnt l = { nn_model_create(&def, &error), data_vocabulary_parse(words, size, &why) };
    assert_true(l.model && l.vocabulary);
    return l;
}

static void discard(learnt *l)
{
    nn_model_destroy(l->model);
    data_vocabulary_destroy(l->vocabulary);
}

static void assert_file(const char *name, const char *expected)
{
    size_t size;
    char *now = (char *)temp_read(temp_path(&temp_here, name), &size);
    now[size] = '\0';
    assert_string_equal(now, expected);
    free(now);
}

static int rows_of(const char *name)
{
    size_t size;
    int rows = 0;
    unsigned char *now = temp_read(temp_path(&temp_here, name), &size);
    for (size_t i = 0; i < size; i++) rows += now[i] == '\n';
    free(now);
    return rows;
}

static void every_word_has_one_row(void **state)
{
    (void)state;
    learnt l = make(text, sizeof text - 1, 100, 2);
    sentiment_export(l.model, l.vocabulary, temp_here.path);
    assert_file("words.tsv", words_text);
    assert_int_equal(rows_of("vectors.tsv"), 9);
    discard(&l);

    l = make(text, sizeof text - 1, 6, 2); /* words that the model does not know */
    sentiment_export(l.model, l.vocabulary, temp_here.path);
    assert_file("words.tsv", "<pad>\n<start>\n<unknown>\nfilm\n?\n");
    assert_int_equal(rows_of("vectors.tsv"), 5);
    assert_int_equal(temp_entries(&temp_here), 2);
    discard(&l);
}

static const char old_vectors[] = "1\t2\n", old_words[] = "old\n";

static void put_old_pair(void)
{
    temp_write(&temp_here, "vectors.tsv", old_vectors, sizeof old_vectors - 1);
    temp_write(&temp_here, "words.tsv", old_words, sizeof old_words - 1);
}

/* A limit on the size of files is a disk that fills up: by the larger of both, here the words or the vectors. */
static void full_disk_leaves_the_old_pair(void **state)
{
    (void)state;
    static const char *const names[] = { "words.tsv", "vectors.tsv" };
    char words[MANY * (LONG + 1)], expected[64];
    memset(words, 'x', sizeof words);
    for (int i = 0; i < MANY; i++) {
        words[i * (LONG + 1)] = (char)('a' + i);
        words[(i + 1) * (LONG + 1) - 1] = '\n';
    }
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    for (int i = 0; i < 2; i++) {
        learnt l = i == 0 ? make(words, sizeof words, 100, 1) : make(text, sizeof text - 1, 100, 64);
        put_old_pair();
        hear_stderr();
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 1000, limit.rlim_max }), 0);
        sentiment_export(l.model, l.vocabulary, temp_here.path);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        snprintf(expected, sizeof expected, "/%s: %s\n", names[i], strerror(EFBIG));
        assert_heard(expected);
        assert_file("vectors.tsv", old_vectors);
        assert_file("words.tsv", old_words);
        assert_int_equal(temp_entries(&temp_here), 2);
        discard(&l);
    }
    signal(SIGXFSZ, before);
}

/* Of a pair that cannot be whole nothing is replaced. */
static void what_is_no_file_stays(void **state)
{
    (void)state;
    static const char *const names[] = { "vectors.tsv", "words.tsv" };
    static const char *const old[] = { old_vectors, old_words };
    learnt l = make(text, sizeof text - 1, 100, 2);
    for (int i = 0; i < 2; i++) {
        char expected[96];
        put_old_pair();
        const char *path = temp_path(&temp_here, names[i]);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(symlink("/dev/full", path), 0);
        hear_stderr();
        sentiment_export(l.model, l.vocabulary, temp_here.path);
        snprintf(expected, sizeof expected, "/%s: expected a regular file or none, got something else\n", names[i]);
        assert_heard(expected);
        assert_file(names[1 - i], old[1 - i]);
        assert_int_equal(temp_entries(&temp_here), 2);
        assert_int_equal(unlink(path), 0);
    }
    discard(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_word_has_one_row),
                                        cmocka_unit_test(full_disk_leaves_the_old_pair),
                                        cmocka_unit_test(what_is_no_file_stays) };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
