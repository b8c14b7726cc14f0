/* imdb.npz as Keras ships it: numpy's own files of every protocol, Keras' order and indices, the word index, fault rows
   15 to 20. The first argument is the folder of what tests/make_npz.py wrote. */
#include "imdb_refused.h"
#include "npz.h"
#include "temp.h"
#include "zip.h"

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

static data_imdb load(const char *path, const data_imdb_def *def)
{
    data_imdb imdb;
    data_error error;
    if (data_imdb_load(path, def, &imdb, &error) != DATA_OK) fail_msg("%s", error.text);
    return imdb;
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
    data_imdb imdb = load(kept(archive), def);
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
    data_imdb imdb = load(kept("rows.npz"), &(data_imdb_def){ .no_shuffle = true, .encoding = { .length = 3 } });
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

/* --- archives by hand --------------------------------------------------------------------------------------------- */

/* What a test changes of a good archive of two reviews in each part: {5} and {6, 300}. */
typedef struct change {
    npz_bytes lists;   /* in place of x_train.npy */
    npz_bytes labels;  /* in place of y_train.npy */
    zip_member member; /* how x_train.npy is told */
    bool twice, missing;
} change;

static const char good_rows[] = "]q\17K\5a]q\20(K\6M\x2c\1e";

static const char *write_npz(const char *name, const change *c)
{
    npz_bytes lists = { 0 }, labels = { 0 };
    zip z = { 0 };
    npz_lists(&lists, 2, good_rows, sizeof good_rows - 1);
    npz_labels(&labels, 2);
    const npz_bytes *x = c->lists.bytes ? &c->lists : &lists, *y = c->labels.bytes ? &c->labels : &labels;
    zip_member m = c->member;
    m.name = "x_train.npy";
    m.content = x->bytes;
    m.size = x->size;
    zip_add(&z, &(zip_member){ .name = "notes.txt", .content = "no array", .size = 8 });
    zip_add(&z, &m);
    if (c->twice) zip_add(&z, &m);
    zip_add(&z, &(zip_member){ .name = "y_train.npy", .content = y->bytes, .size = y->size });
    zip_add(&z, &(zip_member){ .name = "x_test.npy", .content = lists.bytes, .size = lists.size, .method = 8 });
    if (!c->missing)
        zip_add(&z, &(zip_member){ .name = "y_test.npy", .content = labels.bytes, .size = labels.size, .zip64 = true });
    zip_end(&z);
    const char *path = temp_write(&temp_here, name, z.bytes, z.size);
    zip_free(&z);
    npz_free(&lists);
    npz_free(&labels);
    return path;
}

static void check_good(const char *path)
{
    data_imdb imdb = load(path, &(data_imdb_def){ .no_shuffle = true });
    assert_int_equal(imdb.train.count, 2);
    assert_int_equal(imdb.test.count, 2);
    assert_memory_equal(imdb.train.indices, ((int32_t[]){ 1, 8, 1, 9, 303 }), 5 * sizeof(int32_t));
    assert_memory_equal(imdb.test.offsets, ((int64_t[]){ 0, 2, 5 }), 3 * sizeof(int64_t));
    assert_memory_equal(imdb.test.labels, ((float[]){ 0, 1 }), 2 * sizeof(float));
    assert_int_equal(imdb.words, 300);
    data_imdb_free(&imdb);
}

static void refuse_with(const char *path, const data_imdb_def *def, data_status status, uint64_t offset,
                        const char *text)
{
    data_error error = { 0 };
    assert_int_equal(imdb_refused(path, def, &error), status);
    assert_int_equal(error.status, status);
    if (!strstr(error.text, text)) fail_msg("expected \"%s\" in: %s", text, error.text);
    if (error.offset != offset)
        fail_msg("expected offset %lu, got %lu: %s", (unsigned long)offset, (unsigned long)error.offset, error.text);
}

static void refuse(change *c, uint64_t offset, const char *text)
{
    refuse_with(write_npz("bad.npz", c), NULL, DATA_ERR_FORMAT, offset, text);
    npz_free(&c->lists);
    npz_free(&c->labels);
}

static void test_by_hand(void **state)
{
    (void)state;
    change c = { 0 };
    check_good(write_npz("good.npz", &c));
    check_good(write_npz("any-name.tar.gz", &c)); // told by its content
    c.member = (zip_member){ .method = 8, .zip64 = true };
    check_good(write_npz("above/imdb.npz", &c));
    check_good(temp_path(&temp_here, "above"));
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
        refuse(&(change){ .member = faults[i].told }, 0, faults[i].text);
    refuse(&(change){ .twice = true }, 0, "bad.npz(x_train.npy):0: zip: expected the member once, got it twice");
    refuse(&(change){ .missing = true }, 0, "bad.npz:0: y_test.npy: expected it in the archive, got none");
}

/* Wherever a lie is found: never loaded, always told as one of the zip. */
static void refuse_lie(const zip_member *told)
{
    data_imdb imdb;
    data_error error = { 0 };
    const char *path = write_npz("lie.npz", &(change){ .member = *told });
    const data_status status = data_imdb_load(path, NULL, &imdb, &error);
    if (status == DATA_OK) data_imdb_free(&imdb);
    assert_int_equal(status, DATA_ERR_FORMAT);
    if (!strstr(error.text, "lie.npz") || !strstr(error.text, "expected")) fail_msg("%s", error.text);
}

static void test_15_lying_sizes(void **state)
{
    (void)state;
    static const int64_t lies[] = {
        1, -1, 40, -40, 100000, 0x7fffffff, (int64_t)1 << 40, INT64_MAX / 2, INT64_MIN / 2
    };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        for (int way = 0; way < 4; way++) {
            const int method = way & 1 ? 8 : 0;
            const bool zip64 = way & 2;
            if (!zip64 && (lies[i] > INT32_MAX || lies[i] < INT32_MIN)) continue;
            refuse_lie(&(zip_member){ .method = method, .zip64 = zip64, .more_size = lies[i] });
            refuse_lie(&(zip_member){ .method = method, .zip64 = zip64, .more_packed = lies[i] });
            refuse_lie(&(zip_member){ .method = method, .zip64 = zip64, .more_size = lies[i], .more_packed = lies[i] });
            refuse_lie(&(zip_member){ .method = method, .zip64 = zip64, .local_size = lies[i] });
        }
    }
    refuse(&(change){ .member = { .local_crc = 1 } }, 0, "bad.npz:0: zip: expected a whole archive, got:");
    refuse_lie(&(zip_member){ .more_crc = 1 });
    refuse_lie(&(zip_member){ .method = 8, .more_crc = 1 });
}

static void test_15_truncated_or_flipped(void **state)
{
    (void)state;
    size_t size;
    unsigned char *bytes = temp_read(write_npz("whole.npz", &(change){ .member = { .method = 8 } }), &size);
    for (size_t cut = 4; cut < size; cut += 3) {
        data_imdb imdb;
        assert_int_equal(data_imdb_load(temp_write(&temp_here, "cut.npz", bytes, cut), NULL, &imdb, NULL),
                         DATA_ERR_FORMAT);
    }
    // A flipped byte may lie in a date or in notes.txt; what loads is what was there.
    for (size_t i = 4; i < size; i++) {
        data_imdb imdb;
        bytes[i] ^= (unsigned char)(1 << i % 8);
        const char *path = temp_write(&temp_here, "flip.npz", bytes, size);
        bytes[i] ^= (unsigned char)(1 << i % 8);
        if (data_imdb_load(path, NULL, &imdb, NULL) != DATA_OK) continue;
        data_imdb_free(&imdb);
        check_good(path);
    }
    free(bytes);
}

/* --- 16: the header of an array ----------------------------------------------------------------------------------- */

static void refuse_start(const char *start, size_t size, uint64_t offset, const char *text)
{
    change c = { 0 };
    npz_put(&c.lists, start, size);
    refuse(&c, offset, text);
}

static void refuse_header(const char *text, size_t at, const char *why)
{
    change c = { 0 };
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

static void test_npy_versions(void **state)
{
    (void)state;
    static const char text[] = "{\"shape\":(2L,),'fortran_order':True,'descr':\"|O\"}  \n";
    for (int version = 1; version <= 3; version++) {
        change c = { 0 };
        npz_bytes whole = { 0 };
        const unsigned char start[8] = { 0x93, 'N', 'U', 'M', 'P', 'Y', (unsigned char)version, 0 };
        const unsigned char length[4] = { sizeof text - 1, 0, 0, 0 };
        npz_lists(&whole, 2, good_rows, sizeof good_rows - 1);
        npz_put(&c.lists, start, 8);
        npz_put(&c.lists, length, version == 1 ? 2 : 4);
        npz_put(&c.lists, text, sizeof text - 1);
        npz_put(&c.lists, whole.bytes + NPZ_HEADER, whole.size - NPZ_HEADER);
        check_good(write_npz("version.npz", &c));
        npz_free(&c.lists);
        npz_free(&whole);
    }
}

/* --- 17 to 20: the pickle ----------------------------------------------------------------------------------------- */

static void refuse_rows_of(int count, const char *rows, size_t size, size_t at, const char *text)
{
    change c = { 0 };
    npz_lists(&c.lists, count, rows, size);
    refuse(&c, npz_rows_at() + at, text);
}
#define REFUSE_ROWS(rows, at, text) refuse_rows_of(2, rows, sizeof(rows) - 1, at, text)

static void refuse_pickle(const char *pickle, size_t size, size_t at, const char *text)
{
    change c = { 0 };
    npz_header(&c.lists, "|O", 2);
    npz_put(&c.lists, pickle, size);
    refuse(&c, NPZ_HEADER + at, text);
}
#define REFUSE_PICKLE(pickle, at, text) refuse_pickle(pickle, sizeof(pickle) - 1, at, text)

/* Every opcode that is none of ours, alone where rows are expected. */
static void test_17_opcodes(void **state)
{
    (void)state;
    static const unsigned char known[] = "().CBJKMNRTUX]abcehjqrt\x85\x86\x87\x88\x89\x8a\x8c\x93\x94\x95";
    char text[96];
    for (int code = 0; code < 256; code++) {
        if (memchr(known, code, sizeof known - 1)) continue;
        const char row = (char)code;
        snprintf(text, sizeof text,
                 "(x_train.npy):%zu: opcode: expected one of a list of lists of integers, got opcode 0x%02x",
                 npz_rows_at(), code);
        refuse_rows_of(2, &row, 1, 0, text);
    }
}

static void test_17_globals_and_calls(void **state)
{
    (void)state;
    // What runs a command where pickles are trusted.
    REFUSE_PICKLE("\x80\2cposix\nsystem\nU\4echo\x85R.", 2, "text: expected one that numpy writes, got posix");
    REFUSE_PICKLE("\x80\4\x8c\5posix\x94\x8c\6system\x94\x93.", 2, "text: expected one that numpy writes, got posix");
    REFUSE_PICKLE("\x80\2cbuiltins\neval\n.", 2, "got builtins");
    REFUSE_PICKLE("\x80\2cnumpy\nencode\n.", 2, "global: expected one of numpy's arrays, got numpy encode");
    REFUSE_PICKLE("\x80\4\x8c\5numpyK\1\x93.", 11, "global: expected two texts, got other values");
    REFUSE_PICKLE("\x80\2cnumpy\ndtype\nU\1b\x85R.", 19, "reduce: expected an array or its type, got another call");
    REFUSE_PICKLE("\x80\2cnumpy\nndarray\nK\2\x85R.", 20, "reduce: expected an array or its type");
    REFUSE_PICKLE("\x80\2cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\1\x85U\1b\x87R.", 60,
                  "reduce: expected an array or its type");
    REFUSE_PICKLE("\x80\2c_codecs\nencode\nU\1bU\1b\x86R.", 25, "reduce: expected an array or its type");
    REFUSE_PICKLE("\x80\2K\1K\2\x86"
                  "b.",
                  7, "build: expected an array of 2 lists or its type, got another state");
    REFUSE_PICKLE("\x80\2"
                  "cnumpy.core.multiarray-and-something-else\n",
                  2, "text: expected fewer than 32 bytes");
    REFUSE_PICKLE("\x80\2X\xff\xff\xff\x7f", 2, "text: expected fewer than 32 bytes, got 2147483647");
    REFUSE_PICKLE("\x80\2U\5a\1\x80z\n.", 2, "text: expected one that numpy writes, got a??z?");
}

static void test_17_shape_of_the_pickle(void **state)
{
    (void)state;
    REFUSE_PICKLE("\x80\1.", 0, "pickle: expected protocol 2 to 5 (0x80 0x02 to 0x05), got 0x80 0x01");
    REFUSE_PICKLE("\x80\6.", 0, "got 0x80 0x06");
    REFUSE_PICKLE("(lp0\n.", 0, "pickle: expected protocol 2 to 5 (0x80 0x02 to 0x05), got 0x28 0x6c");
    REFUSE_PICKLE("\x80\2.", 2, "stop: expected the array alone on the stack, got 0 values");
    REFUSE_PICKLE("\x80\2](K\1e.", 4, "rows: expected lists, got an integer");
    REFUSE_PICKLE("\x80\2t", 2, "tuple: expected a mark of its own, got none");
    REFUSE_PICKLE("\x80\2\x87", 2, "tuple: expected 3 values, got 0");
    REFUSE_PICKLE("\x80\2(K\1\x86", 5, "tuple: expected values, got a mark");
    REFUSE_PICKLE("\x80\2"
                  "a",
                  2, "append: expected a list and its value, got others");
    REFUSE_PICKLE("\x80\2(e", 3, "appends: expected the values of a list, got others");
    REFUSE_PICKLE("\x80\2q\1", 2, "memo: expected a value, got none");
    REFUSE_PICKLE("\x80\2K\1", 4, "opcode: expected one, got the end");
    REFUSE_PICKLE("\x80\2J\1\2", 3, "opcode: expected 4 bytes, got 2");
    REFUSE_ROWS("](U\1be]", 2, "list 0: expected integers, got a text");
    REFUSE_ROWS("](\x88"
                "e]",
                2, "list 0: expected integers, got a truth value");
    REFUSE_ROWS("](]e]", 2, "list: expected one among the rows, got one elsewhere");
    REFUSE_ROWS("]]]", 2, "rows: expected 2 lists, got more");
    REFUSE_ROWS("]", 5, "rows: expected 2 lists, got 1"); // "e", "t", "q\16" and then the state is built
    REFUSE_ROWS("N", 0, "rows: expected lists, got None");
    change c = { 0 };
    npz_lists(&c.lists, 2, good_rows, sizeof good_rows - 1);
    const size_t size = c.lists.size;
    npz_put(&c.lists, "x", 1);
    refuse(&c, size, "content: expected the end of the member, got more bytes");
    // The shape in the pickle is another than that of the header.
    npz_lists(&c.lists, 2, good_rows, sizeof good_rows - 1);
    unsigned char *three = c.lists.bytes;
    memcpy(three + 10, "{'descr': '|O', 'fortran_order': False, 'shape': (3,)", 53);
    refuse(&c, size - 2, "build: expected an array of 3 lists or its type, got another state");
}

static void test_18_bombs(void **state)
{
    (void)state;
    static char bytes[1 << 16];
    memset(bytes, '(', sizeof bytes);
    memcpy(bytes, "\x80\2", 2);
    refuse_pickle(bytes, sizeof bytes, 2 + 32, "stack: expected at most 32 values, got more");
    for (size_t i = 2; i + 1 < sizeof bytes; i += 2) memcpy(bytes + i, "K\1", 2);
    refuse_pickle(bytes, sizeof bytes, 2 + 64, "stack: expected at most 32 values, got more");
    for (size_t i = 2; i + 3 < sizeof bytes; i += 3) memcpy(bytes + i, ")\x85\x85", 3);
    refuse_pickle(bytes, sizeof bytes, 2 + 3 * 31 + 3, "stack: expected at most 32 values, got more");
    bytes[2] = 'N';
    memset(bytes + 3, '\x85', sizeof bytes - 3); // a tuple in a tuple in a tuple
    refuse_pickle(bytes, sizeof bytes, 3 + 64, "tuples: expected at most 64 values, got more");
    for (int i = 0; i < 128; i++) {
        bytes[3 + 2 * i] = 'q';
        bytes[4 + 2 * i] = (char)i;
    }
    refuse_pickle(bytes, 3 + 256, 3 + 128, "memo: expected at most 64 values and lists, got more");
    REFUSE_PICKLE("\x80\2Nr\xff\xff\xff\xff", 3, "memo: expected an index below 67108864, got 4294967295");
    REFUSE_PICKLE("\x80\2h\1", 2, "memo: expected the index of a value, got 1, a list's or nobody's");
    REFUSE_PICKLE("\x80\2j\1\0\0\0", 2, "memo: expected the index of a value");
    // The same list again and again: two bytes would be a whole review.
    REFUSE_ROWS("]q\17K\5ah\17", 6, "memo: expected the index of a value, got 15, a list's or nobody's");
    REFUSE_ROWS("]q\5K\5ah\5", 6, "memo: expected the index of a value, got 5, a list's or nobody's");
    REFUSE_ROWS("](\x8a\x08\1\0\0\0\0\0\0\1e]", 2, "integer: expected at most 7 bytes, got 8");
}

/* Row 20 of docs/faults.md. */
static void test_19_words(void **state)
{
    (void)state;
    REFUSE_ROWS("](K\0e]", 2, "list 0: expected a word from 1 to 16777216, got 0");
    REFUSE_ROWS("]](K\1J\xff\xff\xff\xff"
                "e",
                5, "list 1: expected a word from 1 to 16777216, got -1");
    REFUSE_ROWS("](J\0\0\0\x80"
                "e]",
                2, "got -2147483648");
    REFUSE_ROWS("](J\1\0\0\1e]", 2, "list 0: expected a word from 1 to 16777216, got 16777217");
    REFUSE_ROWS("](\x8a\1\xff"
                "e]",
                2, "list 0: expected a word from 1 to 16777216, got -1");
    REFUSE_ROWS("](\x8a\7\0\0\0\0\0\0\x80"
                "e]",
                2, "got -36028797018963968");
    REFUSE_ROWS("]K\0a]", 3, "list 0: expected a word from 1 to 16777216, got 0");
    static const char rows[] = "](\x8a\1\5\x8a\5\x2c\1\0\0\0e]"; // LONG1 of any size, and an empty review
    change c = { 0 };
    npz_lists(&c.lists, 2, rows, sizeof rows - 1);
    data_imdb imdb = load(write_npz("long.npz", &c), &(data_imdb_def){ .no_shuffle = true });
    assert_memory_equal(imdb.train.indices, ((int32_t[]){ 1, 8, 303, 1 }), 4 * sizeof(int32_t));
    data_imdb_free(&imdb);
    npz_free(&c.lists);
}

static void test_labels(void **state)
{
    (void)state;
    change c = { 0 };
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
    refuse_with(write_npz("good.npz", &c), &(data_imdb_def){ .seed = (uint64_t)1 << 32 }, DATA_ERR_ARGUMENT, 0,
                "seed: expected at most 4294967295 for an npz, got 4294967296");
}

/* --- the words ---------------------------------------------------------------------------------------------------- */

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
    data_imdb imdb = load(kept("rows.npz"), &def);
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
    imdb = load(path, &(data_imdb_def){ 0 });
    assert_null(imdb.vocabulary);
    data_imdb_free(&imdb);
    assert_int_equal(rename(def.word_index, temp_path(&temp_here, "set/imdb_word_index.json")), 0);
    imdb = load(path, &(data_imdb_def){ 0 });
    assert_int_equal(data_vocabulary_count(imdb.vocabulary), 90);
    data_imdb_free(&imdb);
    // 19: a word beyond the index; the offset is that of the opcode that appends it.
    refuse_with(kept("protocol4.npz"),
                &(data_imdb_def){ .word_index = temp_path(&temp_here, "set/imdb_word_index.json") }, DATA_ERR_FORMAT,
                278, "expected a word from 1 to 90, got");
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
        change c = { 0 };
        npz_lists(&c.lists, 2, rows[i], told[i].size);
        refuse_with(write_npz("beyond.npz", &c), &def, DATA_ERR_FORMAT, npz_rows_at() + told[i].at, told[i].text);
        npz_free(&c.lists);
    }
}

static void refuse_index(const char *text, size_t offset, const char *why)
{
    const char *path = write_index(text, strlen(text));
    refuse_with(kept("rows.npz"), &(data_imdb_def){ .word_index = path }, DATA_ERR_FORMAT, offset, why);
}

/* Row 14 of docs/faults.md. */
static void test_word_index_faults(void **state)
{
    (void)state;
    const char *fifo = temp_path(&temp_here, "fifo.json");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    refuse_with(kept("rows.npz"), &(data_imdb_def){ .word_index = fifo }, DATA_ERR_IO, 0,
                "fifo.json:0: file: expected a regular file, got a FIFO");
    refuse_with(kept("rows.npz"), &(data_imdb_def){ .word_index = temp_path(&temp_here, "nowhere.json") }, DATA_ERR_IO,
                0, "nowhere.json:0: open: expected success");
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
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_15_zip),
        cmocka_unit_test(test_15_lying_sizes),
        cmocka_unit_test(test_15_truncated_or_flipped),
        cmocka_unit_test(test_16_npy_header),
        cmocka_unit_test(test_npy_versions),
        cmocka_unit_test(test_17_opcodes),
        cmocka_unit_test(test_17_globals_and_calls),
        cmocka_unit_test(test_17_shape_of_the_pickle),
        cmocka_unit_test(test_18_bombs),
        cmocka_unit_test(test_19_words),
        cmocka_unit_test(test_labels),
        cmocka_unit_test(test_word_index),
        cmocka_unit_test(test_19_beyond_the_index),
        cmocka_unit_test(test_word_index_faults),
    };
    if (argc != 2) return 2;
    folder = argv[1];
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
