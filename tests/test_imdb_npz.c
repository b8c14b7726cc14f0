/* imdb.npz as Keras ships it: numpy's own files of every protocol, Keras' order and indices, what its words may be, the
   word index beside it. Archives and arrays with faults are in test_npz.c. The first argument is the folder of what
   tests/make_npz.py wrote. */
#include "imdb_refused.h"
#include "npz_reviews.h"
#include "temp.h"

#include "numpy_random.h"
#include <kvist/data.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char *folder;

static const char *kept(const char *name)
{
    static char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* --- numpy's own files -------------------------------------------------------------------------------------------- */

static void test_numpy_permutations(void **state)
{
    (void)state;
    static data_mt19937 twister;
    static int32_t order[25000];
    unsigned long seed, last = 1;
    int count, shown, value, lines = 0;
    long long sum;
    bool begun = false;
    FILE *file = fopen(kept("permutations.txt"), "r");
    assert_non_null(file);
    for (; fscanf(file, "%lu %d %lld %d", &seed, &count, &sum, &shown) == 4; lines++) {
        if (!begun || seed != last) data_mt19937_seed(&twister, (uint32_t)seed);
        begun = true;
        last = seed;
        data_mt19937_shuffle(&twister, order, count);
        for (int i = 0; i < count; i++) sum -= (long long)(i + 1) * order[i];
        assert_true(sum == 0);
        for (int i = 0; i < shown; i++) {
            assert_int_equal(fscanf(file, "%d", &value), 1);
            assert_int_equal(order[shown < count && i >= 8 ? count - 16 + i : i], value);
        }
    }
    fclose(file);
    assert_int_equal(lines, 45);
}

static void check_part(FILE *file, const data_reviews *r)
{
    for (int i = 0; i < r->count; i++) {
        int label, count, index;
        assert_int_equal(fscanf(file, "%d %d", &label, &count), 2);
        assert_true(r->labels[i] == (float)label);
        assert_int_equal(r->offsets[i + 1] - r->offsets[i], count);
        for (int k = 0; k < count; k++) {
            assert_int_equal(fscanf(file, "%d", &index), 1);
            assert_int_equal(r->indices[r->offsets[i] + k], index);
        }
    }
}

static void check_keras(const char *archive, const char *expected, const data_imdb_def *def)
{
    data_imdb imdb = npz_load(kept(archive), def);
    FILE *file = fopen(kept(expected), "r");
    assert_non_null(file);
    assert_int_equal(imdb.train.count, 31);
    assert_int_equal(imdb.test.count, 20);
    check_part(file, &imdb.train);
    check_part(file, &imdb.test);
    char more;
    assert_int_equal(fscanf(file, " %c", &more), EOF);
    fclose(file);
    assert_int_equal(imdb.words, 88584);
    assert_null(imdb.vocabulary);
    assert_int_equal(imdb.cache, DATA_CACHE_NONE);
    assert_false(imdb.generated);
    data_imdb_free(&imdb);
}

static void test_keras_indices(void **state)
{
    (void)state;
    static const char *const archives[] = { "protocol2.npz", "protocol3.npz", "protocol4.npz",
                                            "protocol5.npz", "python2.npz",   "numpy2.npz" };
    for (size_t i = 0; i < sizeof archives / sizeof archives[0]; i++) {
        check_keras(archives[i], "keras_113.txt", NULL); // every default is that of Keras, with the usual 10,000 words
        check_keras(archives[i], "keras_113.txt", &(data_imdb_def){ .seed = 113, .cache = "unused" });
        check_keras(archives[i], "keras_7.txt",
                    &(data_imdb_def){ .seed = 7, .encoding = { .words = 100, .skip_top = 5 } });
    }
    assert_int_not_equal(access("unused", F_OK), 0);
}

static void test_rows_of_several_batches(void **state)
{
    (void)state;
    data_imdb imdb = npz_load(kept("rows.npz"), &(data_imdb_def){ .no_shuffle = true, .encoding = { .length = 3 } });
    assert_int_equal(imdb.train.count, 2001);
    for (int i = 0; i < 2001; i++) {
        const int32_t *list = imdb.train.indices + imdb.train.offsets[i];
        assert_int_equal(imdb.train.offsets[i + 1] - imdb.train.offsets[i], 1 + i % 3);
        assert_int_equal(list[0], DATA_START);
        for (int k = 1; k <= i % 3; k++) assert_int_equal(list[k], i % 90 + 1 + DATA_INDEX_FROM);
        assert_true(imdb.train.labels[i] == (float)(i % 2));
        assert_int_equal(imdb.train.tokens[3 * i + 2], list[i % 3]);
    }
    assert_int_equal(imdb.test.offsets[1], 1); // 20: an empty review is its start alone
    assert_int_equal(imdb.words, 90);
    data_imdb_free(&imdb);
}

/* --- words -------------------------------------------------------------------------------------------------------- */

static void refuse_rows(const char *rows, size_t size, size_t at, const char *text)
{
    npz_change c = { 0 };
    npz_lists(&c.lists, 2, rows, size);
    imdb_check_refused(npz_write("bad.npz", &c), NULL, DATA_ERR_FORMAT, npz_rows_at() + at, text);
    npz_free(&c.lists);
}
#define REFUSE_ROWS(rows, at, text) refuse_rows(rows, sizeof(rows) - 1, at, text)

/* Row 20 of docs/faults.md. */
static void test_19_words(void **state)
{
    (void)state;
    REFUSE_ROWS("](K\0e]", 2, "(x_train.npy):277: list 0: expected a word from 1 to 16777216, got 0");
    REFUSE_ROWS("]](K\1J\1\0\0\1e", 5, "list 1: expected a word from 1 to 16777216, got 16777217");
    static const char rows[] = "](\x8a\1\5\x8a\5\x2c\1\0\0\0e]"; // LONG1 of any size, and an empty review
    npz_change c = { 0 };
    npz_lists(&c.lists, 2, rows, sizeof rows - 1);
    data_imdb imdb = npz_load(npz_write("long.npz", &c), &(data_imdb_def){ .no_shuffle = true });
    assert_memory_equal(imdb.train.indices, ((int32_t[]){ 1, 8, 303, 1 }), 4 * sizeof(int32_t));
    data_imdb_free(&imdb);
    npz_free(&c.lists);
}

/* --- their index -------------------------------------------------------------------------------------------------- */

static const char *write_index(const char *text, size_t size)
{
    return temp_write(&temp_here, "words.json", text, size);
}

/* Of rows.npz, whose words are 1 to 90: an index of 88 words and these two, at their places. */
static const char *make_index(const char *first, const char *second)
{
    char text[4096];
    int used = sprintf(text, "{%s, %s", second, first);
    for (int i = 88; i > 0; i--) used += sprintf(text + used, ",\n \"w%d\": %d", i, i + 2);
    used += sprintf(text + used, " }\n");
    return write_index(text, (size_t)used);
}

static void test_word_index(void **state)
{
    (void)state;
    data_imdb_def def = { .no_shuffle = true, .encoding = { .length = 4 } };
    def.word_index = make_index("\"caf\\u00e9\\ud83d\\uDE00\\u20ac\": 1", "\"isn't\\u0096\": 2");
    data_imdb imdb = npz_load(kept("rows.npz"), &def);
    assert_int_equal(imdb.words, 90);
    assert_int_equal(data_vocabulary_count(imdb.vocabulary), 90);
    assert_string_equal(data_vocabulary_word(imdb.vocabulary, 4, NULL), "caf\xc3\xa9\xf0\x9f\x98\x80\xe2\x82\xac");
    assert_string_equal(data_vocabulary_word(imdb.vocabulary, 5, NULL), "isn't\xc2\x96");
    assert_string_equal(data_vocabulary_word(imdb.vocabulary, 93, NULL), "w88");
    int32_t row[4];
    assert_int_equal(data_imdb_encode(imdb.vocabulary, &imdb.encoding, "W88 w2 nothing", 14, row), DATA_OK);
    assert_memory_equal(row, ((int32_t[]){ 1, 93, 7, 2 }), sizeof row);
    data_imdb_free(&imdb);
    // The one beside the archive is found; another one may be named.
    size_t size;
    unsigned char *bytes = temp_read(kept("rows.npz"), &size);
    const char *path = temp_write(&temp_here, "set/imdb.npz", bytes, size);
    free(bytes);
    imdb = npz_load(path, &(data_imdb_def){ 0 });
    assert_null(imdb.vocabulary);
    data_imdb_free(&imdb);
    assert_int_equal(rename(def.word_index, temp_path(&temp_here, "set/imdb_word_index.json")), 0);
    imdb = npz_load(path, &(data_imdb_def){ 0 });
    assert_int_equal(data_vocabulary_count(imdb.vocabulary), 90);
    data_imdb_free(&imdb);
    // 19: a word beyond the index; the offset is that of the opcode that appends it.
    imdb_check_refused(kept("protocol4.npz"),
                       &(data_imdb_def){ .word_index = temp_path(&temp_here, "set/imdb_word_index.json") },
                       DATA_ERR_FORMAT, 278, "expected a word from 1 to 90, got");
}

// 19: beyond the index, as the first of a list and among others.
static void test_19_beyond_the_index(void **state)
{
    (void)state;
    static const char *const rows[] = { "](K\x5b"
                                        "e]",
                                        "](K\5K\x5b"
                                        "e]",
                                        "](K\5K\x5aK\x5bK\1e]", "](K\5M\x5c\1e]" };
    static const struct {
        size_t size, at;
        const char *text;
    } told[] = { { 6, 2, "got 91" }, { 8, 4, "got 91" }, { 12, 6, "got 91" }, { 9, 4, "got 348" } };
    const data_imdb_def def = { .word_index = make_index("\"a\": 1", "\"b\": 2") };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        npz_change c = { 0 };
        npz_lists(&c.lists, 2, rows[i], told[i].size);
        imdb_check_refused(npz_write("beyond.npz", &c), &def, DATA_ERR_FORMAT, npz_rows_at() + told[i].at,
                           told[i].text);
        npz_free(&c.lists);
    }
}

static void refuse_index(const char *text, size_t offset, const char *why)
{
    const char *path = write_index(text, strlen(text));
    imdb_check_refused(kept("rows.npz"), &(data_imdb_def){ .word_index = path }, DATA_ERR_FORMAT, offset, why);
}

/* Row 14 of docs/faults.md. */
static void test_word_index_faults(void **state)
{
    (void)state;
    const char *fifo = temp_path(&temp_here, "fifo.json");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    imdb_check_refused(kept("rows.npz"), &(data_imdb_def){ .word_index = fifo }, DATA_ERR_IO, 0,
                       "fifo.json:0: file: expected a regular file, got a FIFO");
    imdb_check_refused(kept("rows.npz"), &(data_imdb_def){ .word_index = temp_path(&temp_here, "nowhere.json") },
                       DATA_ERR_IO, 0, "nowhere.json: cannot open: No such file");
    refuse_index("", 0, "words.json:0: word index: expected '{', got the end");
    refuse_index("[1]", 0, "word index: expected '{', got byte 0x5b");
    refuse_index("{}", 1, "word index: expected a word in quotes, got byte 0x7d");
    refuse_index("{\"a\" 1}", 5, "word index: expected ':', got byte 0x31");
    refuse_index("{\"a\": x}", 6, "word index: expected a rank, got byte 0x78");
    refuse_index("{\"a\": 1.5}", 7, "word index: expected ',' or '}', got byte 0x2e");
    refuse_index("{\"a\": 1", 7, "word index: expected ',' or '}', got the end");
    refuse_index("{\"a\": 1} x", 9, "word index: expected the end, got byte 0x78");
    refuse_index("{\"a\": 0, \"b\": 1}", 6, "rank: expected 1 to 16777216, got 0");
    refuse_index("{\"a\": -3, \"b\": 1}", 6, "rank: expected 1 to 16777216, got -3");
    refuse_index("{\"a\": 99999999999999999999}", 6, "rank: expected 1 to 16777216, got 99999999");
    refuse_index("{\"a\": 16777216}", 6, "rank: expected every one up to it, got 16777216 first");
    refuse_index("{\"a\": 1, \"b\": 1}", 14, "rank: expected each once, got 1 twice");
    refuse_index("{\"a\": 1, \"b\": 3}", 16, "ranks: expected 1 to 3 without gaps, got 2 words");
    refuse_index("{\"a\": 1, \"a\": 2}", 10, "word: expected a new one, got that of rank 1 again");
    refuse_index("{\"\": 1}", 2, "word index: expected a word that is not empty");
    refuse_index("{\"a b\": 1}", 3, "word index: expected a word without separators, got byte 0x20");
    refuse_index("{\"a\nb\": 1}", 3, "word index: expected the end of a word, got byte 0x0a");
    refuse_index("{\"abc", 5, "word index: expected the end of a word, got the end");
    refuse_index("{\"a\\x\": 1}", 3, "word index: expected a valid escape");
    refuse_index("{\"a\\u00g0\": 1}", 3, "word index: expected a valid escape");
    refuse_index("{\"a\\ud800\": 1}", 3, "word index: expected a valid escape");
    refuse_index("{\"a\\udc00\": 1}", 3, "word index: expected a valid escape");
    refuse_index("{\"a\\ud800\\u0041\": 1}", 3, "word index: expected a valid escape");
    refuse_index("{\"a\\", 3, "word index: expected a valid escape");
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numpy_permutations),
        cmocka_unit_test(test_keras_indices),
        cmocka_unit_test(test_rows_of_several_batches),
        cmocka_unit_test(test_19_words),
        cmocka_unit_test(test_word_index),
        cmocka_unit_test(test_19_beyond_the_index),
        cmocka_unit_test(test_word_index_faults),
    };
    if (argc != 2) return 2;
    folder = argv[1];
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
