#include "tensorboard.h"

#include "append.h"
#include "crc32c.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void failed(tensorboard_writer *writer, int error)
{
    if (writer->error) return;
    writer->error = error;
    run_warn(writer->log, "%s: %s", writer->path, strerror(error));
}

/* --- records: an Event in protobuf's wire format, framed as a TFRecord -------------------------------------------- */

enum { VARINT = 0, FIXED64 = 1, LENGTH = 2, FIXED32 = 5 };

/* The fields of event.proto and summary.proto that are written, and their constants. */
enum { EVENT_WALL_TIME = 1, EVENT_STEP = 2, EVENT_FILE_VERSION = 3, EVENT_SUMMARY = 5, EVENT_SESSION_LOG = 7 };
enum { SUMMARY_VALUE = 1, VALUE_TAG = 1, VALUE_SIMPLE = 2, VALUE_IMAGE = 4 };
enum { IMAGE_HEIGHT = 1, IMAGE_WIDTH = 2, IMAGE_COLORSPACE = 3, IMAGE_ENCODED = 4 };
enum { SESSION_LOG_STATUS = 1, SESSION_START = 1 };

/* The frame, and the keys, lengths and numbers of the largest event: less than 200 bytes. */
enum { CRC = 4, OVERHEAD = 256 };

/* Grows from its end to its start: the length before a part is known as soon as the part stands. */
typedef struct record {
    uint8_t *memory; /* to be freed */
    uint8_t *at;     /* first byte so far */
    uint8_t *end;    /* of the payload; its CRC follows */
} record;

static void store_little(uint8_t *at, uint64_t value, int size)
{
    for (int i = 0; i < size; i++) at[i] = (uint8_t)(value >> 8 * i);
}

static void put_bytes(record *r, const void *bytes, size_t size)
{
    r->at -= size;
    memcpy(r->at, bytes, size);
}

static void put_little(record *r, uint64_t value, int size)
{
    r->at -= size;
    store_little(r->at, value, size);
}

/* Seven bits a byte, the lowest first; all but the last byte have the top bit set. */
static void put_varint(record *r, uint64_t value)
{
    uint8_t bytes[10];
    size_t size = 0;
    for (; value > 127; value >>= 7) bytes[size++] = (uint8_t)(value | 128);
    bytes[size++] = (uint8_t)value;
    put_bytes(r, bytes, size);
}

static void put_key(record *r, int field, int type)
{
    put_varint(r, (uint64_t)(field << 3 | type));
}

static void put_int(record *r, int field, int64_t value)
{
    put_varint(r, (uint64_t)value);
    put_key(r, field, VARINT);
}

static void put_text(record *r, int field, const void *bytes, size_t size)
{
    put_bytes(r, bytes, size);
    put_varint(r, size);
    put_key(r, field, LENGTH);
}

static void put_float(record *r, int field, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_little(r, bits, sizeof bits);
    put_key(r, field, FIXED32);
}

static void put_double(record *r, int field, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_little(r, bits, sizeof bits);
    put_key(r, field, FIXED64);
}

/* All of the record so far becomes the message in a field of the one around it. */
static void wrap(record *r, int field)
{
    put_varint(r, (uint64_t)(r->end - r->at));
    put_key(r, field, LENGTH);
}

/* TFRecord's masked CRC: a CRC over data that holds CRCs would be weak. */
static uint32_t masked_crc(const void *bytes, size_t size)
{
    const uint32_t crc = crc32c(bytes, size);
    return (crc >> 15 | crc << 17) + 0xa282ead8;
}

/* length (8), its CRC (4), payload (length), its CRC (4) */
static void put_frame(record *r)
{
    uint8_t length[8];
    store_little(length, (uint64_t)(r->end - r->at), sizeof length);
    store_little(r->end, masked_crc(r->at, (size_t)(r->end - r->at)), CRC);
    put_little(r, masked_crc(length, sizeof length), CRC);
    put_bytes(r, length, sizeof length);
}

/* --- events ------------------------------------------------------------------------------------------------------- */

/* An empty record with room for that much content; its memory is NULL if there is none. */
static record begin_event(tensorboard_writer *writer, size_t content)
{
    uint8_t *memory = malloc(OVERHEAD + content);
    if (!memory) {
        failed(writer, ENOMEM);
        return (record){ 0 };
    }
    uint8_t *end = memory + OVERHEAD + content - CRC;
    return (record){ .memory = memory, .at = end, .end = end };
}

/* The record holds what the event is about: adds when, appends it to the file, and frees it. */
static bool end_event(tensorboard_writer *writer, record *r, int64_t step)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    put_int(r, EVENT_STEP, step);
    put_double(r, EVENT_WALL_TIME, (double)now.tv_sec + 1e-9 * (double)now.tv_nsec);
    put_frame(r);
    const int error = append_whole(writer->file, r->at, (size_t)(r->end + CRC - r->at));
    free(r->memory);
    if (error) failed(writer, error);
    return error == 0;
}

static bool add_version(tensorboard_writer *writer)
{
    static const char version[] = "brain.Event:2";
    record r = begin_event(writer, sizeof version);
    if (!r.memory) return false;
    put_text(&r, EVENT_FILE_VERSION, version, sizeof version - 1);
    return end_event(writer, &r, 0);
}

/* TensorBoard drops what it has read so far of this step and of later ones. */
static bool add_restart(tensorboard_writer *writer, int64_t step)
{
    record r = begin_event(writer, 0);
    if (!r.memory) return false;
    put_int(&r, SESSION_LOG_STATUS, SESSION_START);
    wrap(&r, EVENT_SESSION_LOG);
    return end_event(writer, &r, step);
}

/* Version and restart, if the file has them not yet. @return whether it has them now */
static bool begin_file(tensorboard_writer *writer)
{
    if (!writer->has_version) writer->has_version = add_version(writer);
    if (writer->has_version && writer->restart && add_restart(writer, writer->restart)) writer->restart = 0;
    return writer->has_version && !writer->restart;
}

/* As begin_event(), behind what the file begins with. */
static record begin_value(tensorboard_writer *writer, size_t content)
{
    return begin_file(writer) ? begin_event(writer, content) : (record){ 0 };
}

static void end_value(tensorboard_writer *writer, record *r, const char *tag, size_t length, int64_t step)
{
    put_text(r, VALUE_TAG, tag, length);
    wrap(r, SUMMARY_VALUE);
    wrap(r, EVENT_SUMMARY);
    end_event(writer, r, step);
}

static void add_scalar(tensorboard_writer *writer, const char *tag, size_t length, int64_t step, double value)
{
    if (writer->file < 0) return;
    record r = begin_value(writer, length);
    if (!r.memory) return;
    put_float(&r, VALUE_SIMPLE, (float)value);
    end_value(writer, &r, tag, length, step);
}

void tensorboard_scalar(tensorboard_writer *writer, const char *tag, int64_t step, double value)
{
    add_scalar(writer, tag, strlen(tag), step, value);
}

void tensorboard_row(tensorboard_writer *writer, const char *header, const double *values, int count)
{
    if (writer->file < 0) return;
    const char *name = header + strcspn(header, ",");
    int i = 1;
    for (; i < count && *name; i++) {
        const size_t length = strcspn(++name, ",");
        add_scalar(writer, name, length, (int64_t)values[0], values[i]);
        name += length;
    }
    if (i != count || *name) failed(writer, EINVAL);
}

/* --- pictures ----------------------------------------------------------------------------------------------------- */

/* A PNG begins with its signature and the chunk IHDR: width, height (big-endian), bits, colour type, three more. */
static const char png_start[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
enum { PNG_WIDTH = 16, PNG_HEIGHT = 20, PNG_COLOUR_TYPE = 25, PNG_LEAST = 33 };

static int64_t big(const uint8_t *at)
{
    return (int64_t)at[0] << 24 | (int64_t)at[1] << 16 | (int64_t)at[2] << 8 | at[3];
}

void tensorboard_image(tensorboard_writer *writer, const char *tag, int64_t step, const void *png, size_t size)
{
    /* TensorBoard's number of a colour space is that of its channels; by PNG's colour type, 0: there is none */
    static const uint8_t channels[] = { 1, 0, 3, 3, 2, 0, 4 };
    const uint8_t *bytes = png;
    if (writer->file < 0) return;
    const bool is_png = size >= PNG_LEAST && memcmp(bytes, png_start, PNG_WIDTH) == 0;
    if (!is_png || bytes[PNG_COLOUR_TYPE] >= sizeof channels || channels[bytes[PNG_COLOUR_TYPE]] == 0) {
        failed(writer, EINVAL);
        return;
    }
    const size_t length = strlen(tag);
    record r = begin_value(writer, length + size);
    if (!r.memory) return;
    put_text(&r, IMAGE_ENCODED, bytes, size);
    put_int(&r, IMAGE_COLORSPACE, channels[bytes[PNG_COLOUR_TYPE]]);
    put_int(&r, IMAGE_WIDTH, big(bytes + PNG_WIDTH));
    put_int(&r, IMAGE_HEIGHT, big(bytes + PNG_HEIGHT));
    wrap(&r, VALUE_IMAGE);
    end_value(writer, &r, tag, length, step);
}

/* --- the file ----------------------------------------------------------------------------------------------------- */

/* The machine's name as part of a file's: what is neither letter, digit, '-', '_' nor '.' becomes '-'. */
static void host_name(char host[], size_t size)
{
    memset(host, 0, size);
    if (gethostname(host, size - 1) != 0 || !host[0]) snprintf(host, size, "localhost");
    for (char *c = host; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("-_.", *c)) *c = '-';
}

/* A new file; a second one of the same second gets a number behind its name, so that TensorBoard reads it later. */
static int open_new(tensorboard_writer *writer, const char *folder)
{
    enum { HOST = 64, NAME = 128, MOST = 1000 };
    char host[HOST], name[NAME];
    struct timespec now;
    host_name(host, sizeof host);
    clock_gettime(CLOCK_REALTIME, &now);
    for (int i = 0; i < MOST; i++) {
        int length = snprintf(name, sizeof name, "events.out.tfevents.%010lld.%s", (long long)now.tv_sec, host);
        if (i > 0) snprintf(name + length, sizeof name - (size_t)length, ".%03d", i);
        if (!run_join(writer->path, folder, name)) {
            errno = ENAMETOOLONG;
            return -1;
        }
        const int file = open(writer->path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
        if (file >= 0 || errno != EEXIST) return file;
    }
    return -1;
}

bool tensorboard_open(tensorboard_writer *writer, const char *folder, int64_t restart, FILE *log)
{
    *writer = (tensorboard_writer){ .file = -1, .restart = restart, .log = log };
    if (!folder) return true;
    snprintf(writer->path, sizeof writer->path, "%s", folder);
    if (run_make_folders(folder)) writer->file = open_new(writer, folder);
    if (writer->file < 0) {
        failed(writer, errno);
        return false;
    }
    begin_file(writer);
    return true;
}

bool tensorboard_close(tensorboard_writer *writer)
{
    if (writer->file >= 0 && close(writer->file) != 0) failed(writer, errno);
    writer->file = -1;
    return writer->error == 0;
}
