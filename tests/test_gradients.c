/*
 * Gradients of every layer, its options, graphs and losses against central differences in double.
 * `test_gradients --cases N --seed S` checks N random networks instead, `--only NAME..` families of the list below.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gradients.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEEDS = 3, RANDOM_CASES = 100 };

typedef struct family {
    const char *name;
    void (*check)(gradient_tally *tally, uint64_t seed);
    uint64_t seeds;
} family;

static family families[] = {
    { "dense", gradients_dense, SEEDS },
    { "activation", gradients_activation, SEEDS },
    { "embedding", gradients_embedding, SEEDS },
    { "multi_hot", gradients_multi_hot, SEEDS },
    { "simple_rnn", gradients_simple_rnn, SEEDS },
    { "lstm", gradients_lstm, SEEDS },
    { "gru", gradients_gru, SEEDS },
    { "padded", gradients_padded, SEEDS },
    { "conv2d", gradients_conv2d, SEEDS },
    { "conv2d_transpose", gradients_conv2d_transpose, SEEDS },
    { "pools", gradients_pools, SEEDS },
    { "batch_norm", gradients_batch_norm, SEEDS },
    { "dropout", gradients_dropout, SEEDS },
    { "by_word", gradients_by_word, SEEDS },
    { "squares", gradients_squares, SEEDS },
    { "graphs", gradients_graphs, SEEDS },
    { "stacks", gradients_stacks, SEEDS },
    { "losses", gradients_losses, SEEDS },
    { "random", gradients_random, RANDOM_CASES },
};

static void print_tally(const char *name, const gradient_tally *tally)
{
    printf("%s: %d checks, %d failed, worst relative error %.2g%s%s, %d redrawn\n", name, tally->cases, tally->failures,
           tally->worst, *tally->worst_case ? ": " : "", tally->worst_case, tally->redrawn);
}

static void test_family(void **state)
{
    const family *f = *state;
    gradient_tally tally = { 0 };
    for (uint64_t seed = 1; seed <= f->seeds; seed++) f->check(&tally, seed);
    print_tally(f->name, &tally);
    assert_true(tally.cases > 0);
    assert_int_equal(tally.failures, 0);
}

/* The families of these names first, and their number; 0 if a name is none. */
static size_t pick_families(char **names, int count)
{
    size_t picked = 0;
    for (int i = 0; i < count; i++) {
        size_t k = picked;
        while (k < COUNT_OF(families) && strcmp(families[k].name, names[i]) != 0) k++;
        if (k == COUNT_OF(families)) return 0;
        const family found = families[k];
        families[k] = families[picked];
        families[picked++] = found;
    }
    return picked;
}

static int check_random(uint64_t cases, uint64_t seed)
{
    gradient_tally tally = { 0 };
    for (uint64_t i = 0; i < cases; i++) gradients_random(&tally, seed + i);
    print_tally("random", &tally);
    return tally.failures || tally.cases == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    uint64_t cases = 0, seed = 1;
    size_t count = COUNT_OF(families);
    for (int i = 1; i < argc; i++) {
        const bool has_value = i + 1 < argc;
        if (has_value && strcmp(argv[i], "--cases") == 0) {
            cases = strtoull(argv[++i], NULL, 10);
        } else if (has_value && strcmp(argv[i], "--seed") == 0) {
            seed = strtoull(argv[++i], NULL, 10);
        } else if (has_value && strcmp(argv[i], "--only") == 0 && (count = pick_families(argv + i + 1, argc - i - 1))) {
            break;
        } else {
            fprintf(stderr, "usage: %s [--cases N] [--seed S] [--only NAME..]\n", argv[0]);
            return 2;
        }
    }
    if (cases) return check_random(cases, seed);

    struct CMUnitTest tests[COUNT_OF(families)];
    for (size_t i = 0; i < count; i++)
        tests[i] =
            (struct CMUnitTest){ .name = families[i].name, .test_func = test_family, .initial_state = &families[i] };
    return _cmocka_run_group_tests("gradients", tests, count, NULL, NULL);
}
