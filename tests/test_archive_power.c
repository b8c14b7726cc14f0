/*
 * Fault row 43: power is lost at any moment of a save, so that what was not synced is lost or there in part (disk.h).
 * The calls of real saves are noted (the linker puts these before the library's own); every state that the disk may be
 * left in is then written out and loaded: what the last save that succeeded wrote, or what was being written, never
 * neither.
 */
#include "disk.h"
#include "files/system.h"
#include "temp.h"
#include <errno.h>
#include <kvist/nn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* --- noting the calls --------------------------------------------------------------------------------------------- */

enum { NAMES = 8, DESCRIPTORS = 64, DIRECTORY = -2 };

static struct {
    disk disk;
    bool on;
    int calls, fail_at; /* the call that fails with EIO, from 1; 0: none */
    bool failed;
    int file_of[DESCRIPTORS];
    struct {
        char path[TEMP_PATH];
        int file; /* DISK_NOTHING: the entry is free */
    } name[NAMES];
} noted;

static bool fails(void)
{
    if (!noted.on || ++noted.calls != noted.fail_at) return false;
    noted.failed = true;
    errno = EIO;
    return true;
}

static int find_name(const char *path)
{
    for (int i = 0; i < NAMES; i++)
        if (noted.name[i].file != DISK_NOTHING && strcmp(noted.name[i].path, path) == 0) return i;
    return -1;
}

static disk_name name_of(const char *path)
{
    const char *base = strrchr(path, '/') + 1;
    return strcmp(base, "file") == 0 ? DISK_TARGET : strcmp(base, "file.prev") == 0 ? DISK_PREVIOUS : DISK_OTHER;
}

/* `to` leads to the file from now on, `from` (may be NULL) to nothing. */
static void note_name(int file, const char *to, const char *from)
{
    int entry = from ? find_name(from) : -1;
    if (entry >= 0) noted.name[entry].file = DISK_NOTHING;
    entry = find_name(to);
    for (int i = 0; entry < 0 && i < NAMES; i++)
        if (noted.name[i].file == DISK_NOTHING) entry = i;
    assert_true(entry >= 0);
    snprintf(noted.name[entry].path, TEMP_PATH, "%s", to);
    noted.name[entry].file = file;
    disk_note(&noted.disk,
              (disk_event){
                  .kind = DISK_RENAME, .file = file, .to = name_of(to), .from = from ? name_of(from) : DISK_OTHER });
}

int __real_nn_sys_create(const char *path, mode_t mode);
int __wrap_nn_sys_create(const char *path, mode_t mode);
int __wrap_nn_sys_create(const char *path, mode_t mode)
{
    const int fd = fails() ? -1 : __real_nn_sys_create(path, mode);
    if (!noted.on || fd < 0) return fd;
    assert_in_range(fd, 0, DESCRIPTORS - 1);
    noted.file_of[fd] = disk_add_file(&noted.disk);
    note_name(noted.file_of[fd], path, NULL);
    return fd;
}

int __real_nn_sys_open_directory(const char *path);
int __wrap_nn_sys_open_directory(const char *path);
int __wrap_nn_sys_open_directory(const char *path)
{
    const int fd = fails() ? -1 : __real_nn_sys_open_directory(path);
    if (noted.on && fd >= 0) noted.file_of[fd] = DIRECTORY;
    return fd;
}

ssize_t __real_nn_sys_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_nn_sys_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_nn_sys_write(int fd, const void *bytes, size_t size)
{
    const ssize_t wrote = fails() ? -1 : __real_nn_sys_write(fd, bytes, size);
    if (noted.on && wrote > 0) disk_write(&noted.disk, noted.file_of[fd], bytes, (size_t)wrote);
    return wrote;
}

/* What a failed fsync leaves is never durable: the kernel may have dropped it. */
int __real_nn_sys_fsync(int fd);
int __wrap_nn_sys_fsync(int fd);
int __wrap_nn_sys_fsync(int fd)
{
    const int result = fails() ? -1 : __real_nn_sys_fsync(fd);
    if (!noted.on || result != 0) return result;
    if (noted.file_of[fd] == DIRECTORY)
        disk_note(&noted.disk, (disk_event){ .kind = DISK_SYNC_NAMES, .file = DISK_NOTHING });
    else
        disk_note(&noted.disk, (disk_event){ .kind = DISK_SYNC, .file = noted.file_of[fd] });
    return result;
}

/* The descriptor is gone even if close() fails. */
int __real_nn_sys_close(int fd);
int __wrap_nn_sys_close(int fd);
int __wrap_nn_sys_close(int fd)
{
    const bool failed = fails();
    const int result = __real_nn_sys_close(fd);
    if (failed) errno = EIO;
    return failed ? -1 : result;
}

int __real_nn_sys_link(const char *from, const char *to);
int __wrap_nn_sys_link(const char *from, const char *to);
int __wrap_nn_sys_link(const char *from, const char *to)
{
    const int result = fails() ? -1 : __real_nn_sys_link(from, to);
    if (noted.on && result == 0) note_name(noted.name[find_name(from)].file, to, NULL);
    return result;
}

int __real_nn_sys_rename(const char *from, const char *to);
int __wrap_nn_sys_rename(const char *from, const char *to);
int __wrap_nn_sys_rename(const char *from, const char *to)
{
    const int result = fails() ? -1 : __real_nn_sys_rename(from, to);
    if (noted.on && result == 0) note_name(noted.name[find_name(from)].file, to, from);
    return result;
}

/* The lock is not noted: it was not made by create. */
int __real_nn_sys_unlink(const char *path);
int __wrap_nn_sys_unlink(const char *path);
int __wrap_nn_sys_unlink(const char *path)
{
    const int result = fails() ? -1 : __real_nn_sys_unlink(path);
    if (noted.on && result == 0 && find_name(path) >= 0) note_name(DISK_NOTHING, path, NULL);
    return result;
}

/* --- generations -------------------------------------------------------------------------------------------------- */

static const nn_layer_def layers[] = { { NN_DENSE, .dense = { .units = 24 } }, { NN_DENSE, .dense = { .units = 24 } } };
static const nn_model_def definition = { .input = { 1, { 24 } }, .max_batch = 1, .threads = 1, NN_LAYERS(layers) };

/* What is saved: a model; or a checkpoint of a model, an optimiser and a number. Every number in it is its generation.
 */
typedef struct saver {
    nn_status (*save)(const char *path, uint64_t generation);
    uint64_t (*load)(const char *path); /* 0 if none loads */
} saver;

static void expect_all(const nn_float *values, size_t count, uint64_t generation)
{
    for (size_t i = 0; i < count; i++)
        if (values[i] != (nn_float)generation) fail_msg("a mixture of generations was loaded");
}

static void fill_all(nn_float *values, size_t count, uint64_t generation)
{
    for (size_t i = 0; i < count; i++) values[i] = (nn_float)generation;
}

static nn_status save_model(const char *path, uint64_t generation)
{
    size_t count = 0;
    nn_model *model = nn_model_create(&definition, NULL);
    assert_non_null(model);
    nn_float *params = nn_model_params(model, &count);
    fill_all(params, count, generation);
    const nn_status status = nn_model_save(model, path, NULL);
    nn_model_destroy(model);
    return status;
}

static uint64_t load_model(const char *path)
{
    size_t count = 0;
    nn_model *model = nn_model_load(path, NULL, &(nn_model_def){ .threads = 1 }, NULL);
    if (!model) return 0;
    const nn_float *params = nn_model_read_params(model, &count);
    const uint64_t generation = (uint64_t)params[0];
    expect_all(params, count, generation);
    nn_model_destroy(model);
    return generation;
}

static nn_status with_checkpoint(const char *path, bool save, uint64_t *generation)
{
    size_t count = 0;
    nn_model *model = nn_model_create(&definition, NULL);
    nn_optim *optim = model ? nn_optim_create(model, &(nn_optim_def){ 0 }, NULL) : NULL;
    nn_archive *archive = nn_archive_create(NULL);
    assert_true(optim && archive);
    nn_archive_add_model(archive, "model", model);
    nn_archive_add_optim(archive, "optim", optim);
    nn_archive_add_u64(archive, "generation", generation);
    nn_float *params = nn_model_params(model, &count), *slot = nn_optim_slot(optim, 0, NULL);
    if (save) fill_all(params, count, *generation);
    if (save) fill_all(slot, count, *generation);
    const nn_status status = save ? nn_archive_save(archive, path, NULL) : nn_archive_load(archive, path, NULL);
    if (status == NN_OK) expect_all(params, count, *generation);
    if (status == NN_OK) expect_all(slot, count, *generation);
    nn_archive_destroy(archive);
    nn_optim_destroy(optim);
    nn_model_destroy(model);
    return status;
}

static nn_status save_checkpoint(const char *path, uint64_t generation)
{
    return with_checkpoint(path, true, &generation);
}

static uint64_t load_checkpoint(const char *path)
{
    uint64_t generation = 0;
    return with_checkpoint(path, false, &generation) == NN_OK ? generation : 0;
}

static const saver model_saver = { save_model, load_model }, checkpoint_saver = { save_checkpoint, load_checkpoint };

/* --- saving, and losing power at every moment --------------------------------------------------------------------- */

enum { GENERATIONS = 4, FAILING = 3 /* the generation whose save may fail */ };

/* What may load after so many events: from the last that was saved to the last that was begun. */
static struct {
    uint64_t saved, begun;
} expected[DISK_EVENTS + 1];

static void begin(void)
{
    disk_free(&noted.disk);
    for (int i = 0; i < NAMES; i++) noted.name[i].file = DISK_NOTHING;
    unlink(temp_path(&temp_here, "file"));
    unlink(temp_path(&temp_here, "file.prev"));
    noted.failed = false;
}

/* Saves the generations one after the other; @return the number of events before the one that may fail. */
static int save_all(const saver *s, int fail_at)
{
    const char *path = temp_path(&temp_here, "file");
    uint64_t saved = 0;
    int before = 0;
    begin();
    expected[0].saved = expected[0].begun = 0;
    for (uint64_t generation = 1; generation <= GENERATIONS; generation++) {
        const int first = noted.disk.count;
        if (generation == FAILING) before = first;
        noted.calls = 0;
        noted.fail_at = generation == FAILING ? fail_at : 0;
        noted.on = true;
        const nn_status status = s->save(path, generation);
        noted.on = false;
        for (int i = first; i < noted.disk.count; i++)
            expected[i + 1].saved = saved, expected[i + 1].begun = generation;
        if (status == NN_OK) expected[noted.disk.count].saved = saved = generation;
    }
    assert_int_equal(saved, GENERATIONS);
    return before;
}

/* Losing power after so many events. */
typedef struct loss {
    const saver *saver;
    int events;
    /* What loads from two whole files, where it is known: 1 + the generation. */
    uint64_t known[DISK_FILES + 1][DISK_FILES + 1];
    int loads, olds, news;
} loss;

static void put(const char *name, const disk_found *found)
{
    if (found->file == DISK_NOTHING)
        unlink(temp_path(&temp_here, name));
    else
        temp_write(&temp_here, name, found->bytes, found->size);
}

static bool is_whole(const disk_found *found)
{
    return found->file == DISK_NOTHING || (found->size == noted.disk.size[found->file] &&
                                           memcmp(found->bytes, noted.disk.bytes[found->file], found->size) == 0);
}

static void load_state(const disk_found found[DISK_NAMES], void *user)
{
    loss *l = user;
    const bool whole = is_whole(&found[DISK_TARGET]) && is_whole(&found[DISK_PREVIOUS]);
    uint64_t *known = &l->known[found[DISK_TARGET].file + 1][found[DISK_PREVIOUS].file + 1], loaded = *known - 1;
    if (!whole || *known == 0) {
        put("found", &found[DISK_TARGET]);
        put("found.prev", &found[DISK_PREVIOUS]);
        loaded = l->saver->load(temp_path(&temp_here, "found"));
        l->loads++;
    }
    if (whole) *known = loaded + 1;
    const uint64_t saved = expected[l->events].saved, begun = expected[l->events].begun;
    if (loaded < saved || loaded > begun)
        fail_msg("after %d of %d events: generation %d was saved, %d begun, %d loads", l->events, noted.disk.count,
                 (int)saved, (int)begun, (int)loaded);
    l->olds += loaded < begun;
    l->news += loaded == begun;
}

static void lose_power_everywhere(const saver *s, int fail_at)
{
    loss *l = calloc(1, sizeof *l);
    assert_non_null(l);
    l->saver = s;
    for (l->events = save_all(s, fail_at); l->events <= noted.disk.count; l->events++)
        disk_each_state(&noted.disk, l->events, load_state, l);
    assert_true(l->loads >= 3 && l->olds > 0 && l->news > 0);
    free(l);
}

/* No call fails, from the first save on; then each call of the third. */
static void lose_power(const saver *s)
{
    loss *l = calloc(1, sizeof *l);
    assert_non_null(l);
    l->saver = s;
    save_all(s, 0);
    for (; l->events <= noted.disk.count; l->events++) disk_each_state(&noted.disk, l->events, load_state, l);
    free(l);
    int k = 0;
    do lose_power_everywhere(s, k++);
    while (noted.failed || k == 1);
    assert_in_range(k, 15, 60);
}

static void power_lost_saving_models(void **state)
{
    (void)state;
    lose_power(&model_saver);
}

static void power_lost_saving_checkpoints(void **state)
{
    (void)state;
    lose_power(&checkpoint_saver);
}

static int end(void **state)
{
    disk_free(&noted.disk);
    return temp_tear_down(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(power_lost_saving_models),
                                        cmocka_unit_test(power_lost_saving_checkpoints) };
    return cmocka_run_group_tests(tests, temp_set_up, end);
}
