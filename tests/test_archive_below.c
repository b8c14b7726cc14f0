/*
 * Reading and locking that fail below us, and what no archive of ours writes, from inside the library: the status, the
 * reason and the place are told. Saving that fails is in test_archive_save.c, whole files that are wrong in
 * test_archive_refusals.c. The linker puts these calls before the library's (--wrap).
 */
#include "files/archive.h"
#include "files/report.h"
#include "files/system.h"
#include "temp.h"
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int read_at, reads, read_number; /* the read that fails, from 1 (0: none); its errno, 0: it is the end */
static int lock_number;                 /* errno of every lock, 0: its own result */
static int open_locks, other_file;      /* bits: another device, another inode has the lock's name */
static bool old_kernel;                 /* that knows no locks of open files */

ssize_t __real_nn_sys_read(int fd, void *bytes, size_t size);
ssize_t __wrap_nn_sys_read(int fd, void *bytes, size_t size);
ssize_t __wrap_nn_sys_read(int fd, void *bytes, size_t size)
{
    if (read_at == 0 || ++reads != read_at) return __real_nn_sys_read(fd, bytes, size);
    errno = read_number;
    return read_number ? -1 : 0;
}

int __real_nn_sys_lock(int fd);
int __wrap_nn_sys_lock(int fd);
int __wrap_nn_sys_lock(int fd)
{
    open_locks++;
    if (lock_number == 0) return __real_nn_sys_lock(fd);
    errno = lock_number;
    return -1;
}

int __real_nn_sys_fstat(int fd, nn_sys_info *info);
int __wrap_nn_sys_fstat(int fd, nn_sys_info *info);
int __wrap_nn_sys_fstat(int fd, nn_sys_info *info)
{
    const int result = __real_nn_sys_fstat(fd, info);
    if (other_file & 1) info->device++;
    if (other_file & 2) info->inode++;
    return result;
}

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    if (old_kernel && command != F_SETLK) {
        errno = EINVAL;
        return -1;
    }
    return __real_fcntl(fd, command, argument);
}

static int link_number; /* errno of every link, 0: its own result */

int __real_nn_sys_link(const char *from, const char *to);
int __wrap_nn_sys_link(const char *from, const char *to);
int __wrap_nn_sys_link(const char *from, const char *to)
{
    if (link_number == 0) return __real_nn_sys_link(from, to);
    errno = link_number;
    return -1;
}

static bool no_memory;
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
    return no_memory ? NULL : __real_malloc(size);
}

/* --- an archive of a model and bytes ------------------------------------------------------------------------------ */

static unsigned char bytes[5] = "kept";

static nn_model *make_model(const char *layer_name)
{
    const nn_layer_def layers[] = { { .type = NN_DENSE, .name = layer_name, .dense = { .units = 2 } } };
    return nn_model_create(&(nn_model_def){ .input = { 1, { 3 } }, .max_batch = 2, .threads = 1, NN_LAYERS(layers) },
                           NULL);
}

static const char *save(nn_model *model, const char *file, const char *name)
{
    const char *path = temp_path(&temp_here, file);
    nn_error error = { 0 };
    nn_archive *archive = nn_archive_create(NULL);
    nn_archive_add_model(archive, name, model);
    nn_archive_add_bytes(archive, "bytes", bytes, sizeof bytes);
    if (nn_archive_save(archive, path, &error) != NN_OK) fail_msg("%s", error.text);
    nn_archive_destroy(archive);
    return path;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

enum { MODEL, BYTES, IMPORT };

static nn_status load(int what, nn_model *model, const char *path, nn_error *error)
{
    void *loaded = NULL;
    size_t size = 0;
    if (what == IMPORT) return nn_model_import(model, path, error);
    if (what == BYTES) {
        const nn_status status = nn_archive_read_bytes(path, "bytes", &loaded, &size, error);
        assert_true(status == NN_OK ? size == sizeof bytes && memcmp(loaded, bytes, size) == 0 : !loaded);
        nn_bytes_free(loaded);
        return status;
    }
    nn_model *made = nn_model_load(path, "model", NULL, error);
    nn_model_destroy(made);
    return made ? NN_OK : error->status;
}

/* Each read fails, with an error and as if the file ended there. */
static void every_read_fails(void **state)
{
    (void)state;
    nn_model *model = make_model(NULL);
    const char *path = save(model, "a", "model");
    for (int what = MODEL; what <= BYTES; what++) {
        for (int way = 0; way < 2; way++) {
            int k = 1;
            for (;; k++) {
                nn_error error = { 0 };
                read_at = k;
                reads = 0;
                read_number = way ? EIO : 0;
                const nn_status status = load(what, model, path, &error);
                read_at = 0;
                if (reads < k) break;
                if (status != (way ? NN_ERR_IO : NN_ERR_FORMAT) || error.status != status ||
                    !strstr(error.text, way ? "cannot read: " : "more bytes, got the end"))
                    fail_msg("read %d: %d: %s", k, (int)status, error.text);
            }
            assert_true(k > 4); /* length, header, tensors, seal */
        }
    }
    nn_error error = { 0 };
    for (read_at = 1, reads = 1; reads >= read_at; read_at++) { /* a signal interrupts each */
        reads = 0;
        read_number = EINTR;
        assert_int_equal(load(BYTES, model, path, &error), NN_OK);
    }
    read_at = 1;
    reads = 0;
    read_number = 9999;
    assert_int_equal(load(BYTES, model, path, &error), NN_ERR_IO);
    assert_non_null(strstr(error.text, "cannot read: error 9999"));
    read_at = 0;
    nn_model_destroy(model);
}

static void damage_is_told(void **state)
{
    (void)state;
    nn_model *model = make_model(NULL);
    size_t size;
    unsigned char *content = temp_read(save(model, "b", "model"), &size);
    content[size - 20] ^= 1; /* in the data or the seal */
    const char *path = temp_write(&temp_here, "damaged", content, size);
    for (int what = MODEL; what <= BYTES; what++) {
        nn_error error = { 0 };
        assert_int_equal(load(what, model, path, &error), NN_ERR_FORMAT);
        assert_non_null(strstr(error.text, "the file is damaged"));
    }
    free(content);
    /* Tensors of other names, and nobody to tell. */
    assert_int_equal(nn_model_import(model, save(model, "c", "model"), NULL), NN_ERR_MISMATCH);
    nn_model_destroy(model);
}

/* --- what no archive of ours writes ------------------------------------------------------------------------------- */

static void versions(void **state)
{
    (void)state;
    static const struct {
        const char *text, *fault;
    } cases[] = { { "1", NULL },
                  { "", "kvist.format: expected a number, got none" },
                  { "0", "kvist.format: expected a number, got none" },
                  { "/", "kvist.format: expected a number, got none" },
                  { ":", "kvist.format: expected a number, got none" },
                  { "2", "expected at most 1, got 2: of a newer kvist" },
                  { "20", "expected at most 1, got 20: of a newer kvist" },
                  { "99999999999999999999", "expected at most 1, got 9999999: of a newer kvist" } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        nn_st_metadata_entry entry = { "kvist.format", cases[i].text };
        const nn_st_reader reader = { .path = "file", .metadata = &entry, .metadata_count = 1 };
        nn_error error = { 0 };
        assert_int_equal(nn_archive_check_version(&reader, &error), cases[i].fault ? NN_ERR_FORMAT : NN_OK);
        if (cases[i].fault && !strstr(error.text, cases[i].fault)) fail_msg("%s", error.text);
    }
}

/* A sealed file of one tensor, written as an archive is but not by one. */
static const char *write_tensor(const char *name, nn_st_type type, int rank, const char *metadata)
{
    const char *path = temp_path(&temp_here, name);
    nn_claim claim = { 0 };
    nn_replacement replacement;
    nn_st_tensor tensors[2] = { { .name = "bytes", .type = type, .rank = rank, .dim = { 5, 1 }, .data = bytes } };
    nn_text text = { 0 };
    nn_text_add_chars(&text, metadata);
    assert_int_equal(nn_claim_begin(&claim, path, NULL), NN_OK);
    assert_int_equal(nn_replace_begin(&replacement, &claim, NULL), NN_OK);
    assert_int_equal(nn_st_write(&replacement, &text, tensors, 1, NULL), NN_OK);
    assert_int_equal(nn_replace_commit(&replacement, NULL), NN_OK);
    nn_claim_end(&claim);
    free(text.text);
    return path;
}

static void bytes_that_are_none(void **state)
{
    (void)state;
    static const char format[] = "{\"kvist.format\":\"1\"}";
    void *loaded = NULL;
    size_t size = 0;
    nn_error error = { 0 };
    const char *path = write_tensor("d", NN_ST_U8, 2, format);
    assert_int_equal(nn_archive_read_bytes(path, "bytes", &loaded, &size, &error), NN_ERR_MISMATCH);
    assert_non_null(strstr(error.text, "bytes \"bytes\": expected them, got a file without"));
    path = write_tensor("e", NN_ST_I8, 1, format);
    assert_int_equal(nn_archive_read_bytes(path, "bytes", &loaded, &size, &error), NN_ERR_MISMATCH);
    path = write_tensor("f", NN_ST_U8, 1, "{\"kvist.format\":\"2\"}");
    assert_int_equal(nn_archive_read_bytes(path, "bytes", &loaded, &size, &error), NN_ERR_FORMAT);
    assert_non_null(strstr(error.text, "of a newer kvist"));
    assert_null(nn_model_load(path, NULL, NULL, &error));
    assert_non_null(strstr(error.text, "of a newer kvist"));
    path = write_tensor("g", NN_ST_U8, 1, format);
    assert_int_equal(nn_archive_read_bytes(path, "bytes", &loaded, &size, &error), NN_OK);
    nn_bytes_free(loaded);
    const char *const arguments[] = { path, "bytes" };
    for (int i = 0; i < 4; i++) {
        const nn_status status = nn_archive_read_bytes(i == 0 ? NULL : arguments[0], i == 1 ? NULL : arguments[1],
                                                       i == 2 ? NULL : &loaded, i == 3 ? NULL : &size, &error);
        assert_int_equal(status, NN_ERR_ARGUMENT);
        assert_string_equal(error.text, "bytes: expected a path, a name and where to put them, got NULL");
    }
}

static void names(void **state)
{
    (void)state;
    static const char longest[] = "12345678901234567890123456789012345678901234567";
    static const struct {
        const char *name, *fault;
    } cases[] = { { "\xff", "archive: number name: expected UTF-8" },
                  { "a\x7f", "expected no '/' and no control characters" },
                  { "a\x1f", "expected no '/' and no control characters" },
                  { "a/b", "expected no '/' and no control characters" } };
    uint64_t number = 0;
    nn_error error = { 0 };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        nn_archive *archive = nn_archive_create(NULL);
        nn_archive_add_u64(archive, cases[i].name, &number);
        assert_int_equal(nn_archive_load(archive, "nowhere", &error), NN_ERR_ARGUMENT);
        if (!strstr(error.text, cases[i].fault)) fail_msg("%s", error.text);
        nn_archive_destroy(archive);
    }
    nn_archive *archive = nn_archive_create(NULL);
    assert_int_equal(nn_archive_load(archive, NULL, &error), NN_ERR_ARGUMENT);
    nn_archive_set_bytes(archive, NULL, bytes, 1);
    assert_int_equal(nn_archive_load(archive, "nowhere", &error), NN_ERR_ARGUMENT);
    assert_non_null(strstr(error.text, "archive: \"\": expected bytes that were added, and where they are"));
    nn_archive_destroy(archive);
    /* A name that is longer than any does not find the one that it begins with. */
    nn_model *model = make_model(NULL);
    char longer[sizeof longest + 1];
    const char *path = save(model, "h", longest);
    nn_model *found = nn_model_load(path, longest, NULL, &error);
    assert_non_null(found);
    nn_model_destroy(found);
    snprintf(longer, sizeof longer, "%sx", longest);
    assert_null(nn_model_load(path, longer, NULL, &error));
    assert_int_equal(error.status, NN_ERR_MISMATCH);
    nn_model_destroy(model);
    /* Nor is a layer's name that is no UTF-8 written. */
    model = make_model("\xff");
    assert_non_null(model);
    assert_int_equal(nn_model_save(model, temp_path(&temp_here, "i"), &error), NN_ERR_ARGUMENT);
    assert_non_null(strstr(error.text, "archive: layer 1: name: expected UTF-8"));
    nn_model_destroy(model);
}

static void too_many_tensors(void **state)
{
    (void)state;
    uint64_t number = 0;
    nn_error error = { 0 };
    nn_archive *archive = nn_archive_create(NULL);
    for (int i = 0; i < NN_ST_MAX_TENSORS; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d", i);
        nn_archive_add_u64(archive, name, &number);
    }
    assert_int_equal(nn_archive_save(archive, temp_path(&temp_here, "j"), &error), NN_ERR_ARGUMENT);
    assert_string_equal(error.text, "archive: tensors: expected at most 8191, got more");
    nn_archive_destroy(archive);
}

/* What would not load is not saved: a model and an optimiser are an entry of metadata each, of which two are ours. */
static void too_many_models(void **state)
{
    (void)state;
    enum { MOST = NN_ST_MAX_METADATA - 2 };
    nn_error error = { 0 };
    nn_model *model = make_model(NULL);
    nn_optim *optim = nn_optim_create(model, &(nn_optim_def){ .type = NN_SGD }, NULL);
    nn_archive *archive = nn_archive_create(NULL);
    const char *path = temp_path(&temp_here, "many models");
    for (int i = 0; i < MOST; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d", i);
        if (i % 2)
            nn_archive_add_model(archive, name, model);
        else
            nn_archive_add_optim(archive, name, optim);
    }
    assert_int_equal(nn_archive_save(archive, path, NULL), NN_OK);
    if (nn_archive_load(archive, path, &error) != NN_OK) fail_msg("%s", error.text);
    uint64_t number = 0;
    nn_archive_add_u64(archive, "number", &number); /* has none */
    assert_int_equal(nn_archive_save(archive, path, NULL), NN_OK);
    nn_archive_add_optim(archive, "one more", optim);
    assert_int_equal(nn_archive_save(archive, path, &error), NN_ERR_ARGUMENT);
    assert_string_equal(error.text, "archive: models and optimisers: expected at most 1022, got more");
    nn_archive_destroy(archive);
    nn_optim_destroy(optim);
    nn_model_destroy(model);
}

/* A file whose header is as long as metadata of so many bytes make it. */
static nn_status write_long_header(const char *path, size_t length, nn_error *error)
{
    nn_claim claim = { 0 };
    nn_replacement replacement;
    nn_st_tensor tensors[1];
    nn_text text = { 0 };
    char *spaces = malloc(length);
    assert_non_null(spaces);
    memset(spaces, ' ', length);
    spaces[0] = '{';
    spaces[length - 1] = '}';
    nn_text_add(&text, spaces, length);
    free(spaces);
    assert_int_equal(nn_claim_begin(&claim, path, NULL), NN_OK);
    assert_int_equal(nn_replace_begin(&replacement, &claim, NULL), NN_OK);
    const nn_status status = nn_st_write(&replacement, &text, tensors, 0, error);
    if (status == NN_OK)
        assert_int_equal(nn_replace_commit(&replacement, NULL), NN_OK);
    else
        nn_replace_discard(&replacement);
    nn_claim_end(&claim);
    free(text.text);
    return status;
}

static void headers_that_are_too_long(void **state)
{
    (void)state;
    static const char beside[] = "{\"__metadata__\":,\"kvist.seal\":{\"dtype\":\"U8\",\"shape\":[16],"
                                 "\"data_offsets\":[0,16]}}";
    const size_t most = NN_ST_MAX_HEADER - (sizeof beside - 1);
    const char *path = temp_path(&temp_here, "long");
    nn_st_reader reader;
    nn_error error = { 0 };
    assert_int_equal(write_long_header(path, most, &error), NN_OK);
    if (nn_st_open(&reader, path, &error) != NN_OK) fail_msg("%s", error.text);
    assert_int_equal(reader.data_start, 8 + NN_ST_MAX_HEADER);
    nn_st_close(&reader);
    assert_int_equal(write_long_header(path, most + 1, &error), NN_ERR_ARGUMENT);
    assert_non_null(strstr(error.text, "/long: header: expected at most 16777216 bytes, got 16777224"));
}

/* The file of before stays, and nothing beside it. */
static void architectures_that_are_too_long(void **state)
{
    (void)state;
    enum { LAYERS = 2000, MODELS = 120 };
    nn_error error = { 0 };
    nn_layer_def *layers = calloc(LAYERS, sizeof *layers);
    assert_non_null(layers);
    for (int i = 0; i < LAYERS; i++) layers[i].type = NN_ACTIVATION;
    nn_model *model = nn_model_create(
        &(nn_model_def){ .input = NN_SHAPE(1), .max_batch = 1, .layers = layers, .layer_count = LAYERS }, &error);
    if (!model) fail_msg("%s", error.text);
    const char *path = save(model, "longer", "0");
    nn_archive *archive = nn_archive_create(NULL);
    for (int i = 0; i < MODELS; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d", i);
        nn_archive_add_model(archive, name, model);
    }
    assert_int_equal(nn_archive_save(archive, path, &error), NN_ERR_ARGUMENT);
    assert_non_null(strstr(error.text, "/longer: header: expected at most 16777216 bytes, got "));
    nn_archive_destroy(archive);
    assert_int_not_equal(access(temp_path(&temp_here, "longer.prev"), F_OK), 0);
    archive = nn_archive_create(NULL);
    nn_archive_add_model(archive, "0", model);
    if (nn_archive_load(archive, path, &error) != NN_OK) fail_msg("%s", error.text);
    nn_archive_destroy(archive);
    nn_model_destroy(model);
    free(layers);
}

static void values_and_sizes(void **state)
{
    (void)state;
    const double values[] = { 1.0, 0.0 };
    const uint64_t offset = 100;
    nn_entry entries[2] = { { .name = "lr", .form = { .type = NN_ST_F64, .size = 16 }, .check = NN_POSITIVE } };
    nn_error error = { 0 };
    assert_int_equal(nn_entry_check_values(entries, values, "file", NULL, &error), NN_ERR_NUMERIC);
    assert_string_equal(error.text, "file: lr: element 1: expected a positive number, got 0");
    error = (nn_error){ 0 };
    assert_int_equal(nn_entry_check_values(entries, values, "file", &offset, &error), NN_ERR_NUMERIC);
    assert_int_equal(error.offset, 108);
    /* Together more than any memory. */
    nn_archive archive = { .entries = entries, .entry_count = 2 };
    nn_st_reader reader = { .path = "file" };
    entries[0].form.size = entries[1].form.size = SIZE_MAX - 8;
    error = (nn_error){ 0 };
    assert_int_equal(nn_archive_take(&archive, &reader, &(nn_error){ 0 }, &error), NN_ERR_MEMORY);
    /* A shape that is longer than its text. */
    const nn_st_tensor tensor = { .type = NN_ST_F32,
                                  .rank = 8,
                                  .dim = { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, 1, 1, 1 } };
    assert_string_equal(nn_st_format(&tensor).text, "F32 (18446744073709551615, 18446744073709551615, 18446744073709");
}

/* --- locks -------------------------------------------------------------------------------------------------------- */

static nn_status claim(const char *path, nn_error *error)
{
    nn_claim made = { 0 };
    open_locks = 0;
    const nn_status status = nn_claim_begin(&made, path, error);
    nn_claim_end(&made);
    return status;
}

static void locks(void **state)
{
    (void)state;
    static const int without[] = { ENOLCK, EOPNOTSUPP, ENOSYS, EINVAL }, held[] = { EAGAIN, EACCES };
    const char *path = temp_path(&temp_here, "k");
    for (int i = 0; i < 4; i++) {
        lock_number = without[i];
        assert_int_equal(claim(path, NULL), NN_OK);
    }
    for (int i = 0; i < 2; i++) {
        nn_error error = { 0 };
        lock_number = held[i];
        assert_int_equal(claim(path, &error), NN_ERR_IO);
        assert_non_null(strstr(error.text, "another process or archive is saving to it"));
    }
    lock_number = 0;
    for (other_file = 1; other_file <= 2; other_file++) {
        nn_error error = { 0 };
        assert_int_equal(claim(path, &error), NN_ERR_IO);
        assert_non_null(strstr(error.text, "k.lock: cannot lock: others come and go"));
        assert_int_equal(open_locks, 16);
    }
    other_file = 0;
    old_kernel = true;
    assert_int_equal(claim(path, NULL), NN_OK);
    old_kernel = false;
    assert_int_equal(nn_sys_list(temp_path(&temp_here, "absent"), NULL, NULL), -1);
}

/* A file system without hard links saves without .prev. */
static void no_links(void **state)
{
    (void)state;
    static const int without[] = { EPERM, EOPNOTSUPP, ENOSYS, EMLINK };
    nn_model *model = make_model(NULL);
    for (int i = 0; i < 4; i++) {
        link_number = without[i];
        save(model, "l", "model");
        save(model, "l", "model");
        assert_int_not_equal(access(temp_path(&temp_here, "l.prev"), F_OK), 0);
    }
    link_number = EIO;
    nn_error error = { 0 };
    assert_int_equal(nn_model_save(model, temp_path(&temp_here, "l"), &error), NN_ERR_IO);
    assert_non_null(strstr(error.text, "cannot link: "));
    link_number = 0;
    nn_model_destroy(model);
}

/* What a killed save left goes away, what is another's or nobody's stays; without memory all of it. */
static void leftovers(void **state)
{
    (void)state;
    static const char *const others[] = { ".m2.1.tmp", ".m.x.tmp", ".m.1.tmq", "m.1.tmp", ".m" };
    const char *path = temp_path(&temp_here, "m");
    for (int i = 0; i < 5; i++) temp_write(&temp_here, others[i], "x", 1);
    temp_write(&temp_here, ".m.1.tmp", "x", 1);
    temp_write(&temp_here, ".m.22.old.tmp", "x", 1);
    const int entries = temp_entries(&temp_here);
    no_memory = true;
    assert_int_equal(claim(path, NULL), NN_OK);
    no_memory = false;
    assert_int_equal(temp_entries(&temp_here), entries);
    assert_int_equal(claim(path, NULL), NN_OK);
    assert_int_equal(temp_entries(&temp_here), entries - 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_read_fails),
        cmocka_unit_test(damage_is_told),
        cmocka_unit_test(versions),
        cmocka_unit_test(bytes_that_are_none),
        cmocka_unit_test(names),
        cmocka_unit_test(too_many_tensors),
        cmocka_unit_test(too_many_models),
        cmocka_unit_test(headers_that_are_too_long),
        cmocka_unit_test(architectures_that_are_too_long),
        cmocka_unit_test(values_and_sizes),
        cmocka_unit_test(locks),
        cmocka_unit_test(no_links),
        cmocka_unit_test(leftovers),
    };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
