#include "npz_reviews.h"
#include "temp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

const char *npz_write(const char *name, const npz_change *c)
{
    static const char rows[] = NPZ_GOOD_ROWS;
    npz_bytes lists = { 0 }, labels = { 0 };
    zip z = { 0 };
    npz_lists(&lists, 2, rows, sizeof rows - 1);
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

data_imdb npz_load(const char *path, const data_imdb_def *def)
{
    data_imdb imdb;
    data_error error;
    if (data_imdb_load(path, def, &imdb, &error) != DATA_OK) fail_msg("%s", error.text);
    return imdb;
}

void npz_check_good(const char *path)
{
    data_imdb imdb = npz_load(path, &(data_imdb_def){ .no_shuffle = true });
    assert_int_equal(imdb.train.count, 2);
    assert_int_equal(imdb.test.count, 2);
    assert_memory_equal(imdb.train.indices, ((int32_t[]){ 1, 8, 1, 9, 303 }), 5 * sizeof(int32_t));
    assert_memory_equal(imdb.test.offsets, ((int64_t[]){ 0, 2, 5 }), 3 * sizeof(int64_t));
    assert_memory_equal(imdb.test.labels, ((float[]){ 0, 1 }), 2 * sizeof(float));
    assert_int_equal(imdb.words, 300);
    data_imdb_free(&imdb);
}
