/* What the readers of reviews keep words and reviews in, from inside the library: sizes, the set of words, a corpus. */
#include "corpus.h"
#include "memory.h"
#include "vocabulary.h"

#include <kvist/data.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* --- sizes -------------------------------------------------------------------------------------------------------- */

static void test_sizes_do_not_wrap(void **state)
{
    (void)state;
    size_t result = 7;
    assert_true(data_multiply(5, 0, &result) && result == 0);
    assert_true(data_multiply(SIZE_MAX / 2, 2, &result) && result == SIZE_MAX - 1);
    assert_false(data_multiply(SIZE_MAX / 2 + 1, 2, &result));
    assert_true(data_add(SIZE_MAX - 1, 1, &result) && result == SIZE_MAX);
    assert_false(data_add(SIZE_MAX, 1, &result));
    assert_int_equal(result, SIZE_MAX); // as it was
    assert_null(data_allocate(SIZE_MAX / 2, 3));
    void *nothing = data_allocate(0, 8);
    assert_non_null(nothing);
    free(nothing);
}

static void test_growing_array(void **state)
{
    (void)state;
    void *array = NULL;
    size_t room = 0;
    assert_true(data_trim(&array, 0, 4)); // nothing is there, nothing is kept
    assert_null(array);
    assert_true(data_grow(&array, &room, 3, 4));
    assert_int_equal(room, 64);
    void *const before = array;
    assert_true(data_grow(&array, &room, 64, 4));
    assert_false(data_grow(&array, &room, SIZE_MAX, 4));         // no power of two is as large
    assert_false(data_grow(&array, &room, SIZE_MAX / 4 + 2, 4)); // their bytes
    assert_ptr_equal(array, before);
    assert_int_equal(room, 64);
    assert_true(data_trim(&array, 3, 4));
    free(array);
}

/* --- words -------------------------------------------------------------------------------------------------------- */

static void test_same_hash(void **state)
{
    (void)state;
    static const char *const texts[] = { "yysx", "snxy", "nexc", "wygl" }; // two pairs, for this seed
    data_words words = { .seed = 7 };
    assert_int_equal(data_words_find(&words, "yysx", 4), -1);
    for (int i = 0; i < 4; i++) assert_int_equal(data_words_add(&words, texts[i], strlen(texts[i])), i);
    assert_int_equal(words.word[0].hash, words.word[1].hash);
    assert_int_equal(words.word[2].hash, words.word[3].hash);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(data_words_find(&words, texts[i], strlen(texts[i])), i);
        assert_int_equal(data_words_add(&words, texts[i], strlen(texts[i])), i);
    }
    assert_int_equal(words.count, 4);
    data_words_free(&words);
}

/* The longest row of slots that are taken, which a search may have to walk. */
static size_t longest_walk(const data_words *words)
{
    size_t longest = 0, length = 0;
    for (size_t i = 0; i < words->slots; i++) {
        length = words->slot[i] >= 0 ? length + 1 : 0;
        if (length > longest) longest = length;
    }
    return longest;
}

/* Words that all ask for the same few slots of one set are scattered in another, also if they are long. */
static void test_no_words_are_slow_everywhere(void **state)
{
    (void)state;
    enum { TRIED = 400000, FEW = 16, SLOTS = 4096 };
    data_words known = { 0 }, chosen = { 0 }, next = { 0 };
    char word[128];
    for (int i = 0; i < TRIED; i++) {
        const int size = snprintf(word, sizeof word, "%0*d", i % 2 ? 8 : 100, i);
        const int32_t number = data_words_add(&known, word, (size_t)size);
        assert_int_equal(number, i);
        if (known.word[number].hash % SLOTS >= FEW) continue;
        chosen.seed = known.seed;
        assert_true(data_words_add(&chosen, word, (size_t)size) >= 0);
        assert_true(data_words_add(&next, word, (size_t)size) >= 0);
    }
    assert_int_not_equal(known.seed, next.seed);
    assert_in_range(chosen.count, 1300, 1900); // 1,562 on average
    assert_int_equal(chosen.slots, SLOTS);
    assert_true(longest_walk(&chosen) > 1000); // so words can be chosen by who knows the seed
    assert_true(longest_walk(&next) < 100);
    data_words_free(&known);
    data_words_free(&chosen);
    data_words_free(&next);
}

static void test_too_many_words(void **state)
{
    (void)state;
    data_words words = { 0 };
    assert_int_equal(data_words_add(&words, "a", (size_t)UINT32_MAX + 1), -1); // not looked at
    words.bytes_used = SIZE_MAX - 1;
    assert_int_equal(data_words_add(&words, "a", 1), -1);
    words.bytes_used = 0;
    words.count = DATA_MAX_WORDS;
    assert_int_equal(data_words_add(&words, "a", 1), -1);
    assert_null(words.bytes);
    data_words_free(&words);
}

static void test_vocabulary(void **state)
{
    (void)state;
    char text[16] = "untouched";
    size_t size = 0;
    data_vocabulary *none = data_vocabulary_parse("", 0, NULL), *two = data_vocabulary_parse("film\nbad", 8, NULL);
    assert_non_null(none);
    assert_non_null(two);
    assert_int_equal(data_vocabulary_count(none), 0);
    assert_int_equal(data_vocabulary_index(none, "film", 4), DATA_UNKNOWN);
    assert_int_equal(data_vocabulary_write(none, DATA_ALL_WORDS, text, sizeof text), 0);
    assert_string_equal(text, "untouched");
    assert_int_equal(data_vocabulary_write(two, 0, text, sizeof text), 0);
    assert_string_equal(text, "untouched");
    assert_int_equal(data_vocabulary_write(two, 3, text, sizeof text), 9); // more than there are
    assert_memory_equal(text, "film\nbad\n", 9);
    assert_string_equal(data_vocabulary_word(two, DATA_START, NULL), "<start>");
    assert_string_equal(data_vocabulary_word(two, DATA_START, &size), "<start>");
    assert_int_equal(size, 7);
    assert_string_equal(data_vocabulary_word(two, 5, NULL), "bad");
    data_vocabulary_destroy(none);
    data_vocabulary_destroy(two);
    data_vocabulary_destroy(NULL);
}

/* --- a corpus ----------------------------------------------------------------------------------------------------- */

static void test_corpus_size(void **state)
{
    (void)state;
    static const struct {
        int count[DATA_PARTS];
        int64_t words[DATA_PARTS];
    } refused[] = {
        { { 1, -1 }, { 1, 1 } },
        { { 1, 1 }, { 1, -1 } },
        { { 1, 1 }, { INT64_MAX, 1 } },                 // its bytes
        { { 1, 1 }, { INT64_MAX / 4, INT64_MAX / 4 } }, // the sum, with that of reviews
        { { 1, 100 }, { INT64_MAX / 2 - 100, 0 } },     // with the second part's offsets
        { { 1, 50 }, { INT64_MAX / 2 - 111, 0 } },      // with its labels
    };
    data_corpus corpus = { 0 };
    size_t size = 7;
    assert_true(data_corpus_size((const int[]){ 2, 1 }, (const int64_t[]){ 5, 0 }, &size));
    assert_int_equal(size, 8 * (3 + 2) + 4 * 5 + 3);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        data_error error = { 0 };
        assert_false(data_corpus_size(refused[i].count, refused[i].words, &size));
        assert_int_equal(data_corpus_allocate(refused[i].count, refused[i].words, &corpus, &error), DATA_ERR_MEMORY);
        assert_non_null(strstr(error.text, "reviews: expected 18446744073709551615 bytes of memory, got none"));
        assert_null(corpus.block);
    }
    assert_int_equal(size, 8 * (3 + 2) + 4 * 5 + 3);
    data_corpus_builder_destroy(NULL);
}

static void test_keys(void **state)
{
    (void)state;
    static const char *const none[] = { "train/neg/.txt",
                                        "train/neg/0.tx",
                                        "train/neg/long.name",
                                        "train/neg/a/0.txt",
                                        "train/unsup/0.txt",
                                        "neg/0.txt",
                                        "" };
    data_corpus_builder *builder = data_corpus_builder_create(NULL);
    data_error error = { 0 };
    int part = -1, label = -1;
    assert_true(data_parse_key("test/pos/0.txt", &part, &label));
    assert_int_equal(part, DATA_TEST);
    assert_int_equal(label, 1);
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        assert_false(data_parse_key(none[i], &part, &label));
        assert_int_equal(data_corpus_builder_add(builder, none[i], "text", 4, &error), DATA_ERR_FORMAT);
        assert_non_null(strstr(error.text, "path: expected (train|test)/(neg|pos)/*.txt, got another"));
    }
    data_corpus corpus = { 0 };
    assert_int_equal(data_corpus_builder_finish(builder, "here", &corpus, &error), DATA_ERR_FORMAT);
    assert_string_equal(error.text, "here:0: train/neg: expected reviews, got none");
    data_corpus_builder_destroy(builder);
}

/* Reviews without a single word are reviews. */
static void test_reviews_without_words(void **state)
{
    (void)state;
    static const char *const keys[] = { "test/pos/0.txt", "train/neg/0.txt", "test/neg/0.txt", "train/pos/0.txt" };
    data_corpus_builder *builder = data_corpus_builder_create(NULL);
    data_corpus corpus = { 0 };
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(data_corpus_builder_add(builder, keys[i], " ... ", i, NULL), DATA_OK);
    assert_int_equal(data_corpus_builder_finish(builder, "here", &corpus, NULL), DATA_OK);
    for (int p = 0; p < DATA_PARTS; p++) {
        assert_int_equal(corpus.part[p].count, 2);
        assert_memory_equal(corpus.part[p].offsets, ((int64_t[]){ 0, 0, 0 }), 3 * sizeof(int64_t));
        assert_memory_equal(corpus.part[p].labels, ((uint8_t[]){ 0, 1 }), 2);
    }
    assert_int_equal(data_vocabulary_count(corpus.vocabulary), 0);
    data_corpus_free(&corpus);
    data_corpus_builder_destroy(builder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes_do_not_wrap),
        cmocka_unit_test(test_growing_array),
        cmocka_unit_test(test_same_hash),
        cmocka_unit_test(test_no_words_are_slow_everywhere),
        cmocka_unit_test(test_too_many_words),
        cmocka_unit_test(test_vocabulary),
        cmocka_unit_test(test_corpus_size),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_reviews_without_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
