/* Archives of arrays with a fault, as the reader of reviews refuses them: the zip (row 15 of docs/faults.md), the
   header of an array (16), the pickle in it (17; each of its own faults in test_pickle.c and test_pickle_machine.c),
   labels. */
#include "imdb_refused.h"
#include "npz_reviews.h"
#include "temp.h"

#include "pickle.h" // and the library's zip.h
#include <kvist/data.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void refuse(npz_change *c, uint64_t offset, const char *text)
{
    imdb_check_refused(npz_write("bad.npz", c), NULL, DATA_ERR_FORMAT, offset, text);
    npz_free(&c->lists);
    npz_free(&c->labels);
}

static void test_by_hand(void **state)
{
    (void)state;
    npz_change c = { 0 };
    npz_check_good(npz_write("good.npz", &c));
    npz_check_good(npz_write("any-name.tar.gz", &c)); // told by its content
    c.member = (zip_member){ .method = 8, .zip64 = true };
    npz_check_good(npz_write("above/imdb.npz", &c));
    npz_check_good(temp_path(&temp_here, "above"));
}

/* --- 15: the zip -------------------------------------------------------------------------------------------------- */

static void test_15_zip(void **state)
{
    (void)state;
    static const struct {
        zip_member told;
        const char *text;
    } faults[] = {
        { { .flags = 1 }, "bad.npz(x_train.npy):0: zip: expected no encryption, got an encrypted member" },
        { { .flags = 1, .method = 99 }, "zip: expected" },
        { { .method = 12 }, "bad.npz(x_train.npy):0: zip: expected it stored or deflated, got ZIP 2.0 (bzip)" },
        { { .method = 6 }, "bad.npz(x_train.npy):0: zip: expected it stored or deflated, got ZIP 2.0 (imploded)" },
    };
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        refuse(&(npz_change){ .member = faults[i].told }, 0, faults[i].text);
    refuse(&(npz_change){ .twice = true }, 0, "bad.npz(x_train.npy):0: zip: expected the member once, got it twice");
    refuse(&(npz_change){ .missing = true }, 0, "bad.npz:0: y_test.npy: expected it in the archive, got none");
}

enum { MEMBER = 297 }; /* bytes of x_train.npy */

/* Told by the archive before a member is read, or of the member: where the shorter of lie and truth ends, if it is
   stored; where libarchive notices it, if it is packed. */
static void refuse_lie(const zip_member *told, int64_t lie)
{
    const char *path = npz_write("lie.npz", &(npz_change){ .member = *told });
    const bool both = told->more_size && told->more_packed && lie > 0;
    if (told->local_size || lie < INT32_MIN) {
        imdb_check_refused(path, NULL, DATA_ERR_FORMAT, 0, "lie.npz:0: zip: expected a whole archive, got: ");
    } else if (told->method == 0) {
        imdb_check_refused(path, NULL, DATA_ERR_FORMAT, (uint64_t)(lie < 0 ? MEMBER + lie : MEMBER),
                           both ? "content: expected the end of the member, got more bytes" : "zip: expected ");
    } else {
        imdb_check_refused_within(path, NULL, DATA_ERR_FORMAT, 0, MEMBER, "zip: expected ");
    }
}

static void test_15_lying_sizes(void **state)
{
    (void)state;
    static const int64_t lies[] = {
        1, -1, 40, -40, 100000, 0x7fffffff, (int64_t)1 << 40, INT64_MAX / 2, INT64_MIN / 2
    };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        for (int way = 0; way < 4; way++) {
            const int64_t lie = lies[i];
            const int method = way & 1 ? 8 : 0;
            const bool zip64 = way & 2;
            if (!zip64 && (lie > INT32_MAX || lie < INT32_MIN)) continue;
            refuse_lie(&(zip_member){ .method = method, .zip64 = zip64, .more_size = lie }, lie);
            refuse_lie(&(zip_member){ .method = method, .zip64 = zip64, .more_packed = lie }, lie);
            refuse_lie(&(zip_member){ .method = method, .zip64 = zip64, .more_size = lie, .more_packed = lie }, lie);
            refuse_lie(&(zip_member){ .method = method, .zip64 = zip64, .local_size = lie }, lie);
        }
    }
    refuse(&(npz_change){ .member = { .local_crc = 1 } }, 0, "bad.npz:0: zip: expected a whole archive, got:");
    refuse_lie(&(zip_member){ .more_crc = 1 }, 1);
    refuse_lie(&(zip_member){ .method = 8, .more_crc = 1 }, 1);
}

/* Without the four bytes that tell a zip it is no tar either. */
static void test_15_truncated(void **state)
{
    (void)state;
    size_t size;
    unsigned char *bytes = temp_read(npz_write("whole.npz", &(npz_change){ .member = { .method = 8 } }), &size);
    for (size_t cut = 0; cut < size; cut++)
        imdb_check_refused(temp_write(&temp_here, "cut.npz", bytes, cut), NULL, DATA_ERR_FORMAT, cut < 4 ? cut : 0,
                           cut == 0  ? "file: expected some content, got an empty file"
                           : cut < 4 ? "tar: expected a whole archive, got: "
                                     : "zip: expected a whole archive, got: ");
    free(bytes);
}

/* A flipped byte may lie in a date or in notes.txt; what loads is what was there. */
static void test_15_flipped(void **state)
{
    (void)state;
    size_t size;
    unsigned char *bytes = temp_read(npz_write("whole.npz", &(npz_change){ .member = { .method = 8 } }), &size);
    for (size_t i = 4; i < size; i++) {
        data_imdb imdb;
        bytes[i] ^= (unsigned char)(1 << i % 8);
        const char *path = temp_write(&temp_here, "flip.npz", bytes, size);
        bytes[i] ^= (unsigned char)(1 << i % 8);
        if (data_imdb_load(path, NULL, &imdb, NULL) == DATA_OK) {
            data_imdb_free(&imdb);
            npz_check_good(path);
        } else {
            imdb_check_refused_within(path, NULL, DATA_ERR_FORMAT, 0, MEMBER, ": expected ");
        }
    }
    free(bytes);
}

/* --- 16: the header of an array ----------------------------------------------------------------------------------- */

static void refuse_start(const char *start, size_t size, uint64_t offset, const char *text)
{
    npz_change c = { 0 };
    npz_put(&c.lists, start, size);
    refuse(&c, offset, text);
}

static void refuse_header(const char *text, size_t at, const char *why)
{
    npz_change c = { 0 };
    const size_t size = strlen(text) + 1;
    const unsigned char length[2] = { (unsigned char)size, (unsigned char)(size >> 8) };
    npz_put(&c.lists, "\x93NUMPY\1\0", 8);
    npz_put(&c.lists, length, 2);
    npz_put(&c.lists, text, size - 1);
    npz_put(&c.lists, "\n", 1);
    refuse(&c, 10 + at, why);
}

static void test_16_npy_header(void **state)
{
    (void)state;
    refuse_start("\x93NUMPX\1\0\0\0", 10, 0, "(x_train.npy):0: npy: expected \\x93NUMPY, got another file");
    refuse_start("\x93NUMPY\4\0\0\0", 10, 6, "npy: expected version 1.0, 2.0 or 3.0, got 4.0");
    refuse_start("\x93NUMPY\1\1\0\0", 10, 6, "npy: expected version 1.0, 2.0 or 3.0, got 1.1");
    refuse_start("\x93NUMPY\1\0\x11\x27", 10, 8, "header: expected at most 10000 bytes, got 10001");
    refuse_start("\x93NUMPY\2\0\xff\xff\xff\xff", 12, 8, "header: expected at most 10000 bytes, got 4294967295");
    refuse_start("\x93NUMPY\3\0\x11\x27\0\0", 12, 8, "header: expected at most 10000 bytes, got 10001");
    refuse_start("\x93NUMPY\0\0\0\0", 10, 6, "npy: expected version 1.0, 2.0 or 3.0, got 0.0");
    refuse_start("\x93NUMPY\1\0\x20", 9, 8, "npy: expected 2 bytes, got 1");
    refuse_start("\x93NUM", 4, 0, "npy: expected 8 bytes, got 4");
    refuse_start("\x93NUMPY\1\0\x20\0{'", 12, 10, "header: expected 32 bytes, got 2");
    static const char each[] = "header: expected descr, fortran_order and shape, each once, got";
    refuse_header("['descr': '|O'}", 0, "header: expected '{', got ['descr'");
    refuse_header("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", 10, "expected the type '|O', got '<f8'");
    refuse_header("{'descr': '|O', 'fortran_order': 0, 'shape': (2,), }", 33, "expected True or False, got 0,");
    refuse_header("{'descr': '|O', 'fortran_order': False, 'shape': (2, 3), }", 53,
                  "expected a shape of one dimension");
    refuse_header("{'descr': '|O', 'fortran_order': False, 'shape': (), }", 50, "expected a shape of one dimension");
    refuse_header("{'descr': '|O', 'fortran_order': False, 'shape': (-2,), }", 50, "expected a shape of one dimension");
    refuse_header("{'descr': '|O', 'fortran_order': False, 'shape': (99999999999,), }", 50, "a size below 2147483647");
    refuse_header("{'descr': '|O', 'descr': '|O', 'shape': (2,), }", 16, each);
    refuse_header("{'descr': '|O', 'shape': (2,), }", 32, each);
    refuse_header("{'descr': '|O', 'fortran_order': False, 'shape': (2,), 'x': 1}", 55, each);
    refuse_header("{'descr' '|O', 'fortran_order': False, 'shape': (2,), }", 9, "header: expected ':', got '|O'");
    refuse_header("{'descr': '|O' 'fortran_order': False, 'shape': (2,), }", 15, "header: expected ',' or '}'");
    refuse_header("{'descr': '|O', 'fortran_order': False, 'shape': (2,), } x", 57,
                  "expected spaces and a newline, got x");
}

// That header, of a version of the format, is taken.
static void accept_header(int version, const char *text, size_t size)
{
    npz_change c = { 0 };
    npz_bytes whole = { 0 };
    const unsigned char start[8] = { 0x93, 'N', 'U', 'M', 'P', 'Y', (unsigned char)version, 0 };
    const unsigned char length[4] = { (unsigned char)size, (unsigned char)(size >> 8), 0, 0 };
    npz_lists(&whole, 2, NPZ_GOOD_ROWS, sizeof NPZ_GOOD_ROWS - 1);
    npz_put(&c.lists, start, 8);
    npz_put(&c.lists, length, version == 1 ? 2 : 4);
    npz_put(&c.lists, text, size);
    npz_put(&c.lists, whole.bytes + NPZ_HEADER, whole.size - NPZ_HEADER);
    npz_check_good(npz_write("version.npz", &c));
    npz_free(&c.lists);
    npz_free(&whole);
}

static void test_npy_headers(void **state)
{
    (void)state;
    static const char text[] = "{\"shape\":(2L,),'fortran_order':True,'descr':\"|O\"}  \n";
    for (int version = 1; version <= 3; version++) accept_header(version, text, sizeof text - 1);
    static char longest[10000];
    memset(longest, ' ', sizeof longest);
    memcpy(longest, text, sizeof text - 2);
    longest[sizeof longest - 1] = '\n';
    accept_header(1, longest, sizeof longest);
}

/* --- 17: what is in an array, and what follows ---------------------------------------------------------------------
 */

static void test_17_pickle(void **state)
{
    (void)state;
    static const char system[] = "\x80\2cposix\nsystem\nU\4echo\x85R.";
    npz_change c = { 0 };
    npz_header(&c.lists, "|O", 2);
    npz_put(&c.lists, system, sizeof system - 1);
    refuse(&c, NPZ_HEADER + 2, "bad.npz(x_train.npy):130: text: expected one that numpy writes, got posix");
    // The shape in the pickle is another than that of the header.
    npz_lists(&c.lists, 2, NPZ_GOOD_ROWS, sizeof NPZ_GOOD_ROWS - 1);
    memcpy(c.lists.bytes + 10, "{'descr': '|O', 'fortran_order': False, 'shape': (3,)", 53);
    refuse(&c, c.lists.size - 2, "build: expected an array of 3 lists or its type, got another state");
}

static void test_bytes_after_the_pickle(void **state)
{
    (void)state;
    npz_change c = { 0 };
    npz_lists(&c.lists, 2, NPZ_GOOD_ROWS, sizeof NPZ_GOOD_ROWS - 1);
    const size_t size = c.lists.size;
    npz_put(&c.lists, "x", 1);
    refuse(&c, size, "content: expected the end of the member, got more bytes");
}

/* What libarchive handed out is used up to its end, and more comes. */
static void test_more_content(void **state)
{
    (void)state;
    enum { SIZE = 1 << 20 };
    char *content = calloc(SIZE, 1);
    assert_non_null(content);
    zip z = { 0 };
    data_zip *opened;
    data_member *member;
    data_error error = { 0 };
    zip_add(&z, &(zip_member){ .name = "p", .content = content, .size = SIZE });
    zip_end(&z);
    const char *path = temp_write(&temp_here, "long.npz", z.bytes, z.size);
    zip_free(&z);
    free(content);
    assert_int_equal(data_zip_open(path, &opened, &error), DATA_OK);
    assert_int_equal(data_zip_next(opened, &member), DATA_OK);
    assert_true(data_member_fill(member));
    member->at = member->end;
    const uint64_t offset = data_member_offset(member);
    assert_in_range(offset, 1, SIZE - 1);
    assert_int_equal(data_member_finish(member), DATA_ERR_FORMAT);
    assert_non_null(strstr(error.text, "content: expected the end of the member, got more bytes"));
    assert_int_equal(error.offset, offset);
    data_zip_close(opened);
}

static void test_labels(void **state)
{
    (void)state;
    npz_change c = { 0 };
    npz_labels(&c.labels, 2);
    c.labels.bytes[NPZ_HEADER + 8] = 2;
    refuse(&c, NPZ_HEADER + 8, "bad.npz(y_train.npy):136: label 1: expected 0 or 1, got 2");
    npz_labels(&c.labels, 2);
    c.labels.bytes[NPZ_HEADER + 7] = 0x80;
    refuse(&c, NPZ_HEADER, "label 0: expected 0 or 1, got -9223372036854775808");
    npz_labels(&c.labels, 3);
    refuse(&c, 0, "bad.npz:0: y_train: expected a label for each of 2 reviews, got 3");
    npz_labels(&c.labels, 2);
    c.labels.size -= 3;
    refuse(&c, NPZ_HEADER + 8, "label: expected 8 bytes, got 5");
    npz_labels(&c.labels, 2);
    npz_put(&c.labels, "", 1);
    refuse(&c, NPZ_HEADER + 16, "content: expected the end of the member");
    npz_header(&c.labels, "<f8", 2);
    refuse(&c, 20, "header: expected the type '<i8', got '<f8'");
    npz_labels(&c.labels, 0);
    npz_lists(&c.lists, 0, "", 0);
    refuse(&c, 0, "bad.npz:0: x_train: expected reviews, got none");
    imdb_check_refused(npz_write("good.npz", &c), &(data_imdb_def){ .seed = (uint64_t)1 << 32 }, DATA_ERR_ARGUMENT, 0,
                       "seed: expected at most 4294967295 for an npz, got 4294967296");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_15_zip),
        cmocka_unit_test(test_15_lying_sizes),
        cmocka_unit_test(test_15_truncated),
        cmocka_unit_test(test_15_flipped),
        cmocka_unit_test(test_16_npy_header),
        cmocka_unit_test(test_npy_headers),
        cmocka_unit_test(test_17_pickle),
        cmocka_unit_test(test_bytes_after_the_pickle),
        cmocka_unit_test(test_more_content),
        cmocka_unit_test(test_labels),
    };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
