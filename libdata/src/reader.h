/* Reads a regular file front to back, plain or gzip (told apart by its first bytes), in bounded memory. */
#ifndef DATA_READER_H
#define DATA_READER_H

#include <kvist/data.h>
#include <sys/types.h>

// Bytes that are read at once.
#ifdef DATA_FUZZED
enum { DATA_CHUNK = 1 << 9 }; // fuzzed files are short, and are to be read in pieces as well
#else
enum { DATA_CHUNK = 1 << 16 };
#endif

typedef struct data_reader data_reader;

/* What is no regular file, as messages say it: "a FIFO". */
const char *data_kind_of(mode_t mode);

/* Opens a file for reading if it is a regular one: never blocks on a FIFO, never starts on a device. */
data_status data_open_regular(const char *path, int *descriptor, uint64_t *size, data_error *error);
/* read(2) that goes on after EINTR and short counts; *got < size only at the end of the file. */
data_status data_read_fully(int descriptor, const char *path, void *out, size_t size, size_t *got, data_error *error);

/* `path` must outlive the reader. */
data_status data_reader_open(const char *path, data_reader **reader, data_error *error);
void data_reader_close(data_reader *reader);
/* Reads content; *got < size only at its end. The end of a gzip member is checked (CRC, length, nothing after it). */
data_status data_reader_read(data_reader *reader, void *out, size_t size, size_t *got, data_error *error);
bool data_reader_is_gzip(const data_reader *reader);
/* Bytes of the file itself. */
uint64_t data_reader_file_size(const data_reader *reader);
/* Bytes of content read so far. */
uint64_t data_reader_offset(const data_reader *reader);
/* The content cannot be longer than this, whatever a header says: known before anything is read. */
uint64_t data_reader_bound(const data_reader *reader);

#endif
