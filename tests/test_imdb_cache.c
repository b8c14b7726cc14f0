/*
 * The cache of reviews from inside the library. That it is written, used and renewed is in test_imdb.c; here is what it
 * says of a file that was made to deceive: the header's counts, and content whose checksum is right.
 */
#define XXH_INLINE_ALL
#include "temp.h"

#include "imdb_cache.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <cmocka.h>

static off_t claimed; // the size that a file is said to have (0: its own)

int __real_fstat(int descriptor, struct stat *info);
int __wrap_fstat(int descriptor, struct stat *info);
int __wrap_fstat(int descriptor, struct stat *info)
{
    const int result = __real_fstat(descriptor, info);
    if (claimed > 0) info->st_size = claimed;
    return result;
}

/* The layout of version 1: this header, offsets and ranks and labels of both parts, the words. */
typedef struct header {
    uint64_t magic, version, fingerprint, reviews[DATA_PARTS], words[DATA_PARTS], vocabulary, checksum;
} header;

/* Two reviews in each part: {1} and {2, 1}. */
typedef struct cache {
    header head;
    int64_t offsets[DATA_PARTS][3];
    int32_t ranks[DATA_PARTS][3];
    uint8_t labels[DATA_PARTS][2];
    char text[9];
} cache;

enum { SIZE = offsetof(cache, text) + 9, FINGERPRINT = 77 };

static cache good(void)
{
    return (cache){
        .head = { .magic = 0x31626d697473766b,
                  .version = 1,
                  .fingerprint = FINGERPRINT,
                  .reviews = { 2, 2 },
                  .words = { 3, 3 },
                  .vocabulary = 9 },
        .offsets = { { 0, 1, 3 }, { 0, 1, 3 } },
        .ranks = { { 1, 2, 1 }, { 1, 2, 1 } },
        .labels = { { 0, 1 }, { 0, 1 } },
        .text = { 'f', 'i', 'l', 'm', '\n', 'b', 'a', 'd', '\n' },
    };
}

/* Writes it with the checksum of what it holds. */
static const char *write_cache(cache c)
{
    XXH3_state_t hash;
    XXH3_64bits_reset(&hash);
    XXH3_64bits_update(&hash, &c.head, offsetof(header, checksum));
    XXH3_64bits_update(&hash, (const char *)&c + sizeof c.head, SIZE - sizeof c.head);
    c.head.checksum = XXH3_64bits_digest(&hash);
    return temp_write(&temp_here, "cache", &c, SIZE);
}

static void refuses(cache c, const char *why)
{
    data_corpus corpus = { 0 };
    data_error error = { 0 };
    const data_status status = data_cache_read(write_cache(c), FINGERPRINT, &corpus, &error);
    assert_int_equal(status, DATA_ERR_FORMAT);
    assert_int_equal(error.status, status);
    if (!strstr(error.text, why)) fail_msg("expected \"%s\" in: %s", why, error.text);
    assert_null(corpus.block);
    assert_null(corpus.vocabulary);
}

static void test_good(void **state)
{
    (void)state;
    data_corpus corpus = { 0 };
    data_error error = { 0 };
    if (data_cache_read(write_cache(good()), FINGERPRINT, &corpus, &error) != DATA_OK) fail_msg("%s", error.text);
    for (int p = 0; p < DATA_PARTS; p++) {
        assert_int_equal(corpus.part[p].count, 2);
        assert_memory_equal(corpus.part[p].ranks, ((int32_t[]){ 1, 2, 1 }), 3 * sizeof(int32_t));
    }
    assert_int_equal(data_vocabulary_index(corpus.vocabulary, "bad", 3), 5);
    data_corpus_free(&corpus);
}

static void test_header(void **state)
{
    (void)state;
    cache c = good();
    c.head.magic++;
    refuses(c, "cache: expected version 1 of source 000000000000004d");
    c = good();
    c.head.version = 2;
    refuses(c, "got version 2 of source 000000000000004d");
    c = good();
    c.head.fingerprint = 1;
    refuses(c, "got version 1 of source 0000000000000001");
    for (int p = 0; p < DATA_PARTS; p++) {
        c = good();
        c.head.reviews[p] = SIZE + 1;
        refuses(c, "cache: expected counts within its size, got more");
        c = good();
        c.head.words[p] = SIZE + 1;
        refuses(c, "cache: expected counts within its size, got more");
        c = good();
        c.head.reviews[p] = 0;
        refuses(c, "cache: expected reviews in both parts, got none");
        c = good();
        c.head.words[p]--;
        refuses(c, "cache: expected the size its header implies, got 157");
    }
    c = good();
    c.head.vocabulary = SIZE + 1;
    refuses(c, "cache: expected the size its header implies, got 157");
}

/* Counts that a file of an absurd size could hold: their bytes do not fit a size. */
static void test_header_of_a_huge_file(void **state)
{
    (void)state;
    claimed = INT64_MAX;
    cache c = good();
    c.head.reviews[1] = INT32_MAX;
    refuses(c, "cache: expected counts within its size, got more");
    c = good();
    c.head.words[0] = c.head.words[1] = INT64_MAX / 4;
    refuses(c, "cache: expected the size its header implies, got 9223372036854775807");
    c.head.words[1] -= 1000; // these fit, but not with the words' text
    c.head.vocabulary = 8000;
    refuses(c, "cache: expected the size its header implies, got 9223372036854775807");
    claimed = INT64_C(1) << 62; // and these wrap round to that size
    c.head.reviews[0] = 1, c.head.reviews[1] = 3, c.head.words[1] = 0;
    c.head.words[0] = (UINT64_C(1) << 62) - 31;
    c.head.vocabulary = UINT64_C(1) << 62;
    refuses(c, "cache: expected the size its header implies, got 4611686018427387904");
    claimed = 0;
}

static void test_content(void **state)
{
    (void)state;
    for (int p = 0; p < DATA_PARTS; p++) {
        cache c = good();
        c.offsets[p][0] = 1;
        refuses(c, "offset 0: expected 0, got 1");
        c = good();
        c.offsets[p][1] = 4;
        refuses(c, "offset 2: expected at least 4, got 3");
        c = good();
        c.offsets[p][2] = 2;
        refuses(c, "cache: expected 3 words, got 2");
        c = good();
        c.labels[p][1] = 2;
        refuses(c, "cache: a label that is none");
        c = good();
        c.ranks[p][2] = 3;
        refuses(c, "list 1, position 1: expected an index from 0 to 2, got 3");
        c = good();
        c.ranks[p][0] = -1;
        refuses(c, "list 0, position 0: expected an index from 0 to 2, got -1");
    }
    cache c = good();
    c.text[4] = ' ';
    refuses(c, "word: expected no separator, got byte 32");
    c = good();
    memcpy(c.text, "bad\nbad\na", 9);
    refuses(c, "word: expected a new one, got that of rank 1 again");
}

static void test_cut_or_flipped(void **state)
{
    (void)state;
    size_t size;
    data_corpus corpus = { 0 };
    unsigned char *bytes = temp_read(write_cache(good()), &size);
    assert_int_equal(size, SIZE);
    for (size_t i = 0; i < size; i++) {
        const char *path = temp_write(&temp_here, "cut", bytes, i);
        assert_int_equal(data_cache_read(path, FINGERPRINT, &corpus, NULL), DATA_ERR_FORMAT);
        bytes[i] ^= 1;
        path = temp_write(&temp_here, "flipped", bytes, size);
        bytes[i] ^= 1;
        assert_int_equal(data_cache_read(path, FINGERPRINT, &corpus, NULL), DATA_ERR_FORMAT);
    }
    assert_null(corpus.block);
    free(bytes);
}

/* --- what it may replace ------------------------------------------------------------------------------------------ */

static void test_place_of_another(void **state)
{
    (void)state;
    static const struct {
        const char *path, *why;
    } places[] = {
        { "notes", "notes:0: cache: expected a cache or an empty file to replace, got another" },
        { "notes/cache", "notes/cache: cannot look at it: Not a directory" },
        { "folder", "folder:0: file: expected a regular file, got a directory" },
    };
    data_corpus corpus;
    assert_int_equal(data_cache_read(write_cache(good()), FINGERPRINT, &corpus, NULL), DATA_OK);
    temp_write(&temp_here, "notes", "notes of the reader's", 21);
    temp_write(&temp_here, "folder/a", "", 0);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        data_error error = { 0 };
        const data_status status =
            data_cache_write(temp_path(&temp_here, places[i].path), FINGERPRINT, &corpus, &error);
        assert_int_equal(status, i == 0 ? DATA_ERR_FORMAT : DATA_ERR_IO);
        assert_int_equal(error.status, status);
        if (!strstr(error.text, places[i].why)) fail_msg("expected \"%s\" in: %s", places[i].why, error.text);
    }
    data_corpus_free(&corpus);
}

/* --- the source that it stands for -------------------------------------------------------------------------------- */

static void test_fingerprint(void **state)
{
    (void)state;
    uint64_t first = 0, second = 0;
    data_error error = { 0 };
    assert_int_equal(data_cache_fingerprint(temp_path(&temp_here, "absent"), &first, &error), DATA_ERR_IO);
    assert_non_null(strstr(error.text, "absent: cannot look at it: No such file"));
    temp_write(&temp_here, "set/train/neg/0.txt", "bad", 3);
    temp_write(&temp_here, "set/train/pos/0.txt", "good", 4);
    temp_write(&temp_here, "set/test/neg/0.txt", "bad", 3);
    const char *set = temp_path(&temp_here, "set");
    assert_int_equal(data_cache_fingerprint(set, &first, &error), DATA_ERR_IO);
    assert_non_null(strstr(error.text, "set/test/pos: cannot open folder: No such file"));
    temp_write(&temp_here, "set/test/pos/0.txt", "good", 4);
    assert_int_equal(data_cache_fingerprint(set, &first, NULL), DATA_OK);
    // What is no file does not count, a review that came does.
    assert_int_equal(symlink("nowhere", temp_path(&temp_here, "set/test/pos/1.txt")), 0);
    assert_int_equal(data_cache_fingerprint(set, &second, NULL), DATA_OK);
    assert_true(second == first);
    temp_write(&temp_here, "set/test/pos/2.txt", "fine", 4);
    assert_int_equal(data_cache_fingerprint(set, &second, NULL), DATA_OK);
    assert_true(second != first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_header_of_a_huge_file),
        cmocka_unit_test(test_content),
        cmocka_unit_test(test_cut_or_flipped),
        cmocka_unit_test(test_place_of_another),
        cmocka_unit_test(test_fingerprint),
    };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
