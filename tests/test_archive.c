/* Archives: everything on the list comes back bit for bit, from the file or the one before it. What is refused is in
   test_archive_refusals.c. */
#include "archive_run.h"
#include "temp.h"

#include <fenv.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* --- what comes back --- */

static void goes_on_as_if_never_stopped(void **state)
{
    (void)state;
    run a, b;
    nn_error error = { 0 };
    const char *path = temp_path(&temp_here, "go-on");
    begin_run(&a, 1);
    begin_run(&b, 2);
    train(&a, 5);
    assert_int_equal(nn_optim_set_lr(a.optim, 0.003), NN_OK);
    a.number = nan("0x123");
    save(&a, path);
    assert_false(same_runs(&a, &b));
    assert_int_equal(nn_archive_load(b.archive, path, &error), NN_OK);
    assert_string_equal(error.text, "");
    assert_true(same_runs(&a, &b));
    train(&a, 5);
    assert_false(same_runs(&a, &b));
    train(&b, 5);
    assert_true(same_runs(&a, &b));
    end_run(&a);
    end_run(&b);
}

/* A part of what a file holds may be loaded, and files do not depend on the rounding mode. Row 63. */
static void loads_parts(void **state)
{
    (void)state;
    run a;
    uint64_t count = 0;
    unsigned char bytes[BYTES] = { 0 };
    void *read = NULL;
    size_t size = 0;
    const char *path = temp_path(&temp_here, "parts"), *other = temp_path(&temp_here, "parts-upward");
    begin_run(&a, 3);
    save(&a, path);
    fesetround(FE_UPWARD);
    save(&a, other);
    nn_archive *part = nn_archive_create(NULL);
    nn_archive_add_u64(part, "count", &count);
    nn_archive_add_bytes(part, "bytes", bytes, BYTES);
    assert_int_equal(nn_archive_load(part, other, NULL), NN_OK);
    fesetround(FE_TONEAREST);
    assert_int_equal(count, a.count);
    assert_memory_equal(bytes, a.bytes, BYTES);
    nn_archive_destroy(part);
    size_t sizes[2];
    unsigned char *one = temp_read(path, &sizes[0]), *two = temp_read(other, &sizes[1]);
    assert_int_equal(sizes[0], sizes[1]);
    assert_memory_equal(one, two, sizes[0]);
    free(one);
    free(two);

    assert_int_equal(nn_archive_read_bytes(path, "bytes", &read, &size, NULL), NN_OK);
    assert_int_equal(size, BYTES);
    assert_memory_equal(read, a.bytes, BYTES);
    nn_bytes_free(read);
    assert_int_equal(nn_archive_read_bytes(path, "none", &read, &size, NULL), NN_OK);
    assert_non_null(read);
    assert_int_equal(size, 0);
    nn_bytes_free(read);
    nn_error error = { 0 };
    assert_int_equal(nn_archive_read_bytes(path, "count", &read, &size, &error), NN_ERR_MISMATCH);
    assert_non_null(strstr(error.text, "bytes \"count\": expected them, got a file without"));
    assert_null(read);
    assert_int_equal(nn_archive_read_bytes(path, "nothing", &read, &size, &error), NN_ERR_MISMATCH);
    end_run(&a);
}

/* The file has five bytes. */
static void list_does_not_fit(nn_archive *archive, const char *path, const char *room)
{
    char wanted[TEMP_PATH + 128];
    nn_error error = { 0 };
    snprintf(wanted, sizeof wanted, "%s: 1 mismatched: mismatched list: expected U8 (%s), got U8 (5)", path, room);
    assert_int_equal(nn_archive_load(archive, path, &error), NN_ERR_MISMATCH);
    assert_int_equal(error.status, NN_ERR_MISMATCH);
    assert_int_equal(error.offset, 0);
    assert_string_equal(error.text, wanted);
}

/* A list that grows from save to save, and is read back once its size is known. Row 52. */
static void bytes_may_grow(void **state)
{
    (void)state;
    unsigned char few[2] = { 1, 2 }, many[5] = { 3, 4, 5, 6, 7 }, back[5] = { 0 };
    nn_error error = { 0 };
    uint64_t number = 7;
    const char *path = temp_path(&temp_here, "grow");
    nn_archive *archive = nn_archive_create(NULL);
    nn_archive_add_u64(archive, "number", &number);
    nn_archive_add_bytes(archive, "list", few, sizeof few);
    assert_int_equal(nn_archive_save(archive, path, &error), NN_OK);
    nn_archive_set_bytes(archive, "list", many, sizeof many);
    assert_int_equal(nn_archive_save(archive, path, &error), NN_OK);
    number = 8;
    nn_archive_set_bytes(archive, "list", NULL, 0);
    list_does_not_fit(archive, path, "0");
    nn_archive_set_bytes(archive, "list", back, sizeof back - 1);
    list_does_not_fit(archive, path, "4");
    assert_memory_equal(back, ((unsigned char[]){ 0, 0, 0, 0, 0 }), sizeof back);
    assert_int_equal(number, 8);
    nn_archive_set_bytes(archive, "list", back, sizeof back);
    assert_int_equal(nn_archive_load(archive, path, &error), NN_OK);
    assert_memory_equal(back, many, sizeof many);
    nn_archive_set_bytes(archive, "number", back, sizeof back);
    assert_int_equal(nn_archive_save(archive, path, &error), NN_ERR_ARGUMENT);
    assert_non_null(strstr(error.text, "\"number\": expected bytes that were added"));
    nn_archive_destroy(archive);
    archive = nn_archive_create(NULL);
    nn_archive_add_bytes(archive, "list", few, sizeof few);
    nn_archive_set_bytes(archive, "list", NULL, 1);
    assert_int_equal(nn_archive_save(archive, path, &error), NN_ERR_ARGUMENT);
    nn_archive_destroy(archive);
}

/* Who wrote a file is told by three whole numbers. */
static void files_tell_the_version(void **state)
{
    (void)state;
    uint64_t number = 7;
    size_t size;
    int part[3];
    const char *path = temp_path(&temp_here, "version");
    nn_archive *archive = nn_archive_create(NULL);
    nn_archive_add_u64(archive, "number", &number);
    assert_int_equal(nn_archive_save(archive, path, NULL), NN_OK);
    nn_archive_destroy(archive);
    unsigned char *file = temp_read(path, &size);
    const char *version = strstr((const char *)file + 8, "\"kvist.version\":"); /* in the header, which has no NUL */
    assert_non_null(version);
    assert_int_equal(sscanf(version, "\"kvist.version\":\"%d.%d.%d\"", &part[0], &part[1], &part[2]), 3);
    free(file);
}

/* More bytes than are read at a time, wanted and not. */
static void large_things(void **state)
{
    (void)state;
    enum { LARGE = 5 * (1 << 19) + 7 };
    static unsigned char saved[LARGE], loaded[LARGE];
    const char *path = temp_path(&temp_here, "large");
    uint64_t number = 7;
    nn_error error = { 0 };
    for (int i = 0; i < LARGE; i++) saved[i] = (unsigned char)(i ^ i >> 8 ^ i >> 16);
    nn_archive *archive = nn_archive_create(NULL);
    nn_archive_add_bytes(archive, "large", saved, LARGE);
    nn_archive_add_u64(archive, "number", &number);
    assert_int_equal(nn_archive_save(archive, path, &error), NN_OK);
    nn_archive_set_bytes(archive, "large", loaded, LARGE);
    if (nn_archive_load(archive, path, &error) != NN_OK) fail_msg("%s", error.text);
    assert_memory_equal(loaded, saved, LARGE);
    nn_archive_destroy(archive);
    archive = nn_archive_create(NULL);
    nn_archive_add_u64(archive, "number", &number);
    number = 0;
    if (nn_archive_load(archive, path, &error) != NN_OK) fail_msg("%s", error.text);
    assert_int_equal(number, 7);
    nn_archive_destroy(archive);
}

static void names_must_be_usable(void **state)
{
    (void)state;
    uint64_t number = 0;
    nn_error error = { 0 };
    char longest[49] = "";
    memset(longest, 'x', 48);
    const char *wrong[] = { "", "a/b", "a\nb", "..", "kvist.x", "__metadata__", longest, NULL };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        nn_archive *archive = nn_archive_create(NULL);
        nn_archive_add_u64(archive, wrong[i], &number);
        nn_archive_add_u64(archive, "good", &number);
        assert_int_equal(nn_archive_save(archive, temp_path(&temp_here, "name"), &error), NN_ERR_ARGUMENT);
        assert_non_null(strstr(error.text, "archive: number name: "));
        assert_int_equal(nn_archive_load(archive, temp_path(&temp_here, "name"), &error), NN_ERR_ARGUMENT);
        nn_archive_destroy(archive);
    }
    nn_archive *archive = nn_archive_create(NULL);
    nn_archive_add_u64(archive, "a", &number);
    nn_archive_add_f64(archive, "a", &(double){ 0 });
    assert_int_equal(nn_archive_save(archive, temp_path(&temp_here, "name"), &error), NN_ERR_ARGUMENT);
    assert_non_null(strstr(error.text, "\"a\": expected each name once"));
    nn_archive_destroy(archive);
    archive = nn_archive_create(NULL); /* also a name that is not the first */
    nn_archive_add_u64(archive, "a", &number);
    nn_archive_add_u64(archive, "b", &number);
    nn_archive_add_u64(archive, "b", &number);
    assert_int_equal(nn_archive_save(archive, temp_path(&temp_here, "name"), &error), NN_ERR_ARGUMENT);
    assert_non_null(strstr(error.text, "\"b\": expected each name once"));
    nn_archive_destroy(archive);
    archive = nn_archive_create(NULL);
    nn_archive_add_model(archive, "model", NULL);
    assert_int_equal(nn_archive_save(archive, temp_path(&temp_here, "name"), &error), NN_ERR_ARGUMENT);
    assert_non_null(strstr(error.text, "\"model\": expected something to add, got NULL"));
    nn_archive_destroy(archive);
    nn_archive_destroy(NULL);
    assert_int_equal(nn_archive_save(NULL, "x", &error), NN_ERR_ARGUMENT);
    assert_int_equal(nn_archive_claim(NULL, "x", &error), NN_ERR_ARGUMENT);
    assert_int_equal(nn_archive_load(NULL, "x", &error), NN_ERR_ARGUMENT);
    assert_int_equal(nn_archive_read_bytes(NULL, "x", NULL, NULL, &error), NN_ERR_ARGUMENT);
    void *bytes = NULL;
    size_t size = 0;
    assert_int_equal(nn_archive_read_bytes(NULL, "x", &bytes, &size, &error), NN_ERR_ARGUMENT);
    assert_int_equal(nn_archive_read_bytes("x", NULL, &bytes, &size, &error), NN_ERR_ARGUMENT);
    assert_int_equal(nn_archive_read_bytes("x", "x", NULL, &size, &error), NN_ERR_ARGUMENT);
    assert_int_equal(nn_archive_read_bytes("x", "x", &bytes, NULL, &error), NN_ERR_ARGUMENT);
}

/* A list that is empty makes a file, too. */
static void nothing_is_something(void **state)
{
    (void)state;
    nn_archive *archive = nn_archive_create(NULL);
    assert_int_equal(nn_archive_save(archive, temp_path(&temp_here, "empty"), NULL), NN_OK);
    assert_int_equal(nn_archive_load(archive, temp_path(&temp_here, "empty"), NULL), NN_OK);
    nn_archive_destroy(archive);
}

/* --- the file before --- */

/* Row 33 of docs/faults.md. */
static void falls_back_to_the_file_before(void **state)
{
    (void)state;
    run a, b;
    size_t size = 0;
    nn_error error = { 0 };
    const char *path = temp_path(&temp_here, "back"), *previous = temp_path(&temp_here, "back.prev");
    begin_run(&a, 10);
    begin_run(&b, 11);
    save(&a, path);
    assert_int_not_equal(access(previous, F_OK), 0);
    a.count++;
    save(&a, path);
    assert_int_equal(access(previous, F_OK), 0);

    assert_int_equal(nn_archive_load(b.archive, path, &error), NN_OK);
    assert_int_equal(b.count, a.count);
    assert_string_equal(error.text, "");
    unsigned char *bytes = temp_read(path, &size);
    bytes[size - 50] ^= 4;
    temp_write(&temp_here, "back", bytes, size);
    assert_int_equal(nn_archive_load(b.archive, path, &error), NN_OK);
    assert_int_equal(error.status, NN_OK);
    assert_int_equal(b.count, a.count - 1);
    assert_non_null(strstr(error.text, "took .prev instead: "));
    assert_non_null(strstr(error.text, "seal: expected 0x"));

    /* A file of other origin where ours should be. */
    temp_write(&temp_here, "back", "\2\0\0\0\0\0\0\0{}", 10);
    b.count = 0;
    assert_int_equal(nn_archive_load(b.archive, path, &error), NN_OK);
    assert_int_equal(b.count, a.count - 1);
    assert_non_null(strstr(error.text, "expected a seal, got none"));

    assert_int_equal(unlink(path), 0);
    b.count = 0;
    assert_int_equal(nn_archive_load(b.archive, path, &error), NN_OK);
    assert_int_equal(b.count, a.count - 1);
    assert_non_null(strstr(error.text, "cannot open: No such file or directory"));

    /* Only damage counts: a file that is whole but of another shape is not replaced by an older one. */
    nn_archive *other = nn_archive_create(NULL);
    nn_archive_add_u64(other, "unrelated", &a.count);
    nn_archive_destroy(a.archive); /* gives up its claim of the path */
    a.archive = NULL;
    assert_int_equal(nn_archive_save(other, path, &error), NN_OK);
    expect_refused(&b, path, NN_ERR_MISMATCH, "7 of 7 parts not in this file");
    nn_archive_destroy(other);

    /* Both damaged: the first one's reason. */
    temp_write(&temp_here, "back", "xx", 2);
    temp_write(&temp_here, "back.prev", "yyy", 3);
    expect_refused(&b, path, NN_ERR_FORMAT, "header length: expected 8 bytes, got 2");
    free(bytes);
    end_run(&a);
    end_run(&b);
}

/* --- other readers --- */

/* Reads the file with nothing but Python and numpy, as the format's README describes it. */
static const char reader_py[] =
    "import json, struct, sys\n"
    "try:\n"
    "    import numpy as np\n"
    "except ImportError:\n"
    "    sys.exit(77)\n"
    "data = open(sys.argv[1], 'rb').read()\n"
    "n, = struct.unpack('<Q', data[:8])\n"
    "header = json.loads(data[8:8 + n])\n"
    "meta = header.pop('__metadata__')\n"
    "types = dict(F32='<f4', F64='<f8', U64='<u8', U8='u1')\n"
    "tensors, end = {}, 0\n"
    "for name, t in sorted(header.items(), key=lambda item: item[1]['data_offsets']):\n"
    "    a, b = t['data_offsets']\n"
    "    assert a == end and (8 + n + a) % np.dtype(types[t['dtype']]).itemsize == 0, name\n"
    "    end = b\n"
    "    tensors[name] = np.frombuffer(data, types[t['dtype']], offset=8 + n + a,\n"
    "                                  count=(b - a) // np.dtype(types[t['dtype']]).itemsize).reshape(t['shape'])\n"
    "assert 8 + n + end == len(data) and name == 'kvist.seal'\n"
    "assert meta['kvist.format'] == '1'\n"
    "model = json.loads(meta['kvist.model.model'])\n"
    "assert [l['type'] for l in model['layers']] == ['dense', 'batch_norm', 'dropout', 'dense']\n"
    "assert float.fromhex(model['layers'][1]['momentum']) == 0.99\n"
    "assert model['layers'][3]['activation'] == 'sigmoid'\n"
    "optim = json.loads(meta['kvist.optim.optim'])\n"
    "assert optim['type'] == 'adam' and float.fromhex(optim['beta2']) == 0.999\n"
    "assert tensors['model/dense_1/kernel'].shape == (5, 6) and tensors['model/norm/moving_mean'].shape == (6,)\n"
    "assert tensors['optim/steps'] == 2 and tensors['optim/lr'] == 0.01\n"
    "assert tensors['count'] == int(sys.argv[2]) and tensors['number'] == 12.0\n"
    "print('%.9g' % tensors['model/dense_4/kernel'][5, 1])\n";

static void python_can_read_it(void **state)
{
    (void)state;
    run a;
    char command[2048], printed[64] = "";
    begin_run(&a, 12);
    train(&a, 2);
    save(&a, temp_path(&temp_here, "python"));
    temp_write(&temp_here, "reader.py", reader_py, sizeof reader_py - 1);
    static const char *const pythons[] = { "python3", "/usr/bin/python3" };
    int status = 77 << 8;
    for (size_t i = 0; i < 2 && (status == 77 << 8 || status == 127 << 8); i++) {
        snprintf(command, sizeof command, "%s '%s/reader.py' '%s/python' %llu", pythons[i], temp_here.path,
                 temp_here.path, (unsigned long long)a.count);
        FILE *output = popen(command, "r");
        assert_non_null(output);
        if (!fgets(printed, sizeof printed, output)) printed[0] = '\0';
        status = pclose(output);
    }
    if (status == 77 << 8 || status == 127 << 8) {
        print_message("no Python with numpy: not read from there\n");
    } else {
        nn_tensor kernel;
        assert_int_equal(status, 0);
        assert_int_equal(nn_model_weight(a.model, "dense_4/kernel", &kernel, NULL), NN_OK);
        assert_true(kernel.f32[5 * OUT + 1] == strtof(printed, NULL));
    }
    end_run(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_on_as_if_never_stopped),
        cmocka_unit_test(loads_parts),
        cmocka_unit_test(bytes_may_grow),
        cmocka_unit_test(files_tell_the_version),
        cmocka_unit_test(large_things),
        cmocka_unit_test(names_must_be_usable),
        cmocka_unit_test(nothing_is_something),
        cmocka_unit_test(falls_back_to_the_file_before),
        cmocka_unit_test(python_can_read_it),
    };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
