/* Runs every input that is named, or lies in a folder that is named, once: a corpus as a regression test. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { LONGEST_PATH = 4096 };

static int run_file(const char *path)
{
    struct stat info;
    FILE *file = fopen(path, "rb");
    if (!file || fstat(fileno(file), &info) != 0) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(1);
    }
    const size_t size = (size_t)info.st_size;
    uint8_t *bytes = malloc(size); /* exactly, so that a sanitizer sees what is read behind it */
    if ((size > 0 && !bytes) || fread(bytes, 1, size, file) != size) {
        fprintf(stderr, "%s: cannot be read\n", path);
        exit(1);
    }
    fclose(file);
    fprintf(stderr, "%s\n", path); /* the last line of a crash */
    LLVMFuzzerTestOneInput(bytes, size);
    free(bytes);
    return 1;
}

static int run_folder(const char *path, DIR *folder)
{
    int count = 0;
    const struct dirent *entry;
    while ((entry = readdir(folder))) {
        char inner[LONGEST_PATH];
        if (entry->d_name[0] == '.') continue;
        snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        count += run_file(inner);
    }
    closedir(folder);
    return count;
}

int main(int argc, char *argv[])
{
    int count = 0;
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        count += folder ? run_folder(argv[i], folder) : run_file(argv[i]);
    }
    printf("%d inputs, %d times accepted\n", count, fuzz_accepted);
    return count > 0 && fuzz_accepted > 0 ? 0 : 1;
}
