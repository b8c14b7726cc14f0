/* Files made for a test, in a folder of its own that goes away with it. */
#ifndef TEMP_H
#define TEMP_H

#include <stdbool.h>
#include <stddef.h>

enum { TEMP_PATH = 512 };

typedef struct temp_folder {
    char path[TEMP_PATH - 128];
} temp_folder;

/* Makes a new empty folder (below $TMPDIR or /tmp). */
void temp_make(temp_folder *folder);
/* Removes the folder with all it holds, and every path handed out. */
void temp_remove(const temp_folder *folder);
/* A fixture: cmocka_run_group_tests(tests, temp_set_up, temp_tear_down) with this folder. */
extern temp_folder temp_here;
int temp_set_up(void **state);
int temp_tear_down(void **state);

/* The path of a name in the folder, valid until temp_remove. */
const char *temp_path(const temp_folder *folder, const char *name);
/* Number of entries in the folder, temporaries included. */
int temp_entries(const temp_folder *folder);

/* Write a file, making the folders above it; plain or gzip. Return its path as temp_path does. */
const char *temp_write(const temp_folder *folder, const char *name, const void *bytes, size_t size);
const char *temp_write_gz(const temp_folder *folder, const char *name, const void *bytes, size_t size);
/* Reads a whole file; freed by the caller. */
unsigned char *temp_read(const char *path, size_t *size);

#endif
