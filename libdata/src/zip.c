#include "zip.h"

#include "error.h"
#include "reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct data_zip {
    const char *path;
    int descriptor;
    struct archive *archive;
    struct archive_entry *entry;
    uint64_t size; // of the member at hand, as the archive tells it
    data_member member;
    data_error *error;
};

bool data_is_zip(const char *path)
{
    static const unsigned char mark[] = { 'P', 'K', 3, 4 };
    unsigned char start[sizeof mark];
    int descriptor;
    uint64_t size;
    size_t got = 0;
    if (data_open_regular(path, &descriptor, &size, NULL) != DATA_OK) return false;
    const data_status status = data_read_fully(descriptor, path, start, sizeof start, &got, NULL);
    close(descriptor);
    return status == DATA_OK && got == sizeof mark && memcmp(start, mark, sizeof mark) == 0;
}

static data_status fail_archive(const data_zip *zip)
{
    const char *why = archive_error_string(zip->archive);
    return data_fail(zip->error, DATA_ERR_FORMAT, zip->path, 0, "zip: expected a whole archive, got: %s",
                     why ? why : "an unknown fault");
}

data_status data_zip_open(const char *path, data_zip **opened, data_error *error)
{
    data_zip *zip = calloc(1, sizeof *zip);
    if (!zip) return data_fail_memory(error, path, sizeof *zip);
    uint64_t size;
    zip->path = path;
    zip->error = error;
    data_status status = data_open_regular(path, &zip->descriptor, &size, error);
    if (status != DATA_OK) {
        free(zip);
        return status;
    }
    zip->archive = archive_read_new();
    if (!zip->archive) {
        status = data_fail_memory(error, path, sizeof *zip);
    } else if (archive_read_support_format_zip_seekable(zip->archive) != ARCHIVE_OK ||
               archive_read_open_fd(zip->archive, zip->descriptor, DATA_CHUNK) != ARCHIVE_OK) {
        // The seekable reader goes by the central directory at the end, as Python does.
        status = fail_archive(zip);
    }
    if (status == DATA_OK) {
        *opened = zip;
    } else {
        data_zip_close(zip);
    }
    return status;
}

void data_zip_close(data_zip *zip)
{
    if (zip->archive) archive_read_free(zip->archive);
    close(zip->descriptor);
    free(zip);
}

data_status data_zip_next(data_zip *zip, data_member **member)
{
    const int code = archive_read_next_header(zip->archive, &zip->entry);
    *member = NULL;
    if (code == ARCHIVE_EOF) return DATA_OK;
    if (code != ARCHIVE_OK) return fail_archive(zip);
    const char *name = archive_entry_pathname(zip->entry);
    if (!name) return data_fail(zip->error, DATA_ERR_FORMAT, zip->path, 0, "zip: expected a name of UTF-8, got none");
    char shortened[DATA_SHORT_PATH];
    zip->member = (data_member){ .name = name, .zip = zip };
    snprintf(zip->member.path, sizeof zip->member.path, "%s(%.32s)", data_short_path(zip->path, shortened), name);
    zip->size = archive_entry_size_is_set(zip->entry) ? (uint64_t)archive_entry_size(zip->entry) : UINT64_MAX;
    *member = &zip->member;
    return DATA_OK;
}

data_status data_member_check(data_member *m)
{
    struct archive_entry *entry = m->zip->entry;
    if (archive_entry_filetype(entry) != AE_IFREG) {
        return data_member_fail(m, 0, "zip: expected a file, got a folder or link");
    }
    if (archive_entry_is_encrypted(entry)) {
        return data_member_fail(m, 0, "zip: expected no encryption, got an encrypted member");
    }
    const char *format = archive_format_name(m->zip->archive);
    if (strstr(format, "(uncompressed)") || strstr(format, "(deflation)")) return DATA_OK;
    return data_member_fail(m, 0, "zip: expected it stored or deflated, got %s", format);
}

bool data_member_fill(data_member *m)
{
    const void *bytes;
    size_t size;
    la_int64_t offset;
    m->begun = data_member_offset(m);
    m->first = m->at = m->end = NULL;
    do {
        const int code = archive_read_data_block(m->zip->archive, &bytes, &size, &offset);
        if (code == ARCHIVE_EOF) return false;
        if (code != ARCHIVE_OK) {
            // A warning too: of a wrong checksum, or of sizes that are not those of the content.
            const char *why = archive_error_string(m->zip->archive);
            data_member_fail(m, m->begun, "zip: expected a whole member, got: %s", why ? why : "an unknown fault");
            return false;
        }
    } while (size == 0);
    if (size > m->zip->size - m->begun) {
        data_member_fail(m, m->zip->size, "zip: expected the end of the member, got more content");
        return false;
    }
    m->first = m->at = bytes;
    m->end = m->at + size;
    return true;
}

data_status data_member_read(data_member *m, void *bytes, size_t size, const char *what)
{
    unsigned char *out = bytes;
    const uint64_t begin = data_member_offset(m);
    for (size_t done = 0; done < size;) {
        if (m->at == m->end && !data_member_fill(m)) {
            if (m->status != DATA_OK) return m->status;
            return data_member_fail(m, begin, "%s: expected %zu bytes, got %zu", what, size, done);
        }
        const size_t there = (size_t)(m->end - m->at), taken = there < size - done ? there : size - done;
        memcpy(out + done, m->at, taken);
        m->at += taken;
        done += taken;
    }
    return DATA_OK;
}

data_status data_member_finish(data_member *m)
{
    if (m->at == m->end && !data_member_fill(m)) {
        if (m->status != DATA_OK || data_member_offset(m) == m->zip->size) return m->status;
        return data_member_fail(m, data_member_offset(m), "zip: expected %llu bytes, got %llu",
                                (unsigned long long)m->zip->size, (unsigned long long)data_member_offset(m));
    }
    return data_member_fail(m, data_member_offset(m), "content: expected the end of the member, got more bytes");
}

data_status data_member_fail(data_member *m, uint64_t offset, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    m->status = data_fail(m->zip->error, DATA_ERR_FORMAT, m->path, offset, "%s", text);
    return m->status;
}

data_status data_member_fail_memory(data_member *m, size_t bytes)
{
    m->status = data_fail_memory(m->zip->error, m->path, bytes);
    return m->status;
}
