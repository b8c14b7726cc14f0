/*
 * Reading that fails below us: each call to the system with an errno, each call to zlib and libarchive with what they
 * give when they fail. The status, the reason and the file are told, the destination stays as it was; a read that a
 * signal interrupts goes on. The linker puts these calls before the libraries' (--wrap).
 */
#include "faults.h"
#include "npz.h"
#include "tar.h"
#include "temp.h"

#include <archive.h>
#include <dirent.h>
#include <errno.h>
#include <kvist/data.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

/* --- calls to the system: the k-th fails -------------------------------------------------------------------------- */

static bool huge; // files are said to be of any size

int __real_fstat(int descriptor, struct stat *info);
int __wrap_fstat(int descriptor, struct stat *info);
int __wrap_fstat(int descriptor, struct stat *info)
{
    if (fault_due(false)) return -1;
    const int result = __real_fstat(descriptor, info);
    if (huge) info->st_size = INT64_MAX;
    return result;
}

ssize_t __real_read(int descriptor, void *bytes, size_t size);
ssize_t __wrap_read(int descriptor, void *bytes, size_t size);
ssize_t __wrap_read(int descriptor, void *bytes, size_t size)
{
    return fault_due(true) ? -1 : __real_read(descriptor, bytes, size);
}

struct dirent *__real_readdir(DIR *folder);
struct dirent *__wrap_readdir(DIR *folder);
struct dirent *__wrap_readdir(DIR *folder)
{
    return fault_due(false) ? NULL : __real_readdir(folder);
}

/* --- calls to libraries ------------------------------------------------------------------------------------------- */

static int inflate_result;                     // what inflate gives, without a message (Z_OK: its own)
static bool no_archive, no_reason, no_inflate; // what is NULL, or an error
static bool no_name, warns;                    // an entry has no name; a header comes with a warning
static bool no_format, swallows;               // no support of a format; a failure is told as the end
static uint64_t claimed;                       // how far a reader says it is (0: what is so)

int __real_inflate(z_stream *stream, int flush);
int __wrap_inflate(z_stream *stream, int flush);
int __wrap_inflate(z_stream *stream, int flush)
{
    return inflate_result != Z_OK ? inflate_result : __real_inflate(stream, flush);
}

int __real_inflateInit2_(z_stream *stream, int bits, const char *version, int size);
int __wrap_inflateInit2_(z_stream *stream, int bits, const char *version, int size);
int __wrap_inflateInit2_(z_stream *stream, int bits, const char *version, int size)
{
    return no_inflate ? Z_MEM_ERROR : __real_inflateInit2_(stream, bits, version, size);
}

struct archive *__real_archive_read_new(void);
struct archive *__wrap_archive_read_new(void);
struct archive *__wrap_archive_read_new(void)
{
    return no_archive ? NULL : __real_archive_read_new();
}

const char *__real_archive_error_string(struct archive *archive);
const char *__wrap_archive_error_string(struct archive *archive);
const char *__wrap_archive_error_string(struct archive *archive)
{
    return no_reason ? NULL : __real_archive_error_string(archive);
}

int __real_archive_read_support_format_tar(struct archive *archive);
int __wrap_archive_read_support_format_tar(struct archive *archive);
int __wrap_archive_read_support_format_tar(struct archive *archive)
{
    return no_format ? ARCHIVE_FATAL : __real_archive_read_support_format_tar(archive);
}

int __real_archive_read_support_format_zip_seekable(struct archive *archive);
int __wrap_archive_read_support_format_zip_seekable(struct archive *archive);
int __wrap_archive_read_support_format_zip_seekable(struct archive *archive)
{
    return no_format ? ARCHIVE_FATAL : __real_archive_read_support_format_zip_seekable(archive);
}

int __real_archive_read_next_header(struct archive *archive, struct archive_entry **entry);
int __wrap_archive_read_next_header(struct archive *archive, struct archive_entry **entry);
int __wrap_archive_read_next_header(struct archive *archive, struct archive_entry **entry)
{
    const int code = __real_archive_read_next_header(archive, entry);
    if (warns && code == ARCHIVE_OK) return ARCHIVE_WARN;
    return swallows && code == ARCHIVE_FATAL ? ARCHIVE_EOF : code;
}

const char *__real_archive_entry_pathname(struct archive_entry *entry);
const char *__wrap_archive_entry_pathname(struct archive_entry *entry);
const char *__wrap_archive_entry_pathname(struct archive_entry *entry)
{
    return no_name ? NULL : __real_archive_entry_pathname(entry);
}

typedef struct data_reader data_reader;
uint64_t __real_data_reader_offset(const data_reader *reader);
uint64_t __wrap_data_reader_offset(const data_reader *reader);
uint64_t __wrap_data_reader_offset(const data_reader *reader)
{
    return claimed ? claimed : __real_data_reader_offset(reader);
}

/* --- what is read ------------------------------------------------------------------------------------------------- */

static const char *image_path, *label_path, *set_path, *tar_path, *npz_path, *bad_npz_path;

typedef data_status (*operation)(data_error *error);

static data_status load_images(data_error *error)
{
    data_images images = { 0 };
    const data_status status = data_images_load(image_path, label_path, 10, &images, error);
    assert_int_equal(images.count, status == DATA_OK ? 1 : 0);
    data_images_free(&images);
    return status;
}

static data_status load_reviews(const char *path, const char *cache, data_cache_state *state, data_error *error)
{
    data_imdb imdb = { 0 };
    const data_status status = data_imdb_load(path, &(data_imdb_def){ .cache = cache }, &imdb, error);
    assert_int_equal(imdb.train.count, status == DATA_OK ? 2 : 0);
    if (state) *state = imdb.cache;
    data_imdb_free(&imdb);
    return status;
}

static data_status load_folder(data_error *error)
{
    return load_reviews(set_path, NULL, NULL, error);
}

static data_status load_tar(data_error *error)
{
    return load_reviews(tar_path, NULL, NULL, error);
}

static data_status load_npz(data_error *error)
{
    return load_reviews(npz_path, NULL, NULL, error);
}

static data_status load_bad_npz(data_error *error)
{
    return load_reviews(bad_npz_path, NULL, NULL, error);
}

/* --- each call to the system fails -------------------------------------------------------------------------------- */

static data_status run_with(operation run, int k, int errno_of_it, bool of_reads, data_error *error)
{
    fault_at(k, errno_of_it, of_reads);
    const data_status status = run(error);
    fault_at(0, 0, false);
    return status;
}

// Returns how many calls failed in turn; the first `asking` only ask what the file is, and fail again where it is read.
static int each_call_fails(operation run, int asking)
{
    for (int k = 1;; k++) {
        data_error error = { 0 };
        const data_status status = run_with(run, k, EIO, false, &error);
        if (!fault_happened()) {
            assert_int_equal(status, DATA_OK);
            return k - 1;
        }
        if (k <= asking) {
            assert_int_equal(status, DATA_OK);
            continue;
        }
        if (status != DATA_ERR_IO || error.status != status || !strstr(error.text, strerror(EIO)) ||
            !strstr(error.text, temp_here.path))
            fail_msg("call %d: %d: %s", k, (int)status, error.text);
    }
}

static void test_each_call_fails(void **state)
{
    (void)state;
    assert_true(each_call_fails(load_images, 0) >= 8); // open, fstat, read and the end of two files
    assert_true(each_call_fails(load_folder, 2) >= 4 * (2 + 3));
    assert_true(each_call_fails(load_tar, 3) >= 6);
}

// Whether a file is a zip is asked first: if that fails, it is opened once more, and says itself what is wrong.
static void test_each_read_of_an_npz_fails(void **state)
{
    (void)state;
    for (int k = 1; k == 1 || fault_happened(); k++) {
        data_error error = { 0 };
        const data_status status = run_with(load_npz, k, EIO, false, &error);
        if (!fault_happened()) break;
        assert_true(status == DATA_ERR_IO || status == DATA_ERR_FORMAT);
        assert_int_equal(error.status, status);
        assert_non_null(strstr(error.text, temp_here.path));
    }
}

static void test_interrupted_reads_go_on(void **state)
{
    (void)state;
    static const operation operations[] = { load_images, load_folder, load_tar, load_npz };
    for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
        int k = 1;
        do {
            data_error error = { 0 };
            if (run_with(operations[i], k, EINTR, true, &error) != DATA_OK) fail_msg("read %d: %s", k, error.text);
        } while (fault_happened() && k++);
        assert_true(k > 2);
    }
}

// A cache that cannot be read is built and written again; the folder that it stands for is looked at first.
static data_cache_state cache_state;

static data_status load_cached(data_error *error)
{
    return load_reviews(set_path, temp_path(&temp_here, "cache"), &cache_state, error);
}

// What lies in its place is looked at before it is replaced: after the cache itself and the reviews were read.
static void test_place_that_cannot_be_read(void **state)
{
    (void)state;
    static const char begun[] = "kvstimb1"; // a cache that is cut
    size_t size = 0;
    int failed = 0;
    for (int k = 1;; k++) {
        data_error error = { 0 };
        const char *path = temp_write(&temp_here, "cache", begun, sizeof begun - 1);
        const data_status status = run_with(load_cached, k, EIO, true, &error);
        if (!fault_happened()) break;
        assert_true(status == DATA_OK || status == DATA_ERR_IO);
        if (status != DATA_OK || cache_state != DATA_CACHE_FAILED) continue;
        failed++;
        free(temp_read(path, &size));
        assert_int_equal(size, sizeof begun - 1);
    }
    assert_int_equal(failed, 1);
    assert_int_equal(cache_state, DATA_CACHE_WRITTEN);
}

static void test_cache_that_cannot_be_read(void **state)
{
    (void)state;
    assert_int_equal(load_cached(NULL), DATA_OK);
    assert_int_equal(load_cached(NULL), DATA_OK);
    assert_int_equal(cache_state, DATA_CACHE_READ);
    for (int k = 1; k <= 3; k++) { // header, block, vocabulary
        data_error error = { 0 };
        assert_int_equal(run_with(load_cached, k, EIO, true, &error), DATA_OK);
        assert_true(fault_happened());
        assert_int_equal(cache_state, DATA_CACHE_WRITTEN);
        assert_int_equal(error.status, DATA_OK);
    }
}

/* --- each call to a library fails --------------------------------------------------------------------------------- */

static void expect(operation run, data_status wanted, const char *text)
{
    data_error error = { 0 };
    const data_status status = run(&error);
    if (status != wanted || error.status != wanted || !strstr(error.text, text))
        fail_msg("expected \"%s\", got %d: %s", text, (int)status, error.text);
    assert_int_equal(run(NULL), wanted);
}

static void test_zlib_fails(void **state)
{
    (void)state;
    no_inflate = true;
    expect(load_images, DATA_ERR_MEMORY, "gzip: expected 32768 bytes of memory, got none");
    no_inflate = false;
    inflate_result = Z_MEM_ERROR;
    expect(load_images, DATA_ERR_MEMORY, "gzip: expected 32768 bytes of memory, got none");
    inflate_result = Z_NEED_DICT;
    expect(load_images, DATA_ERR_FORMAT, "images.gz:0: gzip: expected valid data, got: a dictionary request");
    inflate_result = Z_OK;
    expect(load_images, DATA_OK, "");
}

static void test_libarchive_fails(void **state)
{
    (void)state;
    no_archive = true;
    expect(load_tar, DATA_ERR_MEMORY, "bytes of memory, got none");
    expect(load_npz, DATA_ERR_MEMORY, "bytes of memory, got none");
    no_archive = false;
    no_format = true;
    expect(load_tar, DATA_ERR_FORMAT, "tar: expected a whole archive, got: ");
    expect(load_npz, DATA_ERR_FORMAT, "zip: expected a whole archive, got: ");
    no_reason = true;
    expect(load_tar, DATA_ERR_FORMAT, "tar: expected a whole archive, got: an unknown fault");
    expect(load_npz, DATA_ERR_FORMAT, "zip: expected a whole archive, got: an unknown fault");
    no_format = false;
    expect(load_bad_npz, DATA_ERR_FORMAT, "zip: expected a whole member, got: an unknown fault");
    no_reason = false;
    expect(load_bad_npz, DATA_ERR_FORMAT, "(x_train.npy):289: zip: expected a whole member, got: ");
    expect(load_tar, DATA_OK, "");
    expect(load_npz, DATA_OK, "");
}

// libarchive gives none, and a warning, where a name cannot be told in the program's locale.
static void test_name_that_cannot_be_told(void **state)
{
    (void)state;
    warns = true;
    expect(load_tar, DATA_OK, "");
    expect(load_npz, DATA_ERR_FORMAT, "zip: expected a whole archive, got: ");
    no_name = true;
    expect(load_tar, DATA_ERR_FORMAT, "reviews.tar.gz:0: path: expected one, got none");
    warns = false;
    expect(load_npz, DATA_ERR_FORMAT, "imdb.npz:0: zip: expected a name of UTF-8, got none");
    no_name = false;
}

// A read that failed is told even where libarchive takes it for the end.
static void test_swallowed_failure(void **state)
{
    (void)state;
    data_error error = { 0 };
    swallows = true;
    for (int k = 6;; k++) { // after what asks for a zip, and the reader's own first
        const data_status status = run_with(load_tar, k, EIO, false, &error);
        if (!fault_happened()) break;
        assert_int_equal(status, DATA_ERR_IO);
        assert_non_null(strstr(error.text, strerror(EIO)));
    }
    inflate_result = Z_MEM_ERROR;
    expect(load_tar, DATA_ERR_MEMORY, "gzip: expected 32768 bytes of memory, got none");
    inflate_result = Z_OK;
    swallows = false;
}

// Sizes are compared without overflow, whatever a file system says.
static void test_file_of_absurd_size(void **state)
{
    (void)state;
    huge = true;
    expect(load_images, DATA_OK, "");
    huge = false;
}

static void test_unknown_errno(void **state)
{
    (void)state;
    data_error error = { 0 };
    assert_int_equal(run_with(load_images, 1, 9999, false, &error), DATA_ERR_IO);
    assert_non_null(strstr(error.text, "images.gz: cannot open: error 9999"));
}

// Far more content than the set has, of an archive that claims to be that long.
static void test_endless_archive(void **state)
{
    (void)state;
    claimed = (1ull << 32) + 1;
    expect(load_tar, DATA_ERR_FORMAT, ":4294967297: archive: expected at most 4294967296 bytes, got more");
    claimed = 0;
}

/* --- the files ---------------------------------------------------------------------------------------------------- */

static const char *write_npz(const char *file, int method)
{
    npz_bytes x = { 0 }, y = { 0 };
    zip z = { 0 };
    npz_lists(&x, 2, "](K\1K\2e]", 8);
    npz_labels(&y, 2);
    zip_add(
        &z,
        &(zip_member){
            .name = "x_train.npy", .content = x.bytes, .size = x.size, .method = method, .more_crc = method ? 0 : 1 });
    zip_add(&z, &(zip_member){ .name = "y_train.npy", .content = y.bytes, .size = y.size });
    zip_add(&z, &(zip_member){ .name = "x_test.npy", .content = x.bytes, .size = x.size });
    zip_add(&z, &(zip_member){ .name = "y_test.npy", .content = y.bytes, .size = y.size });
    zip_end(&z);
    temp_write(&temp_here, "npz/imdb_word_index.json", "{\"the\": 1, \"film\": 2}", 21);
    const char *path = temp_write(&temp_here, file, z.bytes, z.size);
    zip_free(&z);
    npz_free(&x);
    npz_free(&y);
    return path;
}

static int set_up(void **state)
{
    (void)state;
    // More than is packed, read or unpacked at once, of noise.
    static unsigned char images[16 + 1200 * 1024] = { 0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 1200 >> 8, 1200 & 255, 0, 0, 4, 0 };
    data_rng rng = data_rng_make(1, 0);
    for (size_t i = 16; i < sizeof images; i++) images[i] = (unsigned char)data_rng_next(&rng);
    static const unsigned char labels[] = { 0, 0, 8, 1, 0, 0, 0, 1, 5 };
    static const char *const files[][2] = { { "train/neg/0.txt", "a bad film" },
                                            { "train/pos/0.txt", "a good film" },
                                            { "test/neg/0.txt", "bad" },
                                            { "test/pos/0.txt", "fine" } };
    tar t = { 0 };
    char name[64];
    temp_make(&temp_here);
    image_path = temp_write_gz(&temp_here, "images.gz", images, sizeof images);
    label_path = temp_write(&temp_here, "labels", labels, sizeof labels);
    tar_entry(&t, "aclImdb/README", '0', images, sizeof images, sizeof images); // more than is read at once
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "set/%s", files[i][0]);
        temp_write(&temp_here, name, files[i][1], strlen(files[i][1]));
        snprintf(name, sizeof name, "aclImdb/%s", files[i][0]);
        tar_file(&t, name, files[i][1]);
    }
    tar_end(&t);
    tar_path = temp_write_gz(&temp_here, "reviews.tar.gz", t.bytes, t.size);
    tar_free(&t);
    set_path = temp_path(&temp_here, "set");
    npz_path = write_npz("npz/imdb.npz", 8);
    bad_npz_path = write_npz("npz/bad.npz", 0);
    return 0;
}

// Words lie beside the archive in the folder that a program works in, too.
static void test_path_without_folder(void **state)
{
    (void)state;
    char here[TEMP_PATH];
    assert_non_null(getcwd(here, sizeof here));
    data_imdb imdb = { 0 };
    assert_int_equal(chdir(temp_path(&temp_here, "npz")), 0);
    const data_status status = data_imdb_load("imdb.npz", NULL, &imdb, NULL);
    assert_int_equal(chdir(here), 0);
    assert_int_equal(status, DATA_OK);
    assert_int_equal(data_vocabulary_count(imdb.vocabulary), 2);
    data_imdb_free(&imdb);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_call_fails),
        cmocka_unit_test(test_each_read_of_an_npz_fails),
        cmocka_unit_test(test_interrupted_reads_go_on),
        cmocka_unit_test(test_cache_that_cannot_be_read),
        cmocka_unit_test(test_place_that_cannot_be_read),
        cmocka_unit_test(test_zlib_fails),
        cmocka_unit_test(test_libarchive_fails),
        cmocka_unit_test(test_endless_archive),
        cmocka_unit_test(test_swallowed_failure),
        cmocka_unit_test(test_file_of_absurd_size),
        cmocka_unit_test(test_unknown_errno),
        cmocka_unit_test(test_path_without_folder),
        cmocka_unit_test(test_name_that_cannot_be_told),
    };
    return cmocka_run_group_tests(tests, set_up, temp_tear_down);
}
