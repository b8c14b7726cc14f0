/* Event files, read by a reader that shares nothing with the writer: frames with their checksums, then protobuf. */
#include "crc32c.h"
#include "temp.h"
#include "tensorboard.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* --- a clock that stands and a machine with a name ---------------------------------------------------------------- */

static const char *machine = "machine";

int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    assert_int_equal(clock, CLOCK_REALTIME);
    *now = (struct timespec){ .tv_sec = 1700000000, .tv_nsec = 250000000 };
    return 0;
}

int __wrap_gethostname(char *name, size_t size);
int __wrap_gethostname(char *name, size_t size)
{
    strncpy(name, machine, size); /* as the real one: a name that is cut has no NUL */
    return 0;
}

/* --- the reader --------------------------------------------------------------------------------------------------- */

/* What an event says; absent fields are zero. */
typedef struct event {
    double wall_time;
    int64_t step;
    char version[32], tag[64];
    bool has_scalar;
    float scalar;
    int session_status;
    int64_t height, width, colorspace;
    unsigned char image[512];
    size_t image_size;
} event;

/* Bytes yet to be read. */
typedef struct bytes {
    const unsigned char *at;
    size_t left;
} bytes;

static uint64_t little(const unsigned char *at, int count)
{
    uint64_t value = 0;
    while (count-- > 0) value = value * 256 + at[count];
    return value;
}

/* Bit by bit. */
static uint32_t masked_crc(const unsigned char *at, size_t size)
{
    uint32_t crc = 0xffffffff;
    for (size_t bit = 0; bit < 8 * size; bit++) {
        const uint32_t differs = (crc ^ (uint32_t)at[bit / 8] >> bit % 8) & 1;
        crc = crc / 2 ^ (differs ? 0x82f63b78 : 0);
    }
    crc = ~crc;
    return (uint32_t)(((uint64_t)crc * 0x20000 | crc / 0x8000) + 0xa282ead8);
}

static bool read_varint(bytes *b, uint64_t *value)
{
    *value = 0;
    for (int shift = 0; b->left > 0 && shift < 64; shift += 7) {
        const unsigned char byte = *b->at++;
        b->left--;
        *value |= (uint64_t)(byte % 128) << shift;
        if (byte < 128) return true;
    }
    return false;
}

/* A field: its number and wire type as one key, 10 * number + type; its value or its content. */
static bool read_field(bytes *b, int *key, uint64_t *value, bytes *content)
{
    uint64_t tag;
    if (!read_varint(b, &tag)) return false;
    *key = (int)(tag / 8 * 10 + tag % 8);
    *value = 0;
    *content = (bytes){ NULL, 0 };
    switch (tag % 8) {
    case 0:
        return read_varint(b, value);
    case 1:
    case 5: {
        const int width = tag % 8 == 1 ? 8 : 4;
        if (b->left < (size_t)width) return false;
        *value = little(b->at, width);
        b->at += width, b->left -= (size_t)width;
        return true;
    }
    case 2:
        if (!read_varint(b, value) || *value > b->left) return false;
        *content = (bytes){ b->at, *value };
        b->at += *value, b->left -= *value;
        return true;
    default:
        return false;
    }
}

static bool copy_text(char *text, size_t room, bytes content)
{
    if (content.left >= room) return false;
    memcpy(text, content.at, content.left);
    text[content.left] = '\0';
    return true;
}

static bool read_image(bytes b, event *e)
{
    int key;
    uint64_t value;
    for (bytes content; b.left > 0;) {
        if (!read_field(&b, &key, &value, &content)) return false;
        if (key == 10)
            e->height = (int64_t)value;
        else if (key == 20)
            e->width = (int64_t)value;
        else if (key == 30)
            e->colorspace = (int64_t)value;
        else if (key == 42 && content.left <= sizeof e->image)
            memcpy(e->image, content.at, e->image_size = content.left);
        else
            return false;
    }
    return true;
}

static bool read_value(bytes b, event *e)
{
    int key;
    uint64_t value;
    for (bytes content; b.left > 0;) {
        if (!read_field(&b, &key, &value, &content)) return false;
        if (key == 12) {
            if (!copy_text(e->tag, sizeof e->tag, content)) return false;
        } else if (key == 25) {
            const uint32_t bits = (uint32_t)value;
            memcpy(&e->scalar, &bits, sizeof bits);
            e->has_scalar = true;
        } else if (key != 42 || !read_image(content, e)) {
            return false;
        }
    }
    return true;
}

/* A message with the one field `expected`; its value and content. */
static bool read_only_field(bytes b, int expected, uint64_t *value, bytes *content)
{
    int key;
    return read_field(&b, &key, value, content) && key == expected && b.left == 0;
}

static bool read_event(bytes b, event *e)
{
    int key;
    uint64_t value;
    *e = (event){ 0 };
    for (bytes content, inner; b.left > 0;) {
        if (!read_field(&b, &key, &value, &content)) return false;
        switch (key) {
        case 11:
            memcpy(&e->wall_time, &value, sizeof value);
            break;
        case 20:
            e->step = (int64_t)value;
            break;
        case 32:
            if (!copy_text(e->version, sizeof e->version, content)) return false;
            break;
        case 52:
            if (!read_only_field(content, 12, &value, &inner) || !read_value(inner, e)) return false;
            break;
        case 72:
            if (!read_only_field(content, 10, &value, &inner)) return false;
            e->session_status = (int)value;
            break;
        default:
            return false;
        }
    }
    return true;
}

/* The events of a file in memory; -1 if anything in it is wrong. */
static int read_events(const unsigned char *file, size_t size, event *events, int room)
{
    int count = 0;
    for (bytes b = { file, size }; b.left > 0; count++) {
        if (count == room || b.left < 16) return -1;
        const uint64_t length = little(b.at, 8);
        if (little(b.at + 8, 4) != masked_crc(b.at, 8) || length > b.left - 16) return -1;
        if (little(b.at + 12 + length, 4) != masked_crc(b.at + 12, length)) return -1;
        if (!read_event((bytes){ b.at + 12, length }, &events[count])) return -1;
        b.at += 16 + length, b.left -= 16 + length;
    }
    return count;
}

enum { MOST = 64 };
static event events[MOST];

static int read_file(const char *path)
{
    size_t size;
    unsigned char *file = temp_read(path, &size);
    const int count = read_events(file, size, events, MOST);
    free(file);
    for (int i = 0; i < count; i++) assert_true(events[i].wall_time == 1700000000.25);
    return count;
}

/* --- tests -------------------------------------------------------------------------------------------------------- */

static void crc32c_has_its_check_value(void **state)
{
    (void)state;
    assert_int_equal(crc32c("123456789", 9), 0xe3069283);
    assert_int_equal(crc32c("", 0), 0);
    unsigned char all[256];
    for (int i = 0; i < 256; i++) all[i] = (unsigned char)(i * 37);
    const uint32_t crc = crc32c(all, sizeof all);
    assert_int_equal((uint32_t)((crc >> 15 | crc << 17) + 0xa282ead8), masked_crc(all, sizeof all));
}

static tensorboard_writer board;

static const char *in_folder(const char *name)
{
    return temp_path(&temp_here, name);
}

/* The whole file, by hand from TFRecord's description, event.proto and summary.proto. */
static void a_scalar_is_these_bytes(void **state)
{
    (void)state;
    // clang-format off
    static const unsigned char expected[] = {
        26, 0, 0, 0, 0, 0, 0, 0,  0x12, 0x9b, 0xd8, 0x2d, /* length of the payload, its masked CRC */
        0x09, 0, 0, 0x10, 0x40, 0xfc, 0x54, 0xd9, 0x41,   /* 1, fixed64: wall_time 1700000000.25 */
        0x10, 0,                                          /* 2, varint: step */
        0x1a, 13, 'b', 'r', 'a', 'i', 'n', '.', 'E', 'v', 'e', 'n', 't', ':', '2', /* 3, text: file_version */
        0x52, 0xef, 0x97, 0x93,                           /* masked CRC of the payload */
        27, 0, 0, 0, 0, 0, 0, 0,  0x1a, 0x0d, 0x9e, 0x13,
        0x09, 0, 0, 0x10, 0x40, 0xfc, 0x54, 0xd9, 0x41,
        0x10, 0xac, 0x02,                                 /* step 300 */
        0x2a, 13,                                         /* 5, message: summary */
        0x0a, 11,                                         /* 1, message: value */
        0x0a, 4, 'l', 'o', 's', 's',                      /* 1, text: tag */
        0x15, 0, 0, 0, 0x3f,                              /* 2, fixed32: simple_value 0.5 */
        0x77, 0xf9, 0x90, 0xa0,
    };
    // clang-format on
    size_t size;
    assert_true(tensorboard_open(&board, in_folder("bytes"), 0, NULL));
    tensorboard_scalar(&board, "loss", 300, 0.5);
    assert_true(tensorboard_close(&board));
    unsigned char *file = temp_read(in_folder("bytes/events.out.tfevents.1700000000.machine"), &size);
    assert_int_equal(size, sizeof expected);
    assert_memory_equal(file, expected, size);
    free(file);
}

static void scalars_are_on_disk_at_once(void **state)
{
    (void)state;
    static const struct {
        const char *tag;
        int64_t step;
        double value;
    } points[] = { { "loss", 0, -1.5 },
                   { "a/long tag, with commas and two hundred reasons for more bytes", 127, 1e-30 },
                   { "", 128, INFINITY },
                   { "loss", INT64_C(1) << 40, NAN },
                   { "loss", INT64_MAX, 0.1 } };
    assert_true(tensorboard_open(&board, in_folder("parent/scalars"), 0, NULL));
    assert_int_equal(read_file(board.path), 1);
    assert_string_equal(events[0].version, "brain.Event:2");
    for (int i = 0; i < 5; i++) {
        tensorboard_scalar(&board, points[i].tag, points[i].step, points[i].value);
        assert_int_equal(read_file(board.path), 2 + i);
        const event *e = &events[1 + i];
        const float value = (float)points[i].value;
        assert_string_equal(e->tag, points[i].tag);
        assert_int_equal(e->step, points[i].step);
        assert_true(e->has_scalar && !e->version[0] && !e->session_status && !e->image_size);
        assert_memory_equal(&e->scalar, &value, sizeof value);
    }
    assert_true(tensorboard_close(&board));
}

static void a_row_is_a_scalar_for_each_column_but_the_first(void **state)
{
    (void)state;
    static const double row[] = { 7, 0.25, -3 };
    assert_true(tensorboard_open(&board, in_folder("rows"), 0, NULL));
    tensorboard_row(&board, "epoch,loss,val_loss", row, 3);
    assert_int_equal(read_file(board.path), 3);
    for (int i = 1; i <= 2; i++) {
        assert_string_equal(events[i].tag, i == 1 ? "loss" : "val_loss");
        assert_int_equal(events[i].step, 7);
        assert_true(events[i].scalar == (float)row[i]);
    }
    tensorboard_row(&board, "epoch,loss", row, 3);
    assert_int_equal(board.error, EINVAL);
    board.error = 0;
    tensorboard_row(&board, "epoch,loss,val_loss,seconds", row, 3);
    assert_int_equal(board.error, EINVAL);
    assert_false(tensorboard_close(&board));
}

/* As much of a PNG file as the writer looks at, and more bytes up to size. */
static void make_png(unsigned char *png, size_t size, unsigned colour_type)
{
    static const unsigned char start[26] = { 0x89, 'P', 'N', 'G', 13, 10, 26, 10, 0, 0, 0,  13, 'I',
                                             'H',  'D', 'R', 0,   0,  1,  44, 0,  0, 0, 86, 8,  0 };
    for (size_t i = 0; i < size; i++) png[i] = i < sizeof start ? start[i] : (unsigned char)(i * 7);
    png[25] = (unsigned char)colour_type;
}

static void an_image_tells_its_size_and_colours(void **state)
{
    (void)state;
    static const int types[] = { 0, 2, 3, 4, 6 }, colorspaces[] = { 1, 3, 3, 2, 4 };
    unsigned char png[400];
    assert_true(tensorboard_open(&board, in_folder("images"), 0, NULL));
    for (int i = 0; i < 5; i++) {
        const size_t size = i == 0 ? 33 : sizeof png;
        make_png(png, size, (unsigned)types[i]);
        tensorboard_image(&board, "grid", 1000 + i, png, size);
        assert_int_equal(read_file(board.path), 2 + i);
        const event *e = &events[1 + i];
        assert_string_equal(e->tag, "grid");
        assert_int_equal(e->step, 1000 + i);
        assert_false(e->has_scalar);
        assert_int_equal(e->width, 300);
        assert_int_equal(e->height, 86);
        assert_int_equal(e->colorspace, colorspaces[i]);
        assert_int_equal(e->image_size, size);
        assert_memory_equal(e->image, png, size);
    }
    assert_true(tensorboard_close(&board));
}

static void refuses_what_is_no_png(void **state)
{
    (void)state;
    unsigned char png[64];
    assert_true(tensorboard_open(&board, in_folder("no-png"), 0, NULL));
    for (unsigned type = 1; type < 256; type++) {
        if (type == 2 || type == 3 || type == 4 || type == 6) continue;
        make_png(png, sizeof png, type);
        board.error = 0;
        tensorboard_image(&board, "grid", 1, png, sizeof png);
        assert_int_equal(board.error, EINVAL);
    }
    for (size_t i = 0; i < 17; i++) { /* a wrong byte of the first 16, a byte too few */
        make_png(png, sizeof png, 0);
        if (i < 16) png[i] ^= 1;
        board.error = 0;
        tensorboard_image(&board, "grid", 1, png, i < 16 ? sizeof png : 32);
        assert_int_equal(board.error, EINVAL);
    }
    assert_int_equal(read_file(board.path), 1);
    assert_false(tensorboard_close(&board));
}

/* The checksums must be such that the reader needs nothing else to tell a damaged file. */
static void a_flipped_bit_or_a_torn_end_is_noticed(void **state)
{
    (void)state;
    unsigned char png[40];
    size_t size, whole = 0;
    make_png(png, sizeof png, 0);
    assert_true(tensorboard_open(&board, in_folder("flipped"), 3, NULL));
    tensorboard_scalar(&board, "loss", 3, 0.5);
    tensorboard_image(&board, "grid", 3, png, sizeof png);
    assert_true(tensorboard_close(&board));
    unsigned char *file = temp_read(board.path, &size);
    assert_int_equal(read_events(file, size, events, MOST), 4);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        file[bit / 8] ^= (unsigned char)(1 << bit % 8);
        assert_int_equal(read_events(file, size, events, MOST), -1);
        file[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    for (size_t cut = 0; cut < size; cut++) whole += read_events(file, cut, events, MOST) >= 0;
    assert_int_equal(whole, 4); /* after 0 to 3 events */
    free(file);
}

static void a_resumed_run_makes_tensorboard_forget(void **state)
{
    (void)state;
    char first[RUN_PATH];
    assert_true(tensorboard_open(&board, in_folder("resumed"), 0, NULL));
    snprintf(first, sizeof first, "%s", board.path);
    for (int step = 1; step <= 8; step++) tensorboard_scalar(&board, "loss", step, step);
    assert_true(tensorboard_close(&board));

    assert_true(tensorboard_open(&board, in_folder("resumed"), 5, NULL));
    assert_int_equal(read_file(board.path), 2); /* whatever comes of the run */
    tensorboard_scalar(&board, "loss", 6, 0.5);
    tensorboard_scalar(&board, "loss", 7, 0.25);
    assert_true(tensorboard_close(&board));
    assert_int_equal(read_file(board.path), 4);
    assert_string_equal(events[0].version, "brain.Event:2");
    assert_int_equal(events[1].session_status, 1); /* START */
    assert_int_equal(events[1].step, 5);           /* the checkpoint's next, not the next point's */
    assert_false(events[1].has_scalar || events[1].tag[0]);
    assert_int_equal(events[2].session_status, 0);
    assert_int_equal(events[2].step, 6);
    assert_int_equal(events[3].session_status, 0);
    assert_int_equal(read_file(first), 9);
    for (int i = 0; i < 9; i++) assert_int_equal(events[i].session_status, 0);
}

/* TensorBoard reads the files of a folder in the order of their names. */
static void files_of_one_second_have_names_in_order(void **state)
{
    (void)state;
    char before[RUN_PATH] = "";
    for (int i = 0; i < 12; i++) {
        assert_true(tensorboard_open(&board, in_folder("twelve"), 0, NULL));
        assert_true(strcmp(before, board.path) < 0);
        snprintf(before, sizeof before, "%s", board.path);
        assert_true(tensorboard_close(&board));
    }
    assert_non_null(strstr(before, "/events.out.tfevents.1700000000.machine.011"));
}

static void assert_name(const char *host, const char *expected)
{
    static int count;
    char name[16];
    snprintf(name, sizeof name, "host-%d", count++);
    machine = host;
    assert_true(tensorboard_open(&board, in_folder(name), 0, NULL));
    machine = "machine";
    const char *path = strrchr(board.path, '/') + 1;
    assert_memory_equal(path, "events.out.tfevents.1700000000.", 31);
    assert_string_equal(path + 31, expected);
    assert_true(tensorboard_close(&board));
}

static void the_name_of_the_machine_cannot_leave_the_folder(void **state)
{
    (void)state;
    assert_name("Host-7_a.example.org", "Host-7_a.example.org");
    assert_name("a b/../c:\xc3\xbc\n%s", "a-b-..-c-----s");
    assert_name("", "localhost");
    assert_name("0123456789012345678901234567890123456789012345678901234567890123456789",
                "012345678901234567890123456789012345678901234567890123456789012");
}

static void limit_files(rlim_t size)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A limit on the size of files is a disk that fills up in the middle of an event. Row 48. */
static void full_disk_loses_whole_events_and_is_told_once(void **state)
{
    (void)state;
    char *told;
    size_t size;
    FILE *log = open_memstream(&told, &size);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit_files(30); /* not the version's 42 */
    assert_true(tensorboard_open(&board, in_folder("full"), 3, log));
    tensorboard_scalar(&board, "loss", 3, 1);
    assert_int_equal(read_file(board.path), 0);
    limit_files(60); /* not the restart's */
    tensorboard_scalar(&board, "loss", 4, 2);
    assert_int_equal(read_file(board.path), 1);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    tensorboard_scalar(&board, "loss", 5, 3);
    assert_int_equal(board.error, EFBIG);
    assert_false(tensorboard_close(&board));
    fclose(log);
    char expected[RUN_PATH + 64];
    snprintf(expected, sizeof expected, "kvist: warning: %s: File too large\n", board.path);
    assert_string_equal(told, expected);
    free(told);
    assert_int_equal(read_file(board.path), 3);
    assert_string_equal(events[0].version, "brain.Event:2"); /* made up for */
    assert_int_equal(events[1].session_status, 1);
    assert_int_equal(events[1].step, 3);
    assert_true(events[2].scalar == 3);
}

static void without_a_file_events_are_dropped(void **state)
{
    (void)state;
    char *told;
    size_t size;
    unsigned char png[33];
    make_png(png, sizeof png, 0);
    FILE *log = open_memstream(&told, &size);
    temp_write(&temp_here, "file", "", 0);
    assert_false(tensorboard_open(&board, in_folder("file/below"), 0, log));
    tensorboard_scalar(&board, "loss", 1, 1);
    tensorboard_image(&board, "grid", 1, png, sizeof png);
    tensorboard_row(&board, "epoch,loss", (double[]){ 1, 2 }, 2);
    assert_false(tensorboard_close(&board));
    fclose(log);
    assert_non_null(strstr(told, "/file/below: Not a directory\n"));
    assert_ptr_equal(strchr(told, '\n'), told + size - 1); /* one line */
    free(told);

    tensorboard_writer closed = TENSORBOARD_CLOSED;
    for (int i = 0; i < 2; i++) {
        tensorboard_scalar(&closed, "loss", 1, 1);
        tensorboard_image(&closed, "grid", 1, png, sizeof png);
        tensorboard_row(&closed, "epoch,loss", (double[]){ 1, 2 }, 2);
        assert_true(tensorboard_close(&closed));
        assert_true(tensorboard_open(&closed, NULL, 7, NULL));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc32c_has_its_check_value),
        cmocka_unit_test(a_scalar_is_these_bytes),
        cmocka_unit_test(scalars_are_on_disk_at_once),
        cmocka_unit_test(a_row_is_a_scalar_for_each_column_but_the_first),
        cmocka_unit_test(an_image_tells_its_size_and_colours),
        cmocka_unit_test(refuses_what_is_no_png),
        cmocka_unit_test(a_flipped_bit_or_a_torn_end_is_noticed),
        cmocka_unit_test(a_resumed_run_makes_tensorboard_forget),
        cmocka_unit_test(files_of_one_second_have_names_in_order),
        cmocka_unit_test(the_name_of_the_machine_cannot_leave_the_folder),
        cmocka_unit_test(full_disk_loses_whole_events_and_is_told_once),
        cmocka_unit_test(without_a_file_events_are_dropped),
    };
    return cmocka_run_group_tests(tests, temp_set_up, temp_tear_down);
}
