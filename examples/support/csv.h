/* history.csv: a header line and rows of numbers, each on disk as soon as it is written; and reading it back. */
#ifndef KVIST_SUPPORT_CSV_H
#define KVIST_SUPPORT_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/**
 * A file being written. A failing disk never stops training: a row that cannot be written whole is taken back, the
 * first failure is told once on `log`, later rows are tried again, and `error` keeps the errno. The header is tried
 * again before each row, so that no row comes before it.
 */
typedef struct csv_writer {
    int file; /* descriptor; -1: not open, rows are dropped in silence */
    const char *path;
    const char *header; /* NULL once it is written */
    int columns;
    int error; /* errno of the first failure, 0 if there was none */
    FILE *log; /* NULL: silent */
} csv_writer;

/** A writer that drops its rows, for runs without --out. */
#define CSV_CLOSED                                                                                                     \
    {                                                                                                                  \
        .file = -1                                                                                                     \
    }

/**
 * Creates path anew with the header "epoch,loss,...".
 *
 * @param path   borrowed until csv_close, as is the header
 * @param header less than a line of 1,000 bytes
 * @param log    where the first failure is told
 * @return false if the file cannot be opened; told on log, and the writer drops its rows
 */
bool csv_create(csv_writer *writer, const char *path, const char *header, FILE *log);

/**
 * Opens path to go on after a resume: keeps the leading rows whose first column is at most `last` (the epoch or episode
 * the checkpoint stands at) and cuts off the others and a torn last line, be it the header. Without a file, creates it.
 *
 * @return false if the file cannot be opened or begins with another header: it is then left as it is
 */
bool csv_resume(csv_writer *writer, const char *path, const char *header, double last, FILE *log);

/** Appends a row of as many values as the header names. Values print in the fewest digits that give the same float. */
void csv_row(csv_writer *writer, const double *values, int count);

/** Closes. @return whether every row was written */
bool csv_close(csv_writer *writer);

/** Opens path for reading, at once also where it is a FIFO. @return NULL with errno, EINVAL where it is no regular file
 */
FILE *csv_open(const char *path);

/** A table read back, column by column. */
typedef struct csv_table {
    char *header;   /* column names, each ended by a NUL */
    double *values; /* (columns, rows) */
    int columns;
    size_t rows;
} csv_table;

/**
 * Reads a file that csv_writer wrote; empty fields are NaN, a torn last line is left out.
 *
 * @return false with a line in error; table is then empty
 */
bool csv_read(csv_table *table, const char *path, char error[256]);

/** The column of that name, `rows` values that the table owns; NULL if there is none. */
const double *csv_column(const csv_table *table, const char *name);

void csv_free(csv_table *table);

#endif
