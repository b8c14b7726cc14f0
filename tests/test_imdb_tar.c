/* Archives and folders of reviews at their edges: names, links and ends that the readers tell apart. Fault row 25's
   refusals of whole classes of archives are in test_imdb_refusals.c. */
#include "imdb_refused.h"
#include "tar.h"
#include "temp.h"

#include <kvist/data.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void add_reviews(tar *t, const char *folder)
{
    static const char *const keys[] = { "train/neg/0.txt", "train/pos/0.txt", "test/neg/0.txt", "test/pos/0.txt" };
    for (int i = 0; i < 4; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s%s", folder, keys[i]);
        tar_file(t, path, i % 2 ? "a good film" : "a bad film");
    }
}

static const char *finish(tar *t, const char *name, size_t zeros)
{
    char *more = calloc(zeros + 1, 1);
    assert_non_null(more);
    tar_end(t);
    t->bytes = realloc(t->bytes, t->size + zeros);
    assert_non_null(t->bytes);
    memcpy(t->bytes + t->size, more, zeros);
    const char *path = temp_write_gz(&temp_here, name, t->bytes, t->size + zeros);
    free(more);
    tar_free(t);
    return path;
}

static void accepts(const char *path, int train)
{
    data_imdb imdb = { 0 };
    data_error error = { 0 };
    if (data_imdb_load(path, &(data_imdb_def){ .no_shuffle = true }, &imdb, &error) != DATA_OK)
        fail_msg("%s", error.text);
    assert_int_equal(imdb.train.count, train);
    assert_int_equal(imdb.test.count, 2);
    assert_memory_equal(imdb.test.labels, ((float[]){ 0, 1 }), 2 * sizeof(float));
    data_imdb_free(&imdb);
}

static void refuses(const char *path, uint64_t offset, const char *text)
{
    imdb_check_refused(path, NULL, DATA_ERR_FORMAT, offset, text);
}

static void test_names(void **state)
{
    (void)state;
    tar t = { 0 };
    add_reviews(&t, ""); // without a folder around them
    accepts(finish(&t, "bare.tar.gz", 0), 2);
    add_reviews(&t, "..x/");
    tar_file(&t, "..x/train/neg/1.txt", "another");
    tar_file(&t, "train/README", "of two components");
    accepts(finish(&t, "dots.tar.gz", 0), 3);
    add_reviews(&t, "a/");
    tar_file(&t, "a/train/..", "another");
    refuses(finish(&t, "up.tar.gz", 0), 4 * 1024, "path: expected a relative one without \"..\", got a/train/..");
}

// Of a tar's own kind of link, which may bring content.
static void test_hard_link_with_content(void **state)
{
    (void)state;
    tar t = { 0 };
    add_reviews(&t, "a/");
    tar_entry(&t, "a/train/neg/1.txt", '1', "text", 4, 4);
    refuses(finish(&t, "link.tar.gz", 0), 4 * 1024,
            "type of a/train/neg/1.txt: expected a file or folder, got a link or device");
}

// In the locale of a program that sets none.
static void test_name_in_utf8(void **state)
{
    (void)state;
    static const char pax[] = "27 path=a/train/neg/\xc3\xa4.txt\n";
    tar t = { 0 };
    add_reviews(&t, "a/");
    tar_entry(&t, "a/pax", 'x', pax, sizeof pax - 1, sizeof pax - 1);
    tar_file(&t, "a/train/neg/1.txt", "another");
    accepts(finish(&t, "utf8.tar.gz", 0), 3);
}

// tar fills its last record; what pads it is read to the end.
static void test_long_end(void **state)
{
    (void)state;
    tar t = { 0 };
    add_reviews(&t, "a/");
    accepts(finish(&t, "padded.tar.gz", 200000), 2);
}

static void test_empty_folder(void **state)
{
    (void)state;
    const char *path = temp_path(&temp_here, "empty");
    assert_int_equal(mkdir(path, 0700), 0);
    imdb_check_refused(path, NULL, DATA_ERR_IO, 0, "empty/train/neg: cannot open folder: No such file or directory");
}

static void test_no_destination(void **state)
{
    (void)state;
    data_error error = { 0 };
    assert_int_equal(data_imdb_load(NULL, NULL, NULL, &error), DATA_ERR_ARGUMENT);
    assert_string_equal(error.text, "imdb: expected a destination, got NULL");
    data_imdb_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),        cmocka_unit_test(test_hard_link_with_content),
        cmocka_unit_test(test_name_in_utf8), cmocka_unit_test(test_long_end),
        cmocka_unit_test(test_empty_folder), cmocka_unit_test(test_no_destination),
    };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
