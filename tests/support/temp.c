#include "temp.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

void temp_make(temp_folder *folder)
{
    const char *root = getenv("TMPDIR");
    snprintf(folder->path, sizeof folder->path, "%s/kvist-test-XXXXXX", root ? root : "/tmp");
    assert_non_null(mkdtemp(folder->path));
}

static void remove_all(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    while (folder && (entry = readdir(folder))) {
        char inner[TEMP_PATH * 2];
        struct stat info;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        if (lstat(inner, &info) == 0 && S_ISDIR(info.st_mode)) {
            remove_all(inner);
        } else {
            unlink(inner);
        }
    }
    if (folder) closedir(folder);
    rmdir(path);
}

/* Every path handed out, so that callers need not free them. */
typedef struct path_node {
    struct path_node *next;
    char path[TEMP_PATH];
} path_node;
static path_node *paths;

void temp_remove(const temp_folder *folder)
{
    remove_all(folder->path);
    while (paths) {
        path_node *next = paths->next;
        free(paths);
        paths = next;
    }
}

temp_folder temp_here;

int temp_set_up(void **state)
{
    (void)state;
    temp_make(&temp_here);
    return 0;
}

int temp_tear_down(void **state)
{
    (void)state;
    temp_remove(&temp_here);
    return 0;
}

const char *temp_path(const temp_folder *folder, const char *name)
{
    path_node *node = malloc(sizeof *node);
    assert_non_null(node);
    node->next = paths;
    paths = node;
    snprintf(node->path, TEMP_PATH, "%s/%s", folder->path, name);
    return node->path;
}

int temp_entries(const temp_folder *folder)
{
    int count = -2; // . and ..
    DIR *open_folder = opendir(folder->path);
    while (open_folder && readdir(open_folder)) count++;
    if (open_folder) closedir(open_folder);
    return count;
}

static const char *prepare(const temp_folder *folder, const char *name)
{
    char above[TEMP_PATH];
    for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(above, sizeof above, "%s/%.*s", folder->path, (int)(slash - name), name);
        mkdir(above, 0777);
    }
    return temp_path(folder, name);
}

const char *temp_write(const temp_folder *folder, const char *name, const void *bytes, size_t size)
{
    const char *path = prepare(folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    if (size > 0) assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    return path;
}

const char *temp_write_gz(const temp_folder *folder, const char *name, const void *bytes, size_t size)
{
    const char *path = prepare(folder, name);
    gzFile file = gzopen(path, "wb1");
    assert_non_null(file);
    assert_int_equal(gzfwrite(bytes, 1, size, file), size);
    assert_int_equal(gzclose(file), Z_OK);
    return path;
}

unsigned char *temp_read(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *size = (size_t)ftell(file);
    rewind(file);
    unsigned char *bytes = malloc(*size + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}
