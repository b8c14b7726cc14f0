#include "reader.h"

#include "error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

struct data_reader {
    const char *path;
    int descriptor;
    bool gzip, ended; // ended: the gzip trailer was seen and checked
    uint64_t file_size, offset;
    z_stream stream;
    unsigned char chunk[DATA_CHUNK]; // compressed bytes
};

const char *data_kind_of(mode_t mode)
{
    if (S_ISLNK(mode)) return "a symbolic link";
    if (S_ISDIR(mode)) return "a directory";
    if (S_ISSOCK(mode)) return "a socket";
    return S_ISFIFO(mode) ? "a FIFO" : "a device";
}

data_status data_open_regular(const char *path, int *descriptor, uint64_t *size, data_error *error)
{
    // Without O_NONBLOCK the open of a FIFO would wait for a writer.
    const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return data_fail_errno(error, path, "open", errno);
    struct stat info;
    data_status status = DATA_OK;
    if (fstat(fd, &info) != 0) {
        status = data_fail_errno(error, path, "look at it", errno);
    } else if (!S_ISREG(info.st_mode)) {
        status =
            data_fail(error, DATA_ERR_IO, path, 0, "file: expected a regular file, got %s", data_kind_of(info.st_mode));
    }
    if (status != DATA_OK) {
        close(fd);
        return status;
    }
    *descriptor = fd;
    *size = (uint64_t)info.st_size;
    return DATA_OK;
}

data_status data_read_fully(int descriptor, const char *path, void *out, size_t size, size_t *got, data_error *error)
{
    *got = 0;
    while (*got < size) {
        const ssize_t n = read(descriptor, (char *)out + *got, size - *got);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return data_fail_errno(error, path, "read", errno);
        if (n == 0) break;
        *got += (size_t)n;
    }
    return DATA_OK;
}

// Fills the chunk with compressed bytes; at the end of the file avail_in stays 0.
static data_status refill(data_reader *r, data_error *error)
{
    size_t got;
    const data_status status = data_read_fully(r->descriptor, r->path, r->chunk, DATA_CHUNK, &got, error);
    r->stream.next_in = r->chunk;
    r->stream.avail_in = (uInt)got;
    return status;
}

static data_status begin(data_reader *r, data_error *error)
{
    const data_status status = refill(r, error);
    if (status != DATA_OK) return status;
    if (r->stream.avail_in == 0) {
        return data_fail(error, DATA_ERR_FORMAT, r->path, 0, "file: expected some content, got an empty file");
    }
    r->gzip = r->stream.avail_in >= 2 && r->chunk[0] == 0x1f && r->chunk[1] == 0x8b;
    // 16: a gzip wrapper, whose CRC and length inflate then checks itself.
    if (r->gzip && inflateInit2(&r->stream, 16 + MAX_WBITS) != Z_OK) return data_fail_memory(error, "gzip", 1 << 15);
    return DATA_OK;
}

data_status data_reader_open(const char *path, data_reader **reader, data_error *error)
{
    data_reader *r = calloc(1, sizeof *r);
    if (!r) return data_fail_memory(error, path, sizeof *r);
    r->path = path;
    data_status status = data_open_regular(path, &r->descriptor, &r->file_size, error);
    if (status != DATA_OK) {
        free(r);
        return status;
    }
    status = begin(r, error);
    if (status != DATA_OK) {
        data_reader_close(r);
        return status;
    }
    *reader = r;
    return DATA_OK;
}

void data_reader_close(data_reader *r)
{
    if (r->gzip) inflateEnd(&r->stream);
    close(r->descriptor);
    free(r);
}

bool data_reader_is_gzip(const data_reader *r)
{
    return r->gzip;
}

uint64_t data_reader_file_size(const data_reader *r)
{
    return r->file_size;
}

uint64_t data_reader_offset(const data_reader *r)
{
    return r->offset;
}

uint64_t data_reader_bound(const data_reader *r)
{
    // Deflate makes at most 258 bytes of two bits: no content is longer than 1032 times its file.
    return r->gzip ? (r->file_size > UINT64_MAX / 1032 ? UINT64_MAX : r->file_size * 1032) : r->file_size;
}

// The trailer was good; nothing may follow it.
static data_status end_member(data_reader *r, data_error *error)
{
    r->ended = true;
    if (r->stream.avail_in == 0) {
        const data_status status = refill(r, error);
        if (status != DATA_OK) return status;
    }
    if (r->stream.avail_in == 0) return DATA_OK;
    return data_fail(error, DATA_ERR_FORMAT, r->path, r->offset,
                     "gzip: expected the end of the file after the trailer, got more bytes");
}

static data_status read_gzip(data_reader *r, unsigned char *out, size_t size, size_t *got, data_error *error)
{
    *got = 0;
    while (*got < size && !r->ended) {
        if (r->stream.avail_in == 0) {
            const data_status status = refill(r, error);
            if (status != DATA_OK) return status;
        }
        if (r->stream.avail_in == 0) {
            return data_fail(error, DATA_ERR_FORMAT, r->path, r->offset,
                             "gzip: expected a whole member, got the end of the file within it");
        }
        const uInt room = size - *got > DATA_CHUNK * 16 ? DATA_CHUNK * 16 : (uInt)(size - *got);
        r->stream.next_out = out + *got;
        r->stream.avail_out = room;
        const int code = inflate(&r->stream, Z_NO_FLUSH);
        const uInt made = room - r->stream.avail_out;
        *got += made;
        r->offset += made;
        if (code == Z_STREAM_END) return end_member(r, error);
        if (code == Z_MEM_ERROR) return data_fail_memory(error, "gzip", 1 << 15);
        if (code != Z_OK) {
            return data_fail(error, DATA_ERR_FORMAT, r->path, r->offset, "gzip: expected valid data, got: %s",
                             r->stream.msg ? r->stream.msg : "a dictionary request");
        }
    }
    return DATA_OK;
}

static data_status read_plain(data_reader *r, unsigned char *out, size_t size, size_t *got, data_error *error)
{
    *got = 0;
    // What begin() looked at comes first.
    while (*got < size && r->stream.avail_in > 0) {
        out[(*got)++] = *r->stream.next_in++;
        r->stream.avail_in--;
    }
    size_t more;
    const data_status status = data_read_fully(r->descriptor, r->path, out + *got, size - *got, &more, error);
    *got += more;
    r->offset += *got;
    return status;
}

data_status data_reader_read(data_reader *r, void *out, size_t size, size_t *got, data_error *error)
{
    return r->gzip ? read_gzip(r, out, size, got, error) : read_plain(r, out, size, got, error);
}
