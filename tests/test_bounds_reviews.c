/*
 * What reviews may cost, as an archive, a folder, an npz and their cache, and a vocabulary; beside what a file is
 * allowed (support/bounds.h) 128 bytes for each different word, which have an index.
 */
#include "bounds.h"
#include "npz.h"
#include "peak.h"
#include "tar.h"
#include "temp.h"
#include "zip.h"

#include <kvist/data.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* --- reviews ------------------------------------------------------------------------------------------------------ */

/* Fills text with words; `kinds` different ones of the given length. */
static void write_words(char *text, size_t size, int length, uint32_t kinds, data_rng *rng)
{
    memset(text, ' ', size);
    for (size_t at = 0; at + (size_t)length < size; at += (size_t)length + 1) {
        uint32_t number = data_rng_below(rng, kinds);
        for (int i = 0; i < length; i++, number /= 26) text[at + (size_t)i] = (char)('a' + number % 26);
    }
}

enum { REVIEWS = 4096, REVIEW = 1300 };

static tar make_set(int reviews, size_t review, int length, uint32_t kinds)
{
    static const char *const folders[] = { "train/neg", "train/pos", "test/neg", "test/pos" };
    tar t = { 0 };
    char path[64], *text = malloc(review);
    assert_non_null(text);
    data_rng rng = data_rng_make(2, 0);
    for (int i = 0; i < reviews; i++) {
        snprintf(path, sizeof path, "%s/%d_1.txt", folders[i % 4], i);
        write_words(text, review, length, kinds, &rng);
        tar_entry(&t, path, '0', text, review, review);
    }
    free(text);
    return t;
}

/* Bytes of the padded rows, where they are asked for. */
static size_t rows_size(const data_imdb *imdb)
{
    if (!imdb->train.tokens) return 0;
    const size_t rows = (size_t)imdb->train.count + (size_t)imdb->test.count;
    return rows * (size_t)imdb->train.length * sizeof *imdb->train.tokens;
}

/* What a set of that many bytes holds: its text, or an index for each word of `length` letters, whichever is more. */
static size_t decoded_size(size_t content, int length)
{
    const size_t indices = content / (size_t)(length + 1) * sizeof(int32_t);
    return indices > content ? indices : content;
}

enum { WORD_COST = 128 };

static void load_reviews(const char *name, const char *path, size_t content, size_t words, const data_imdb_def *def,
                         const char *fault)
{
    const bounds_sample s = { name, path, content };
    data_imdb imdb;
    data_error error;
    data_status status;
    do {
        bounds_begin();
        status = data_imdb_load(path, def, &imdb, &error);
    } while (bounds_again(&s, fault));
    bounds_end_beside(&s, status == DATA_OK ? rows_size(&imdb) + words * WORD_COST : words * WORD_COST, fault);
    if (bounds_refused(name, fault, DATA_ERR_FORMAT, (int)status, error.text)) return;
    data_imdb_free(&imdb);
}

static void load_set(const char *name, int reviews, size_t review, int length, uint32_t kinds)
{
    static const data_imdb_def both = { 0 }, rows = { .no_lists = true }, lists = { .no_tokens = true };
    char label[64];
    tar t = make_set(reviews, review, length, kinds);
    tar_end(&t);
    const char *path = temp_write_gz(&temp_here, "set.tar.gz", t.bytes, t.size);
    const size_t content = decoded_size(t.size, length);
    tar_free(&t);
    const size_t all = (size_t)reviews * review / (size_t)(length + 1), words = kinds < all ? kinds : all;
    snprintf(label, sizeof label, "tar, %s", name);
    load_reviews(label, path, content, words, &both, NULL);
    load_reviews(label, path, content, words, &rows, NULL);
    load_reviews(label, path, content, words, &lists, NULL);
    const char *cache = temp_path(&temp_here, "cache");
    unlink(cache);
    for (int i = 0; i < 2; i++) {
        snprintf(label, sizeof label, "cache %s, %s", i ? "read" : "written", name);
        load_reviews(label, path, content, words, &(data_imdb_def){ .cache = cache }, NULL);
    }
    load_reviews(label, path, content, words, &(data_imdb_def){ .cache = cache, .no_tokens = true }, NULL);
}

static void test_reviews(void **state)
{
    (void)state;
    load_set("common words", REVIEWS, REVIEW, 5, 10000);
    load_set("one-letter words", REVIEWS, REVIEW, 1, 26);
    load_set("rare words", REVIEWS, REVIEW, 8, UINT32_MAX);
    load_set("short reviews", 8192, 100, 5, 10000);
    load_set("long reviews", 8, 700000, 5, 10000);
}

/* A folder of as many reviews, of which one class may be empty. Opening files takes the system's time: no limit on it.
 */
static void load_folder(const char *name, int reviews, size_t review, bool empty)
{
    static const char *const folders[] = { "train/neg", "train/pos", "test/neg", "test/pos" };
    char path[64], *text = malloc(review);
    assert_non_null(text);
    data_rng rng = data_rng_make(4, 0);
    for (int i = 0; i < reviews; i++) {
        if (empty && i % 4 == 3) continue;
        snprintf(path, sizeof path, "%s/%s/%d_1.txt", name, folders[i % 4], i);
        write_words(text, review, 5, 10000, &rng);
        temp_write(&temp_here, path, text, review);
    }
    free(text);
    snprintf(path, sizeof path, "%s/test/pos", name);
    if (empty) assert_int_equal(mkdir(temp_path(&temp_here, path), 0700), 0);
    const bounds_sample s = { name, temp_path(&temp_here, name), (size_t)reviews * review };
    data_imdb imdb = { 0 };
    data_error error;
    bounds_begin();
    const data_status status = data_imdb_load(s.path, NULL, &imdb, &error);
    (void)bounds_again(&s, false);
    bounds_end_beside(&s, rows_size(&imdb) + 10000 * WORD_COST, false);
    assert_int_equal(status, empty ? DATA_ERR_FORMAT : DATA_OK);
    assert_true(!empty || strstr(error.text, "test/pos: expected reviews, got none"));
    data_imdb_free(&imdb);
    assert_int_equal(peak_held(), 0);
}

static void test_folder(void **state)
{
    (void)state;
    load_folder("folder", REVIEWS, REVIEW, false);
    load_folder("folder, a class empty", REVIEWS, REVIEW, true);
    load_folder("folder of long reviews", 8, 700000, false);
}

/* --- tar ---------------------------------------------------------------------------------------------------------- */

static void refuse_archive(const char *name, tar *t, int length, bool gzip, const char *fault)
{
    const char *path = gzip ? temp_write_gz(&temp_here, "bad.tar.gz", t->bytes, t->size)
                            : temp_write(&temp_here, "bad.tar", t->bytes, t->size);
    const size_t content = decoded_size(t->size, length);
    tar_free(t);
    load_reviews(name, path, content, 0, NULL, fault);
}

static void test_tar(void **state)
{
    (void)state;
    tar t = make_set(REVIEWS, REVIEW, 5, 10000);
    refuse_archive("tar without its end", &t, 5, true, "tar: expected");
    t = make_set(REVIEWS, REVIEW, 5, 10000);
    t.size -= 700;
    refuse_archive("tar, cut", &t, 5, true, "tar: expected");
    t = make_set(REVIEWS, REVIEW, 5, 10000);
    tar_file(&t, "../../etc/passwd", "x");
    tar_end(&t);
    refuse_archive("tar, climbing path", &t, 5, true, "path: expected");
    t = make_set(REVIEWS, REVIEW, 1, 26);
    tar_file(&t, "train/neg/0_1.txt", "again");
    tar_end(&t);
    refuse_archive("tar, a name twice", &t, 1, false, "expected once, got twice");
    t = make_set(16384, 1, 1, 26);
    tar_file(&t, "train/neg/0_1.txt", "again");
    tar_end(&t);
    refuse_archive("tar, empty reviews", &t, 5, true, "expected once, got twice");
    t = (tar){ 0 };
    for (int i = 0; i < 16384; i++) tar_entry(&t, "aclImdb/", '5', NULL, 0, 0);
    tar_end(&t);
    refuse_archive("tar of folders", &t, 5, true, "expected reviews, got none");
}

/* --- npz ---------------------------------------------------------------------------------------------------------- */

/* Adds reviews of so many words below `kinds`. */
static void put_rows(npz_bytes *b, int reviews, int words, uint32_t kinds)
{
    data_rng rng = data_rng_make(3, 0);
    for (int i = 0; i < reviews; i++) {
        npz_put(b, "](", 2);
        for (int k = 0; k < words; k++) {
            const uint32_t word = 1 + data_rng_below(&rng, kinds);
            const unsigned char bytes[3] = { 'M', (unsigned char)word, (unsigned char)(word >> 8) };
            npz_put(b, bytes, 3);
        }
        npz_put(b, "e", 1);
    }
}

/* An archive whose training reviews are these rows, told as `more` bytes more than they are. */
static const char *write_npz(const npz_bytes *rows, int reviews, int method, int64_t more)
{
    npz_bytes x = { 0 }, y = { 0 }, test = { 0 }, test_y = { 0 };
    zip z = { 0 };
    npz_lists(&x, reviews, rows->bytes, rows->size);
    npz_labels(&y, reviews);
    npz_lists(&test, 1, "]", 1);
    npz_labels(&test_y, 1);
    zip_add(&z, &(zip_member){ .name = "x_test.npy", .content = test.bytes, .size = test.size, .method = 8 });
    zip_add(&z, &(zip_member){ .name = "y_test.npy", .content = test_y.bytes, .size = test_y.size });
    zip_add(&z, &(zip_member){ .name = "y_train.npy", .content = y.bytes, .size = y.size, .method = 8 });
    zip_add(&z, &(zip_member){
                    .name = "x_train.npy", .content = x.bytes, .size = x.size, .method = method, .more_size = more });
    zip_end(&z);
    const char *path = temp_write(&temp_here, "imdb.npz", z.bytes, z.size);
    zip_free(&z);
    npz_free(&x);
    npz_free(&y);
    npz_free(&test);
    npz_free(&test_y);
    return path;
}

/* Decoded, a review is its start and words, an offset and a label. */
static void load_npz(const char *name, int reviews, int words, int method)
{
    static const data_imdb_def both = { 0 }, rows = { .no_lists = true }, lists = { .no_tokens = true };
    npz_bytes b = { 0 };
    put_rows(&b, reviews, words, 60000);
    const char *path = write_npz(&b, reviews, method, 0);
    const size_t content = (size_t)reviews * ((size_t)(words + 1) * sizeof(int32_t) + sizeof(int64_t) + sizeof(float));
    npz_free(&b);
    load_reviews(name, path, content, 0, &both, NULL);
    load_reviews(name, path, content, 0, &rows, NULL);
    load_reviews(name, path, content, 0, &lists, NULL);
}

/* Rows that are right up to `more`. */
static void refuse_npz(const char *name, int words, const void *more, size_t size, const char *fault)
{
    npz_bytes b = { 0 };
    put_rows(&b, 4096, words, 60000);
    npz_put(&b, more, size);
    const char *path = write_npz(&b, 4097, 8, 0);
    const size_t indices = (size_t)4096 * (size_t)words * sizeof(int32_t),
                 content = indices > b.size ? indices : b.size;
    npz_free(&b);
    load_reviews(name, path, content, 0, NULL, fault);
}

static void test_npz(void **state)
{
    (void)state;
    load_npz("npz, stored", 4096, 300, 0);
    load_npz("npz, deflated", 4096, 300, 8);
    load_npz("npz, short reviews", 200000, 1, 8);
    load_npz("npz, empty reviews", 200000, 0, 8);
    load_npz("npz, long reviews", 3, 400000, 8);
    refuse_npz("npz, an opcode at the end", 300, "i", 1, "got opcode 0x69");
    refuse_npz("npz, a row is missing", 300, "", 0, "rows: expected 4097 lists, got 4096");
    refuse_npz("npz, word 0", 300, "](K\0e", 5, "expected a word from 1");
    refuse_npz("npz, too many rows", 300, "]]", 2, "rows: expected 4097 lists, got more");
    refuse_npz("npz, no words", 0, "i", 1, "got opcode 0x69");
}

/* Half a megabyte that goes on for 256 MB: read up to the cap on words. */
static void test_npz_bomb(void **state)
{
    (void)state;
    const size_t words = (size_t)1 << 27;
    npz_bytes b = { .bytes = malloc(2 * words + 2), .room = 2 * words + 2 };
    assert_non_null(b.bytes);
    npz_put(&b, "](", 2);
    for (size_t i = 0; i < words; i++) memcpy(b.bytes + 2 + 2 * i, "K\1", 2);
    b.size += 2 * words;
    const char *path = write_npz(&b, 1, 8, 0);
    load_reviews("npz bomb of 268 MB", path, words, 0, NULL, "lists: expected at most 67108864 words, got more");
    // One that is told as a kilobyte is not read beyond it.
    path = write_npz(&b, 1, 8, 1024 - (int64_t)(b.size + npz_rows_at()));
    npz_free(&b);
    load_reviews("npz bomb of 268 MB told as 1 KB", path, bounds_size_of(path), 0, NULL,
                 "zip: expected the end of the member, got more");
}

static void test_word_index(void **state)
{
    (void)state;
    enum { WORDS = 88584 };
    npz_bytes b = { 0 }, index = { 0 };
    char entry[32];
    npz_put(&index, "{", 1);
    for (int i = WORDS; i > 0; i--) {
        npz_put(&index, entry, (size_t)sprintf(entry, "\"word%05x\": %d%s", i, i, i > 1 ? ", " : "}"));
    }
    put_rows(&b, 4096, 300, 60000);
    const char *path = write_npz(&b, 4096, 8, 0);
    const data_imdb_def def = { .word_index = temp_write(&temp_here, "words.json", index.bytes, index.size) };
    const size_t content = (size_t)4096 * 300 * sizeof(int32_t);
    load_reviews("npz, word index", path, content, WORDS, &def, NULL);
    // Of the index alone: what it holds is its text.
    temp_write(&temp_here, "words.json", index.bytes, index.size - 1);
    load_reviews("word index, cut", path, index.size, 0, &def, "expected ',' or '}', got the end");
    npz_free(&b);
    npz_free(&index);
}

/* A text of words, as a checkpoint keeps it; the last may repeat the first. */
static void parse_words(const char *name, const char *last, bool refused)
{
    enum { WORDS = 88584, SIZE = 10 };
    char *text = malloc((size_t)WORDS * SIZE + 16);
    assert_non_null(text);
    for (int i = 0; i < WORDS; i++) sprintf(text + (size_t)i * SIZE, "word%05x\n", i);
    const size_t size = (size_t)WORDS * SIZE + (size_t)sprintf(text + (size_t)WORDS * SIZE, "%s\n", last);
    const bounds_sample s = { name, "vocabulary", size };
    data_vocabulary *vocabulary;
    data_error error;
    do {
        bounds_begin();
        vocabulary = data_vocabulary_parse(text, size, &error);
    } while (bounds_again(&s, refused));
    bounds_end_beside(&s, (size_t)WORDS * WORD_COST, refused);
    if (!vocabulary != refused) fail_msg("%s: %s", name, error.text);
    data_vocabulary_destroy(vocabulary);
    free(text);
}

static void test_vocabulary(void **state)
{
    (void)state;
    parse_words("vocabulary", "the", false);
    parse_words("vocabulary, a word twice", "word00000", true);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_reviews),   cmocka_unit_test(test_folder),
                                        cmocka_unit_test(test_tar),       cmocka_unit_test(test_npz),
                                        cmocka_unit_test(test_npz_bomb),  cmocka_unit_test(test_word_index),
                                        cmocka_unit_test(test_vocabulary) };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
