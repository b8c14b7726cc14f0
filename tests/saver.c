/*
 * What test_crash.sh runs under strace: loads a checkpoint, saves the next generation over it, loads again, and saves
 * and loads once more, since a failure must leave nothing behind that is in the way.
 *
 * usage: saver FILE [new]. Prints the generation that loads (not of a new file), after each save the one that loads
 * then, as in "2 3 4"; a save that fails tells why on stderr. Exit code 1: one of the saves failed; 2: it did not load.
 */
#include <kvist/nn.h>
#include <stdio.h>
#include <stdlib.h>

static const nn_layer_def layers[] = { { NN_DENSE, .dense = { .units = 32, .no_bias = true } } };
static const nn_model_def def = { .input = { 1, { 64 } }, .max_batch = 1, .threads = 1, NN_LAYERS(layers) };
static nn_model *model;
static nn_optim *optim;
static uint64_t generation;

static nn_archive *list_all(void)
{
    nn_archive *archive = nn_archive_create(NULL);
    nn_archive_add_model(archive, "model", model);
    nn_archive_add_optim(archive, "optim", optim);
    nn_archive_add_u64(archive, "generation", &generation);
    return archive;
}

static bool save(const char *path)
{
    nn_error error = { 0 };
    size_t count = 0;
    nn_archive *archive = list_all();
    nn_float *params = nn_model_params(model, &count);
    for (size_t i = 0; i < count; i++) params[i] = (nn_float)generation;
    const nn_status status = nn_archive_save(archive, path, &error);
    nn_archive_destroy(archive);
    if (status != NN_OK) fprintf(stderr, "%s\n", error.text);
    return status == NN_OK;
}

/* Its own file, not the one before it, and of one generation. */
static void load(const char *path)
{
    nn_error error = { 0 };
    size_t count = 0;
    nn_archive *archive = list_all();
    const nn_status status = nn_archive_load(archive, path, &error);
    const nn_float *params = nn_model_read_params(model, &count);
    bool whole = status == NN_OK && error.text[0] == '\0';
    for (size_t i = 0; i < count; i++) whole &= params[i] == (nn_float)generation;
    nn_archive_destroy(archive);
    if (!whole) {
        fprintf(stderr, "does not load: %s\n", error.text);
        exit(2);
    }
    printf("%llu ", (unsigned long long)generation);
}

int main(int argc, char **argv)
{
    if (argc < 2) return 2;
    model = nn_model_create(&def, NULL);
    optim = model ? nn_optim_create(model, &(nn_optim_def){ .type = NN_SGD, .momentum = 0.9 }, NULL) : NULL;
    if (!optim) return 2;
    bool saved = true;
    if (argc == 2) load(argv[1]);
    const uint64_t first = generation;
    for (uint64_t next = first + 1; next <= first + 2; next++) {
        generation = next;
        saved &= save(argv[1]);
        load(argv[1]);
    }
    nn_optim_destroy(optim);
    nn_model_destroy(model);
    puts("");
    return saved ? 0 : 1;
}
