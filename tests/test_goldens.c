/*
 * Every case of the golden vectors, which another implementation computed: the folder in $KVIST_GOLDENS, or the copy
 * under tests/goldens (its README.md has the format). One cmocka test a line of index.txt; each case is run on several
 * instruction sets, thread counts and spare batch sizes, and fails if any of them leaves the case's own tolerance.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "goldens.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CASES = 100000, LINE_SIZE = 512 };

static const golden_run runs[] = {
    { "best", NN_ISA_BEST, 0, 0, false },
    { "best, Keras 3's moving variance, 2 threads, spare batch", NN_ISA_BEST, 2, 3, true },
    { "portable", NN_ISA_PORTABLE, 1, 1, false },
    { "AVX2", NN_ISA_AVX2, 1, 0, true },
    { "AVX-512", NN_ISA_AVX512, 3, 0, false },
};

static const struct {
    const char *name;
    void (*run)(golden_case *c, const golden_run *run);
} kinds[] = {
    { "layer", golden_layers },        { "stack", golden_layers },      { "loss", golden_loss },
    { "optimizer", golden_optimizer }, { "training", golden_training }, { "gan_training", golden_gan_training },
};

/* One line of index.txt. */
typedef struct listed_case {
    char line[LINE_SIZE]; /* cut at its spaces */
    const char *name, *kind, *subject;
    const char *folder;
} listed_case;

/* Whether this processor, and this build, has an instruction set. */
static bool has_isa(nn_isa isa)
{
    const nn_layer_def layer = { .type = NN_FLATTEN };
    nn_model *model = nn_model_create(
        &(nn_model_def){ .input = NN_SHAPE(1), .max_batch = 1, .layers = &layer, .layer_count = 1, .isa = isa }, NULL);
    nn_model_destroy(model);
    return model != NULL;
}

static void run_case(golden_case *c, const listed_case *listed)
{
    if (strcmp(c->name, listed->name) != 0) golden_error(c, "case.json: case: %s", c->name);
    if (strcmp(c->kind, listed->kind) != 0)
        golden_error(c, "case.json: kind: %s, in index.txt %s", c->kind, listed->kind);
    size_t k = 0;
    while (k < sizeof kinds / sizeof *kinds && strcmp(kinds[k].name, listed->kind) != 0) k++;
    if (k == sizeof kinds / sizeof *kinds) {
        golden_error(c, "kind: %s: this test knows none such", listed->kind);
        return;
    }
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        if (runs[i].isa != NN_ISA_BEST && runs[i].isa != NN_ISA_PORTABLE && !has_isa(runs[i].isa)) continue;
        c->run = runs[i].name;
        kinds[k].run(c, &runs[i]);
    }
}

static void test_case(void **state)
{
    const listed_case *listed = *state;
    static golden_case c;
    char folder[GOLDEN_PATH_SIZE], report[GOLDEN_REPORT_SIZE];
    snprintf(folder, sizeof folder, "%s/%s", listed->folder, listed->name);
    if (golden_open(&c, folder)) {
        run_case(&c, listed);
        golden_finish(&c);
    }
    const int failures = c.failures;
    strcpy(report, c.report);
    golden_close(&c);
    if (failures)
        fail_msg("%s (%s %s): %d failures\n%s", listed->name, listed->kind, listed->subject, failures, report);
}

/* --- the list ----------------------------------------------------------------------------------------------------- */

/* "<name> <kind> <subject>" */
static bool parse_line(listed_case *listed)
{
    char *rest = NULL;
    listed->name = strtok_r(listed->line, " \r\n", &rest);
    listed->kind = strtok_r(NULL, " \r\n", &rest);
    listed->subject = strtok_r(NULL, "\r\n", &rest);
    return listed->name && listed->kind && listed->subject && !strchr(listed->name, '/') && listed->name[0] != '.';
}

/* The cases of `folder`, to be freed; NULL with a line on stderr if index.txt is not what it should be. */
static listed_case *read_index(const char *folder, size_t *count)
{
    char path[GOLDEN_PATH_SIZE];
    snprintf(path, sizeof path, "%s/index.txt", folder);
    FILE *file = fopen(path, "r");
    listed_case *cases = calloc(MAX_CASES, sizeof *cases);
    bool good = file && cases;
    *count = 0;
    while (good && *count < MAX_CASES && fgets(cases[*count].line, LINE_SIZE, file)) {
        cases[*count].folder = folder;
        good = parse_line(&cases[*count]);
        ++*count;
    }
    good = good && *count > 0 && !ferror(file) && feof(file);
    if (file) fclose(file);
    if (good) return cases;
    fprintf(stderr, "%s: line %zu: expected <name> <kind> <subject>\n", path, *count);
    free(cases);
    return NULL;
}

int main(void)
{
    const char *folder = getenv("KVIST_GOLDENS");
    if (!folder || !*folder) folder = KVIST_GOLDENS_DEFAULT;
    size_t count;
    listed_case *cases = read_index(folder, &count);
    struct CMUnitTest *tests = cases ? calloc(count, sizeof *tests) : NULL;
    if (!tests) {
        free(cases);
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < count; i++)
        tests[i] = (struct CMUnitTest){ .name = cases[i].name, .test_func = test_case, .initial_state = &cases[i] };
    const int failed = _cmocka_run_group_tests("goldens", tests, count, NULL, NULL);
    printf("%zu of %zu cases\n%zu passed, %d failed\n", count - (size_t)failed, count, count - (size_t)failed, failed);
    free(tests);
    free(cases);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
