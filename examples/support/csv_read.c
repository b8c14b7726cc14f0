#include "csv.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROW = 4096, ERROR = 256, COLUMNS = 64 };

/* What is wrong with the file, or NULL. The header's commas become NULs: names one after the other. */
static const char *read_header(csv_table *table, FILE *file)
{
    static const char expected[] = "expected a header line";
    char row[ROW];
    if (!fgets(row, sizeof row, file) || !strchr(row, '\n')) return expected;
    row[strcspn(row, "\n")] = '\0';
    const size_t size = strlen(row) + 1;
    table->header = malloc(size);
    if (!table->header) return "out of memory";
    memcpy(table->header, row, size);
    table->columns = 1;
    for (char *c = table->header; *c; c++)
        if (*c == ',') *c = '\0', table->columns++;
    return table->columns <= COLUMNS ? NULL : expected;
}

static bool parse_row(const char *text, double *values, int columns)
{
    for (int i = 0; i < columns; i++) {
        char *end;
        values[i] = strtod(text, &end);
        if (end == text) values[i] = NAN;
        if (*end != (i + 1 < columns ? ',' : '\n')) return false;
        text = end + 1;
    }
    return true;
}

static bool grow(double **values, size_t *capacity, int columns)
{
    const size_t larger = *capacity ? *capacity * 2 : 64;
    if (larger > SIZE_MAX / sizeof(double) / (size_t)columns) return false;
    double *moved = realloc(*values, larger * (size_t)columns * sizeof(double));
    if (!moved) return false;
    *values = moved;
    *capacity = larger;
    return true;
}

/* (rows, columns) -> (columns, rows), a new array */
static double *transposed(const double *values, size_t rows, int columns)
{
    double *result = calloc(rows ? rows : 1, (size_t)columns * sizeof *result);
    if (!result) return NULL;
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < (size_t)columns; c++) result[c * rows + r] = values[r * (size_t)columns + c];
    return result;
}

/* What is wrong with the file, or NULL. *values takes the rows one after the other and is the caller's to free. */
static const char *read_rows(csv_table *table, FILE *file, double **values)
{
    char row[ROW];
    size_t capacity = 0;
    while (fgets(row, sizeof row, file)) {
        if (!strchr(row, '\n')) break; /* torn */
        if (table->rows == capacity && !grow(values, &capacity, table->columns)) return "out of memory";
        if (!parse_row(row, *values + table->rows * (size_t)table->columns, table->columns))
            return "expected as many numbers as the header names columns";
        table->rows++;
    }
    return ferror(file) ? "cannot be read" : NULL;
}

FILE *csv_open(const char *path)
{
    struct stat info;
    const int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return NULL;
    const bool known = fstat(descriptor, &info) == 0;
    FILE *file = known && S_ISREG(info.st_mode) ? fdopen(descriptor, "r") : NULL;
    if (file) return file;
    const int error = known && !S_ISREG(info.st_mode) ? EINVAL : errno;
    close(descriptor);
    errno = error;
    return NULL;
}

bool csv_read(csv_table *table, const char *path, char error[ERROR])
{
    *table = (csv_table){ .header = NULL };
    FILE *file = csv_open(path);
    if (!file) {
        if (errno == EINVAL)
            snprintf(error, ERROR, "%.150s:0: expected a regular file", path);
        else
            snprintf(error, ERROR, "%.150s: %s", path, strerror(errno));
        return false;
    }
    double *values = NULL;
    const char *wrong = read_header(table, file);
    if (!wrong) wrong = read_rows(table, file, &values);
    if (!wrong && !(table->values = transposed(values, table->rows, table->columns))) wrong = "out of memory";
    free(values);
    fclose(file);
    if (!wrong) return true;
    snprintf(error, ERROR, "%.150s:%zu: %s", path, table->rows + 1 + (table->header != NULL), wrong);
    csv_free(table);
    return false;
}

const double *csv_column(const csv_table *table, const char *name)
{
    const char *column = table->header;
    for (int i = 0; i < table->columns; i++) {
        if (strcmp(column, name) == 0) return table->values + (size_t)i * table->rows;
        column += strlen(column) + 1;
    }
    return NULL;
}

void csv_free(csv_table *table)
{
    free(table->header);
    free(table->values);
    *table = (csv_table){ .header = NULL };
}
