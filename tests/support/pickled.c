#include "pickled.h"
#include "temp.h"
#include "zip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

data_status pickled_read(piece pickle, int rows, int method, data_lists *lists, data_error *error)
{
    zip z = { 0 };
    data_zip *opened;
    data_member *member;
    zip_add(&z, &(zip_member){ .name = "p", .content = pickle.bytes, .size = pickle.size, .method = method });
    zip_end(&z);
    const char *path = temp_write(&temp_here, "a.npz", z.bytes, z.size);
    zip_free(&z);
    assert_int_equal(data_zip_open(path, &opened, error), DATA_OK);
    assert_int_equal(data_zip_next(opened, &member), DATA_OK);
    const data_status status = data_pickle_read(member, rows, PICKLED_MOST, lists);
    data_zip_close(opened);
    return status;
}

void pickled_refused(piece pickle, size_t at, const char *text)
{
    data_lists lists = { 0 };
    data_error error = { 0 };
    const data_status status = pickled_read(pickle, 2, 0, &lists, &error);
    if (status != DATA_ERR_FORMAT || error.status != status || !strstr(error.text, "a.npz(p):") ||
        !strstr(error.text, text))
        fail_msg("expected \"%s\", got %d: %s", text, (int)status, error.text);
    if (error.offset != at) fail_msg("expected offset %zu, got %d: %s", at, (int)error.offset, error.text);
    data_lists_free(&lists);
}
