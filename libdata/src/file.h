/* Writes a file whole or not at all: to a temporary beside it, every write checked, renamed at the end. */
#ifndef DATA_FILE_H
#define DATA_FILE_H

#include <kvist/data.h>

typedef struct data_file data_file;

/* Creates ".<name>.<pid>-<n>.tmp" beside path, and removes those that killed writers of path left. */
data_status data_file_create(const char *path, data_file **file, data_error *error);
/* The path given, for error messages. */
const char *data_file_path(const data_file *file);
/* False once any write failed; the reason comes from data_file_error or data_file_commit. */
bool data_file_write(data_file *file, const void *bytes, size_t size);
/* The errno of the first write that failed; 0: none did. */
int data_file_error(const data_file *file);
/* Closes, renames and frees; on failure the temporary is removed and what was at path stays. */
data_status data_file_commit(data_file *file, data_error *error);
/* Removes the temporary and frees. */
void data_file_discard(data_file *file);

#endif
