/* Sets of reviews that are refused: what is no file (row 14 of docs/faults.md), what is missing (23), archives that
   lead out, lie or are cut (25). Status, offset and reason are told, and the destination stays as it was. */
#include "imdb_refused.h"
#include "imdb_set.h"
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

static void refuse(const char *path, data_status status, uint64_t offset, const char *text)
{
    imdb_check_refused(path, NULL, status, offset, text);
}

/* What never ends, or waits for a writer: as the set, its cache and a review. */
static void test_14_not_a_file(void **state)
{
    (void)state;
    const char *fifo = temp_path(&temp_here, "fifo");
    struct stat info;
    data_imdb imdb;
    data_error error = { 0 };
    assert_int_equal(mkfifo(fifo, 0600), 0);
    refuse(fifo, DATA_ERR_IO, 0, "fifo:0: file: expected a regular file, got a FIFO");
    refuse("/dev/zero", DATA_ERR_IO, 0, "/dev/zero:0: file: expected a regular file, got a device");
    const data_imdb_def cached = { .cache = fifo };
    assert_int_equal(data_imdb_load(imdb_set_archive("fifo.tar.gz"), &cached, &imdb, &error), DATA_OK);
    assert_int_equal(imdb.cache, DATA_CACHE_FAILED);
    assert_int_equal(imdb.train.count, 4);
    data_imdb_free(&imdb);
    assert_int_equal(stat(fifo, &info), 0);
    assert_true(S_ISFIFO(info.st_mode));
    imdb_set_folder("pipes");
    assert_int_equal(mkfifo(temp_path(&temp_here, "pipes/test/pos/8_8.txt"), 0600), 0);
    refuse(temp_path(&temp_here, "pipes"), DATA_ERR_IO, 0,
           "pipes/test/pos/8_8.txt:0: file: expected a regular file, got a FIFO");
}

static void test_23_missing_parts(void **state)
{
    (void)state;
    tar t = { 0 };
    refuse(temp_path(&temp_here, "nowhere"), DATA_ERR_IO, 0, "nowhere: cannot open: No such file or directory");
    imdb_set_folder("part");
    assert_int_equal(rename(temp_path(&temp_here, "part/train/neg"), temp_path(&temp_here, "kept")), 0);
    refuse(temp_path(&temp_here, "part"), DATA_ERR_IO, 0,
           "part/train/neg: cannot open folder: No such file or directory");
    assert_int_equal(mkdir(temp_path(&temp_here, "part/train/neg"), 0777), 0);
    refuse(temp_path(&temp_here, "part"), DATA_ERR_FORMAT, 0, "part:0: train/neg: expected reviews, got none");
    // A file that cannot be read: here a link to nothing, and a folder of that name.
    imdb_set_folder("dangling");
    const char *review = temp_path(&temp_here, "dangling/test/pos/8_8.txt");
    assert_int_equal(symlink("nothing", review), 0);
    refuse(temp_path(&temp_here, "dangling"), DATA_ERR_IO, 0,
           "dangling/test/pos/8_8.txt: cannot open: No such file or directory");
    assert_int_equal(unlink(review), 0);
    assert_int_equal(mkdir(review, 0777), 0);
    refuse(temp_path(&temp_here, "dangling"), DATA_ERR_IO, 0,
           "dangling/test/pos/8_8.txt:0: file: expected a regular file, got a directory");
    tar_file(&t, "aclImdb/train/pos/0_9.txt", "one class only");
    tar_end(&t);
    refuse(imdb_set_write("one.tar.gz", &t), DATA_ERR_FORMAT, 0, "one.tar.gz:0: train/neg: expected reviews, got none");
}

/* --- 25: archives ------------------------------------------------------------------------------------------------- */

enum { WHOLE = 11264 }; // bytes of the set as a tar

static void refuse_entry(const char *path, char type, const char *text)
{
    tar t = { 0 };
    imdb_set_add(&t, 0);
    const size_t offset = t.size;
    tar_entry(&t, path, type, "x", type == '0' ? 1 : 0, type == '0' ? 1 : 0);
    tar_end(&t);
    refuse(imdb_set_write("entry.tar.gz", &t), DATA_ERR_FORMAT, offset, text);
}

static void test_25_tar_paths_and_links(void **state)
{
    (void)state;
    static const char up[] = "aclImdb/../../etc/train/pos/0_1.txt",
                      link[] = "type of aclImdb/train/pos/5_5.txt: expected a file or folder, got a link or device";
    refuse_entry(up, '0', "path: expected a relative one without \"..\", got aclImdb/../../etc/train/pos/0_1.txt");
    refuse_entry("../train/pos/0_1.txt", '0', "path: expected a relative one without \"..\", got ../train/pos/0_1.txt");
    refuse_entry("aclImdb/train/pos/..", '5', "path: expected a relative one without \"..\", got aclImdb/train/pos/..");
    refuse_entry("/train/pos/0_1.txt", '0', "path: expected a relative one without \"..\", got /train/pos/0_1.txt");
    refuse_entry("a/\x1b[2J\n/../x", '0', // found by fuzzing
                 "path: expected a relative one without \"..\", got a/?[2J?/../x");
    refuse_entry("aclImdb/train/pos/5_5.txt", '1', link);
    refuse_entry("aclImdb/train/pos/5_5.txt", '2', link);
    refuse_entry("aclImdb/train/pos/5_5.txt", '6', link); // a FIFO
}

static void test_25_tar_twice(void **state)
{
    (void)state;
    static const char *const paths[] = { "aclImdb/train/pos/2_9.txt", "other/train/pos/2_9.txt" };
    for (int i = 0; i < 2; i++) {
        tar t = { 0 };
        imdb_set_add(&t, 0);
        tar_file(&t, paths[i], "x");
        tar_end(&t);
        refuse(imdb_set_write("twice.tar.gz", &t), DATA_ERR_FORMAT, 0, "train/pos/2_9.txt: expected once, got twice");
    }
}

/* At the entry if its text ends too early, else where the next one should begin. */
static void test_25_tar_sizes(void **state)
{
    (void)state;
    static const struct {
        size_t told, after; // bytes from the entry's begin
    } lies[] = { { 0, 512 }, { 600, 512 + 1024 }, { 5000, 0 }, { 077777777777, 0 } };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        tar t = { 0 };
        char text[1200];
        memset(text, 'a', sizeof text);
        imdb_set_add(&t, 0);
        const size_t offset = t.size + lies[i].after;
        tar_entry(&t, "aclImdb/test/pos/9_9.txt", '0', text, sizeof text, lies[i].told);
        tar_file(&t, "aclImdb/test/pos/9_8.txt", "the last");
        tar_end(&t);
        refuse(imdb_set_write("lie.tar.gz", &t), DATA_ERR_FORMAT, offset, "tar: expected a whole archive, got: ");
    }
}

/* Where a tar that ends after so many bytes is found cut: at the review whose text is not whole, else at its end. */
static size_t place_of_cut(const tar *t, size_t size)
{
    enum { BLOCK = 512 };
    const size_t block = size / BLOCK * BLOCK; // the first that is not whole
    const char *header = t->bytes + block - BLOCK;
    const bool in_text = t->bytes[block] && memcmp(t->bytes + block + 257, "ustar", 5) != 0;
    const bool review = strstr(header, "/neg/") || strstr(header, "/pos/");
    return in_text && review ? block - BLOCK : size;
}

static void test_25_tar_truncated(void **state)
{
    (void)state;
    tar t = { 0 };
    imdb_set_add(&t, 0);
    tar_end(&t);
    // Packed after the cut: gzip sees nothing wrong. At every block up to the end mark, and within each.
    for (size_t size = 512; size <= t.size - 1024; size += 256)
        refuse(temp_write_gz(&temp_here, "cut.tar.gz", t.bytes, size), DATA_ERR_FORMAT, place_of_cut(&t, size),
               "tar: expected ");
    tar_free(&t);
}

static void test_25_tar_packed_and_truncated(void **state)
{
    (void)state;
    size_t packed;
    uint64_t last = 0;
    unsigned char *bytes = temp_read(imdb_set_archive("set.tar.gz"), &packed);
    refuse(temp_write(&temp_here, "cut.tar.gz", bytes, 1), DATA_ERR_FORMAT, 1, "tar: expected a whole archive, got:");
    // How much of the content comes out before the cut is zlib's business; never less of a longer file.
    for (size_t size = 2; size < packed; size++)
        last = imdb_check_refused_within(temp_write(&temp_here, "cut.tar.gz", bytes, size), NULL, DATA_ERR_FORMAT, last,
                                         WHOLE, "gzip: expected a whole member, got the end of the file within");
    assert_int_equal(last, WHOLE);
    free(bytes);
}

static void test_25_tar_ends(void **state)
{
    (void)state;
    tar t = { 0 };
    imdb_set_add(&t, 0);
    tar_end(&t);
    tar_file(&t, "aclImdb/train/pos/5_5.txt", "after the end");
    refuse(imdb_set_write("after.tar.gz", &t), DATA_ERR_FORMAT, WHOLE - 1024,
           "tar: expected zero bytes alone after the last entry, got others up to byte 11789");
    // Half a mark, and none.
    for (size_t mark = 0; mark < 1024; mark += 512) {
        char text[64];
        imdb_set_add(&t, 0);
        tar_end(&t);
        t.size -= 1024 - mark;
        snprintf(text, sizeof text, "tar: expected 1024 zero bytes at the end, got %zu", mark);
        refuse(imdb_set_write("half.tar.gz", &t), DATA_ERR_FORMAT, WHOLE - 1024 + mark, text);
    }
    refuse(temp_write(&temp_here, "text.tar.gz", "no archive at all", 17), DATA_ERR_FORMAT, 17,
           "tar: expected a whole archive, got:");
}

/* One archive behind another, as `cat` makes it, is no archive: the second would be lost. Also where it begins in a
   later piece of what is read at once. */
static void test_25_two_tars(void **state)
{
    (void)state;
    enum { MARKS = 64 }; // in a piece
    for (int marks = 1; marks <= 1 + 2 * MARKS; marks += MARKS) {
        tar t = { 0 };
        char text[96];
        imdb_set_add(&t, 0);
        for (int i = 0; i < marks; i++) tar_end(&t);
        tar_file(&t, "aclImdb/train/neg/8_1.txt", "second archive");
        snprintf(text, sizeof text, "tar: expected zero bytes alone after the last entry, got others up to byte %zu",
                 t.size - 512 + strlen("second archive"));
        tar_end(&t);
        refuse(imdb_set_write("two.tar.gz", &t), DATA_ERR_FORMAT, WHOLE - 1024, text);
    }
}

/* --- 25: sparse files --------------------------------------------------------------------------------------------- */

/* A review of 12 bytes, more where there are holes, whose content is put together as these pax headers tell. */
static const char *write_sparse(const char *name, const char *pax, const char *content, size_t size)
{
    tar t = { 0 };
    imdb_set_add(&t, 0);
    tar_entry(&t, "aclImdb/pax", 'x', pax, strlen(pax), strlen(pax));
    tar_entry(&t, name, '0', content, size, size);
    tar_end(&t);
    return imdb_set_write("sparse.tar.gz", &t);
}

static void test_25_tar_sparse(void **state)
{
    (void)state;
    static const char review[] = "aclImdb/train/pos/5_5.txt", words[] = "one good fil",
                      mapped[512 + 12] = "1\n87\n12\n";
    static const struct {
        const char *pax, *text;
    } sparse[] = {
        { "22 GNU.sparse.size=99\n26 GNU.sparse.numblocks=2\n27 GNU.sparse.map=0,5,20,7\n",
          "content of aclImdb/train/pos/5_5.txt: expected it on from byte 5, got a sparse file's from 20" },
        { "22 GNU.sparse.size=99\n26 GNU.sparse.numblocks=1\n23 GNU.sparse.map=0,12\n",
          "expected it on from byte 12, got a sparse file's from 99" },
        { "26 GNU.sparse.realsize=99\n22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n", // the map is in the content
          "expected it on from byte 0, got a sparse file's from 87" },
    };
    refuse(write_sparse(review, sparse[0].pax, words, 12), DATA_ERR_FORMAT, WHOLE - 1024, sparse[0].text);
    refuse(write_sparse(review, sparse[1].pax, words, 12), DATA_ERR_FORMAT, WHOLE - 1024, sparse[1].text);
    refuse(write_sparse(review, sparse[2].pax, mapped, sizeof mapped), DATA_ERR_FORMAT, WHOLE - 1024, sparse[2].text);
    // Two blocks without a hole between them, and what is no review.
    static const char whole[] = "22 GNU.sparse.size=12\n26 GNU.sparse.numblocks=2\n26 GNU.sparse.map=0,5,5,7\n";
    for (int i = 0; i < 2; i++) {
        data_imdb imdb;
        const char *path = write_sparse(i ? "aclImdb/README" : review, i ? sparse[0].pax : whole, words, 12);
        assert_int_equal(data_imdb_load(path, NULL, &imdb, NULL), DATA_OK);
        assert_int_equal(imdb.train.count, i ? 4 : 5);
        data_imdb_free(&imdb);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_14_not_a_file),
        cmocka_unit_test(test_23_missing_parts),
        cmocka_unit_test(test_25_tar_paths_and_links),
        cmocka_unit_test(test_25_tar_sizes),
        cmocka_unit_test(test_25_tar_truncated),
        cmocka_unit_test(test_25_tar_twice),
        cmocka_unit_test(test_25_tar_packed_and_truncated),
        cmocka_unit_test(test_25_tar_ends),
        cmocka_unit_test(test_25_two_tars),
        cmocka_unit_test(test_25_tar_sparse),
    };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
