/* The reviews straight from aclImdb_v1.tar.gz: libarchive takes the tar apart, our own reader checks the gzip. */
#include "corpus.h"
#include "error.h"
#include "reader.h"
#include "text.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { END_OF_TAR = 1024 };

typedef struct source {
    const char *path;
    data_reader *reader;
    data_error *error;
    data_status status; // of the reader; its error is already told
    uint64_t zeros;     // how many zero bytes the stream ended in so far
    char *chunk;        // (DATA_CHUNK) what libarchive looks at
    data_text text;
} source;

// 4 GiB of content, eight times the real set: more is a bomb.
static const uint64_t max_content = (uint64_t)1 << 32;

static void count_zeros(source *s, size_t size)
{
    size_t zeros = 0;
    while (zeros < size && s->chunk[size - 1 - zeros] == 0) zeros++;
    s->zeros = zeros == size ? s->zeros + size : zeros;
}

static data_status read_chunk(source *s, size_t *got)
{
    *got = 0;
    if (s->status == DATA_OK) s->status = data_reader_read(s->reader, s->chunk, DATA_CHUNK, got, s->error);
    if (s->status != DATA_OK) return s->status;
    count_zeros(s, *got);
    if (data_reader_offset(s->reader) > max_content) {
        s->status = data_fail(s->error, DATA_ERR_FORMAT, s->path, data_reader_offset(s->reader),
                              "archive: expected at most %llu bytes, got more", (unsigned long long)max_content);
    }
    return s->status;
}

static la_ssize_t give_chunk(struct archive *archive, void *user, const void **bytes)
{
    source *s = user;
    size_t got;
    if (read_chunk(s, &got) != DATA_OK) {
        archive_set_error(archive, EIO, "read error");
        return ARCHIVE_FATAL;
    }
    *bytes = s->chunk;
    return (la_ssize_t)got;
}

// Where the entry at hand begins, or how far the reader is where there is none.
static uint64_t position(const source *s, struct archive *archive)
{
    const la_int64_t header = archive_read_header_position(archive);
    return header < 0 ? data_reader_offset(s->reader) : (uint64_t)header;
}

// What libarchive found wrong, unless the reader below it failed first.
static data_status fail_archive(source *s, struct archive *archive)
{
    if (s->status != DATA_OK) return s->status;
    const char *why = archive_error_string(archive);
    return data_fail(s->error, DATA_ERR_FORMAT, s->path, position(s, archive), "tar: expected a whole archive, got: %s",
                     why ? why : "an unknown fault");
}

static bool climbs(const char *path)
{
    if (path[0] == '/') return true;
    for (const char *at = path; at; at = strchr(at, '/')) {
        if (*at == '/') at++;
        if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0')) return true;
    }
    return false;
}

static data_status check_entry(source *s, struct archive *archive, struct archive_entry *entry)
{
    const uint64_t offset = position(s, archive);
    const char *path = archive_entry_pathname(entry);
    if (!path) return data_fail(s->error, DATA_ERR_FORMAT, s->path, offset, "path: expected one, got none");
    if (climbs(path)) {
        return data_fail(s->error, DATA_ERR_FORMAT, s->path, offset,
                         "path: expected a relative one without \"..\", got %.60s", path);
    }
    const bool plain = archive_entry_filetype(entry) == AE_IFREG || archive_entry_filetype(entry) == AE_IFDIR;
    if (!plain || archive_entry_hardlink(entry)) { // a hard link with content of its own is a plain file
        return data_fail(s->error, DATA_ERR_FORMAT, s->path, offset,
                         "type of %.60s: expected a file or folder, got a link or device", path);
    }
    return DATA_OK;
}

// The blocks of a sparse file leave holes between them and at its end, whose zeros would be missing from the text.
static data_status read_text(source *s, struct archive *archive, struct archive_entry *entry)
{
    data_text_clear(&s->text);
    for (;;) {
        const void *bytes;
        size_t size;
        la_int64_t offset;
        const int code = archive_read_data_block(archive, &bytes, &size, &offset);
        if (code != ARCHIVE_OK && code != ARCHIVE_EOF) return fail_archive(s, archive);
        const uint64_t place = code == ARCHIVE_EOF ? (uint64_t)archive_entry_size(entry) : (uint64_t)offset;
        if (place != s->text.size) {
            return data_fail(s->error, DATA_ERR_FORMAT, s->path, position(s, archive),
                             "content of %.60s: expected it on from byte %llu, got a sparse file's from %llu",
                             archive_entry_pathname(entry), (unsigned long long)s->text.size,
                             (unsigned long long)place);
        }
        if (code == ARCHIVE_EOF) return DATA_OK;
        data_text_append(&s->text, bytes, size);
    }
}

// The last three components of a path, as "train/neg/0_3.txt"; NULL if it has fewer.
static const char *key_of(const char *path)
{
    int slashes = 0;
    for (const char *at = path + strlen(path); at > path; at--) {
        if (at[-1] == '/' && ++slashes == 3) return at;
    }
    return slashes == 2 ? path : NULL;
}

static data_status read_entry(source *s, struct archive *archive, struct archive_entry *entry,
                              data_corpus_builder *builder)
{
    data_status status = check_entry(s, archive, entry);
    if (status != DATA_OK || archive_entry_filetype(entry) != AE_IFREG) return status;
    int part, label;
    const char *key = key_of(archive_entry_pathname(entry));
    if (!key || !data_parse_key(key, &part, &label)) return DATA_OK; // lists, read-me, unlabelled reviews
    status = read_text(s, archive, entry);
    if (status != DATA_OK) return status;
    return data_corpus_builder_add(builder, key, s->text.bytes, data_text_finish(&s->text), s->error);
}

// libarchive stops at the end-of-archive mark or where the bytes end: read on to the gzip trailer and look for the
// mark. From `end` on, where the last entry ends, all is to be zero: what follows the mark, as another archive, is
// never read.
static data_status check_end(source *s, uint64_t end)
{
    size_t got;
    do {
        if (read_chunk(s, &got) != DATA_OK) return s->status;
    } while (got > 0);
    const uint64_t rest = data_reader_offset(s->reader) - end;
    if (s->zeros < rest) {
        return data_fail(s->error, DATA_ERR_FORMAT, s->path, end,
                         "tar: expected zero bytes alone after the last entry, got others up to byte %llu",
                         (unsigned long long)(end + rest - s->zeros));
    }
    if (rest >= END_OF_TAR) return DATA_OK;
    return data_fail(s->error, DATA_ERR_FORMAT, s->path, end + rest, "tar: expected %d zero bytes at the end, got %llu",
                     END_OF_TAR, (unsigned long long)rest);
}

static data_status read_entries(source *s, struct archive *archive, data_corpus_builder *builder)
{
    if (archive_read_support_format_tar(archive) != ARCHIVE_OK ||
        archive_read_open2(archive, s, NULL, give_chunk, NULL, NULL) != ARCHIVE_OK) {
        return fail_archive(s, archive);
    }
    for (;;) {
        struct archive_entry *entry;
        const int code = archive_read_next_header(archive, &entry);
        if (code == ARCHIVE_EOF) return check_end(s, position(s, archive));
        // A warning is about a name in another character set; names without a path are refused below.
        if (code != ARCHIVE_OK && code != ARCHIVE_WARN) return fail_archive(s, archive);
        const data_status status = read_entry(s, archive, entry, builder);
        if (status != DATA_OK) return status;
    }
}

data_status data_imdb_read_archive(const char *path, data_corpus_builder *builder, data_error *error)
{
    source s = { .path = path, .error = error };
    data_status status = data_reader_open(path, &s.reader, error);
    if (status != DATA_OK) return status;
    struct archive *archive = archive_read_new();
    s.chunk = malloc(DATA_CHUNK);
    s.text.bytes = malloc(DATA_TEXT_MAX);
    status = archive && s.chunk && s.text.bytes ? read_entries(&s, archive, builder)
                                                : data_fail_memory(error, path, DATA_TEXT_MAX);
    if (archive) archive_read_free(archive);
    free(s.chunk);
    free(s.text.bytes);
    data_reader_close(s.reader);
    return status;
}
