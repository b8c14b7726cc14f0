/* Reviews as the cache keeps them: the size of the block, where its arrays lie, which paths are reviews, and each lie
   of a cache whose checksum is right. */
#include "temp.h"

#include "corpus.h"
#include "imdb_cache.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- the block ---------------------------------------------------------------------------------------------------- */

static void test_size_of_the_block(void **state)
{
    (void)state;
    size_t size = 77;
    assert_true(data_corpus_size((int[]){ 0, 0 }, (int64_t[]){ 0, 0 }, &size));
    assert_int_equal(size, 16);
    assert_true(data_corpus_size((int[]){ 2, 3 }, (int64_t[]){ 10, 0 }, &size));
    assert_int_equal(size, 3 * 8 + 4 * 8 + 10 * 4 + 2 + 3);
    assert_true(data_corpus_size((int[]){ 3, 2 }, (int64_t[]){ 0, 10 }, &size));
    assert_int_equal(size, 4 * 8 + 3 * 8 + 10 * 4 + 3 + 2);
    static const struct {
        int count[DATA_PARTS];
        int64_t words[DATA_PARTS];
    } wrong[] = {
        { { -1, 1 }, { 1, 1 } },
        { { 1, -1 }, { 1, 1 } },
        { { 1, 1 }, { -1, 1 } },
        { { 1, 1 }, { 1, -1 } },
        { { 1, 1 }, { INT64_MAX, 1 } },
        { { 1, 1 }, { 1, INT64_MAX } },
        { { 1, 1 }, { INT64_MAX / 4, INT64_MAX / 4 + 1 } },
        { { INT32_MAX, 1 }, { INT64_MAX / 2 - 1, 1 } },
    };
    size = 77;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (data_corpus_size(wrong[i].count, wrong[i].words, &size)) fail_msg("case %zu has %zu bytes", i, size);
    assert_int_equal(size, 77);
}

static void test_arrays_of_the_block(void **state)
{
    (void)state;
    data_corpus corpus;
    assert_int_equal(data_corpus_allocate((int[]){ 2, 3 }, (int64_t[]){ 5, 7 }, &corpus, NULL), DATA_OK);
    const char *block = corpus.block;
    assert_int_equal(corpus.block_size, 7 * 8 + 12 * 4 + 5);
    assert_int_equal(corpus.part[0].count, 2);
    assert_int_equal(corpus.part[1].count, 3);
    assert_ptr_equal(corpus.part[0].offsets, block);
    assert_ptr_equal(corpus.part[1].offsets, block + 3 * 8);
    assert_ptr_equal(corpus.part[0].ranks, block + 7 * 8);
    assert_ptr_equal(corpus.part[1].ranks, block + 7 * 8 + 5 * 4);
    assert_ptr_equal(corpus.part[0].labels, block + 7 * 8 + 12 * 4);
    assert_ptr_equal(corpus.part[1].labels, block + 7 * 8 + 12 * 4 + 2);
    data_corpus_free(&corpus);
    assert_null(corpus.block);
}

static void test_paths_of_reviews(void **state)
{
    (void)state;
    static const char *const wrong[] = { "",
                                         "train/neg/",
                                         "train/neg/.txt",
                                         "train/neg/a.tx",
                                         "train/neg/a.txt.gz",
                                         "train/neg/a/b.txt",
                                         "train/unsup/a.txt",
                                         "Train/neg/a.txt",
                                         "neg/a.txt",
                                         "test/pos" };
    int part = -1, label = -1;
    assert_true(data_parse_key("train/neg/a.txt", &part, &label) && part == DATA_TRAIN && label == 0);
    assert_true(data_parse_key("train/pos/a.txt", &part, &label) && part == DATA_TRAIN && label == 1);
    assert_true(data_parse_key("test/neg/a.txt", &part, &label) && part == DATA_TEST && label == 0);
    assert_true(data_parse_key("test/pos/.a.txt", &part, &label) && part == DATA_TEST && label == 1);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (data_parse_key(wrong[i], &part, &label)) fail_msg("%s was taken", wrong[i]);
}

/* --- the cache ---------------------------------------------------------------------------------------------------- */

/* Four reviews of the words a, b and c; what the file of them looks like. */
enum {
    MAGIC,
    VERSION,
    FINGERPRINT,
    REVIEWS,
    WORDS = REVIEWS + DATA_PARTS,
    TEXT = WORDS + DATA_PARTS,
    CHECKSUM,
    HEADER = 8 * (CHECKSUM + 1),
    OFFSETS = HEADER,
    RANKS = OFFSETS + 6 * 8,
    LABELS = RANKS + 7 * 4,
    WHOLE = LABELS + 4 + 6
};

static const char *write_cache(void)
{
    data_corpus_builder *builder = data_corpus_builder_create(NULL);
    assert_int_equal(data_corpus_builder_add(builder, "test/pos/1.txt", "c", 1, NULL), DATA_OK);
    assert_int_equal(data_corpus_builder_add(builder, "test/neg/1.txt", "b nobody", 8, NULL), DATA_OK);
    assert_int_equal(data_corpus_builder_add(builder, "train/pos/1.txt", "b c", 3, NULL), DATA_OK);
    assert_int_equal(data_corpus_builder_add(builder, "train/neg/1.txt", "a a", 3, NULL), DATA_OK);
    data_corpus corpus;
    const char *path = temp_path(&temp_here, "cache");
    assert_int_equal(data_corpus_builder_finish(builder, "source", &corpus, NULL), DATA_OK);
    assert_int_equal(data_cache_write(path, 42, &corpus, NULL), DATA_OK);
    data_corpus_free(&corpus);
    data_corpus_builder_destroy(builder);
    return path;
}

static void test_a_cache_comes_back(void **state)
{
    (void)state;
    data_corpus corpus;
    data_error error = { 0 };
    if (data_cache_read(write_cache(), 42, &corpus, &error) != DATA_OK) fail_msg("%s", error.text);
    const data_corpus_part *train = &corpus.part[DATA_TRAIN], *test = &corpus.part[DATA_TEST];
    assert_int_equal(train->count, 2);
    assert_int_equal(test->count, 2);
    assert_memory_equal(train->offsets, ((int64_t[]){ 0, 2, 4 }), 24);
    assert_memory_equal(test->offsets, ((int64_t[]){ 0, 2, 3 }), 24);
    assert_memory_equal(train->ranks, ((int32_t[]){ 1, 1, 2, 3 }), 16);
    assert_memory_equal(test->ranks, ((int32_t[]){ 2, 0, 3 }), 12); // 0: a word of no training review
    assert_memory_equal(train->labels, ((uint8_t[]){ 0, 1 }), 2);
    assert_memory_equal(test->labels, ((uint8_t[]){ 0, 1 }), 2);
    assert_int_equal(data_vocabulary_count(corpus.vocabulary), 3);
    data_corpus_free(&corpus);
}

/* Puts `size` bytes at a place of the file, whose checksum is then made right, and reads it. */
static void refuse_lie(size_t at, const void *lie, size_t size, const char *why)
{
    size_t whole;
    unsigned char *bytes = temp_read(write_cache(), &whole);
    assert_int_equal(whole, WHOLE);
    memcpy(bytes + at, lie, size);
    XXH3_state_t hash;
    XXH3_64bits_reset(&hash);
    XXH3_64bits_update(&hash, bytes, 8 * CHECKSUM);
    XXH3_64bits_update(&hash, bytes + HEADER, whole - HEADER);
    const uint64_t checksum = XXH3_64bits_digest(&hash);
    if (at != 8 * CHECKSUM) memcpy(bytes + 8 * CHECKSUM, &checksum, sizeof checksum);
    data_corpus corpus = { .block_size = 77 };
    data_error error = { 0 };
    const char *path = temp_write(&temp_here, "lie", bytes, whole);
    free(bytes);
    assert_int_equal(data_cache_read(path, 42, &corpus, &error), DATA_ERR_FORMAT);
    if (!strstr(error.text, why)) fail_msg("expected \"%s\" in: %s", why, error.text);
    assert_int_equal(corpus.block_size, 77);
}
#define REFUSE_HEAD(field, value, why) refuse_lie((size_t)(field)*8, &(uint64_t){ value }, 8, why)
#define REFUSE_OFFSET(i, value, why)   refuse_lie(OFFSETS + (i)*8, &(int64_t){ value }, 8, why)
#define REFUSE_RANK(i, value, why)     refuse_lie(RANKS + (i)*4, &(int32_t){ value }, 4, why)

static void test_lies_of_a_header(void **state)
{
    (void)state;
    REFUSE_HEAD(MAGIC, 1, "lie:0: cache: expected version 1 of source 000000000000002a, got version 1");
    REFUSE_HEAD(VERSION, 2,
                "cache: expected version 1 of source 000000000000002a, got version 2 of source 000000000000002a");
    REFUSE_HEAD(FINGERPRINT, 43, "got version 1 of source 000000000000002b");
    static const char counts[] = "cache: expected counts within its size, got more",
                      implied[] = "expected the size its header implies";
    for (int part = 0; part < DATA_PARTS; part++) {
        REFUSE_HEAD(REVIEWS + part, WHOLE + 1, counts);
        REFUSE_HEAD(REVIEWS + part, WHOLE, implied);
        REFUSE_HEAD(REVIEWS + part, UINT64_MAX, counts);
        REFUSE_HEAD(REVIEWS + part, 3, implied);
        REFUSE_HEAD(WORDS + part, WHOLE + 1, counts);
        REFUSE_HEAD(WORDS + part, WHOLE, implied);
        REFUSE_HEAD(WORDS + part, 2, implied);
        REFUSE_HEAD(WORDS + part, (uint64_t)1 << 63, counts);
    }
    REFUSE_HEAD(TEXT, 7, implied);
    REFUSE_HEAD(TEXT, 5, implied);
    REFUSE_HEAD(TEXT, UINT64_MAX, implied);
    REFUSE_HEAD(CHECKSUM, 1, "cache: expected its checksum, got another");
}

static void test_lies_of_a_body(void **state)
{
    (void)state;
    REFUSE_OFFSET(0, 1, "offset 0: expected 0, got 1");
    REFUSE_OFFSET(1, -1, "offset 1: expected at least 0, got -1");
    REFUSE_OFFSET(1, 5, "offset 2: expected at least 5, got 4");
    REFUSE_OFFSET(2, 3, "cache: expected 4 words, got 3");
    REFUSE_OFFSET(5, 4, "cache: expected 3 words, got 4");
    REFUSE_OFFSET(5, INT64_MAX, "cache: expected 3 words, got 9223372036854775807");
    REFUSE_RANK(0, -1, "list 0, position 0: expected an index from 0 to 3, got -1");
    REFUSE_RANK(3, 4, "list 1, position 1: expected an index from 0 to 3, got 4");
    REFUSE_RANK(6, 4, "list 1, position 0: expected an index from 0 to 3, got 4");
    for (size_t i = 0; i < 4; i++) refuse_lie(LABELS + i, "\2", 1, "cache: a label that is none");
    refuse_lie(LABELS + 4, " ", 1, "vocabulary:0: word: expected no separator, got byte 32");
    refuse_lie(LABELS + 4, "b", 1, "word: expected a new one, got that of rank 1 again");
    refuse_lie(LABELS + 4, "\n", 1, "vocabulary:0: word: expected one, got none");
}

static void test_cuts_of_a_cache(void **state)
{
    (void)state;
    size_t whole;
    unsigned char *bytes = temp_read(write_cache(), &whole);
    data_error error = { 0 };
    data_corpus corpus;
    for (size_t cut = 0; cut < whole; cut++) {
        const char *path = temp_write(&temp_here, "cut", bytes, cut);
        assert_int_equal(data_cache_read(path, 42, &corpus, &error), DATA_ERR_FORMAT);
        if (!strstr(error.text,
                    cut < HEADER ? "cache: expected 72 bytes, got" : "expected the size its header implies") &&
            !strstr(error.text, "expected counts within"))
            fail_msg("%zu bytes: %s", cut, error.text);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_size_of_the_block), cmocka_unit_test(test_arrays_of_the_block),
        cmocka_unit_test(test_paths_of_reviews),  cmocka_unit_test(test_a_cache_comes_back),
        cmocka_unit_test(test_lies_of_a_header),  cmocka_unit_test(test_lies_of_a_body),
        cmocka_unit_test(test_cuts_of_a_cache),
    };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
