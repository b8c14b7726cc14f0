#include "csv.h"

#include "append.h"
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROW = 1024, VALUE = 32 };

static int count_columns(const char *header)
{
    int columns = 1;
    for (; *header; header++) columns += *header == ',';
    return columns;
}

static void failed(csv_writer *writer, int error)
{
    if (writer->error) return;
    writer->error = error;
    run_warn(writer->log, "%s: %s", writer->path, strerror(error));
}

static bool open_writer(csv_writer *writer, const char *path, const char *header, int flags, FILE *log)
{
    *writer = (csv_writer){ .path = path, .header = header, .columns = count_columns(header), .log = log };
    /* Without O_NONBLOCK the open of a FIFO would wait for a reader. */
    writer->file = open(path, flags | O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_CLOEXEC, 0666);
    if (writer->file < 0) failed(writer, errno);
    if (writer->file >= 0) fcntl(writer->file, F_SETFL, O_APPEND); /* rows wait for who reads them */
    return writer->file >= 0;
}

static bool append(csv_writer *writer, const char *text, size_t length)
{
    const int error = append_whole(writer->file, text, length);
    if (error) failed(writer, error);
    return error == 0;
}

/* With its newline in one piece: half a header would be taken for another one. @return whether the file has it */
static bool append_header(csv_writer *writer)
{
    char line[ROW];
    if (!writer->header) return true;
    const int length = snprintf(line, sizeof line, "%s\n", writer->header);
    if (length >= ROW)
        failed(writer, EINVAL);
    else if (append(writer, line, (size_t)length))
        writer->header = NULL;
    return !writer->header;
}

bool csv_create(csv_writer *writer, const char *path, const char *header, FILE *log)
{
    if (!open_writer(writer, path, header, O_TRUNC, log)) return false;
    append_header(writer);
    return true;
}

/* --- going on after a resume -------------------------------------------------------------------------------------- */

/* Bytes of the header and the rows to keep, 0 if the header is torn; -1 if it is another one. */
static off_t kept_bytes(FILE *file, const char *header, double last)
{
    char row[ROW];
    off_t kept = 0;
    const size_t length = strlen(header);
    if (!fgets(row, sizeof row, file)) return ferror(file) ? -1 : 0;
    const size_t first = strlen(row);
    if (first <= length && memcmp(row, header, first) == 0 && ftell(file) == (long)first) return 0;
    if (strncmp(row, header, length) != 0 || strcmp(row + length, "\n") != 0) return -1;
    kept += (off_t)strlen(row);
    while (fgets(row, sizeof row, file)) {
        char *end;
        const double key = strtod(row, &end);
        if (end == row || *end != ',' || !strchr(end, '\n') || !(key <= last)) break;
        kept += (off_t)strlen(row);
    }
    return kept;
}

bool csv_resume(csv_writer *writer, const char *path, const char *header, double last, FILE *log)
{
    *writer = (csv_writer){ .file = -1, .path = path, .columns = count_columns(header), .log = log };
    FILE *file = csv_open(path);
    if (!file && errno != ENOENT) {
        failed(writer, errno);
        return false;
    }
    const off_t kept = file ? kept_bytes(file, header, last) : 0;
    if (file) fclose(file);
    if (kept < 0) {
        writer->error = EINVAL;
        run_warn(log, "%s: expected the header '%s', got another", path, header);
        return false;
    }
    if (!open_writer(writer, path, header, 0, log)) return false;
    if (ftruncate(writer->file, kept) != 0) { /* nothing may follow what should not be there */
        failed(writer, errno);
        csv_close(writer);
        return false;
    }
    if (kept > 0) writer->header = NULL;
    append_header(writer);
    return true;
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

/* Whole numbers whole; others in the fewest of 6 to 9 digits that read back as the same float. */
static size_t format_value(char text[VALUE], double value)
{
    if (value > -1e15 && value < 1e15 && value == (double)(long long)value)
        return (size_t)snprintf(text, VALUE, "%lld", (long long)value);
    int length = 0;
    for (int precision = 6; precision <= 9; precision++) {
        length = snprintf(text, VALUE, "%.*g", precision, value);
        if (strtof(text, NULL) == (float)value) break;
    }
    return (size_t)length;
}

void csv_row(csv_writer *writer, const double *values, int count)
{
    if (writer->file < 0) return;
    char row[ROW], value[VALUE];
    size_t length = 0;
    if (count != writer->columns || count > ROW / VALUE) {
        failed(writer, EINVAL);
        return;
    }
    for (int i = 0; i < count; i++) {
        const size_t digits = format_value(value, values[i]);
        memcpy(row + length, value, digits);
        length += digits;
        row[length++] = i + 1 < count ? ',' : '\n';
    }
    if (append_header(writer)) append(writer, row, length);
}

bool csv_close(csv_writer *writer)
{
    if (writer->file >= 0 && close(writer->file) != 0) failed(writer, errno);
    writer->file = -1;
    return writer->error == 0;
}
