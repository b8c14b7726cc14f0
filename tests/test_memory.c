/* Memory inside libnn: sizes that overflow, what allocators give, buffers carved out of one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <memory.h>

static void test_sizes(void **state)
{
    (void)state;
    size_t size = 0;
    assert_true(nn_mul_size(SIZE_MAX, 1, &size) && size == SIZE_MAX);
    assert_true(nn_mul_size(0, SIZE_MAX, &size) && size == 0);
    assert_true(nn_mul_size(SIZE_MAX / 3, 3, &size));
    assert_false(nn_mul_size(SIZE_MAX / 3 + 1, 3, &size));
    assert_true(nn_add_size(SIZE_MAX - 7, 7, &size) && size == SIZE_MAX);
    assert_false(nn_add_size(SIZE_MAX - 7, 8, &size));
}

static void *dirty_alloc(size_t size, size_t align, void *user)
{
    ++*(int *)user;
    void *memory = aligned_alloc(align, (size + align - 1) / align * align);
    if (memory) memset(memory, 7, size);
    return memory;
}

static void dirty_release(void *memory, void *user)
{
    --*(int *)user;
    free(memory);
}

/* Zeroed and at the start of a cache line, whoever gives it; no memory of no size, nor of nearly all there can be. */
static void test_allocation(void **state)
{
    (void)state;
    int held = 0;
    const nn_allocator own = { dirty_alloc, dirty_release, &held }, none = { 0 };
    const nn_allocator *const allocators[] = { NULL, &none, &own };
    for (size_t i = 0; i < 3; i++) {
        assert_null(nn_alloc(allocators[i], 0));
        assert_null(nn_alloc(allocators[i], SIZE_MAX));
        assert_null(nn_alloc(allocators[i], SIZE_MAX - 100));
        const size_t sizes[] = { 1, 100, (size_t)5 << 20 };
        for (size_t s = 0; s < 3; s++) {
            unsigned char *memory = nn_alloc(allocators[i], sizes[s]);
            assert_non_null(memory);
            assert_int_equal((uintptr_t)memory % 64, 0);
            for (size_t k = 0; k < sizes[s]; k++)
                if (memory[k]) fail_msg("byte %zu of %zu is not zero", k, sizes[s]);
            assert_int_equal(held, i == 2);
            nn_release(allocators[i], memory);
            assert_int_equal(held, 0);
        }
        nn_release(allocators[i], NULL);
    }
    assert_int_equal(held, 0);
}

/* The same walk counts first and places then. */
static void test_arena(void **state)
{
    (void)state;
    nn_arena arena = { 0 };
    unsigned char *first = NULL, *second = NULL;
    for (int pass = 0; pass < 2; pass++) {
        arena.used = 0;
        first = nn_arena_take(&arena, 3, 5);
        assert_null(nn_arena_take(&arena, 0, 5));
        second = nn_arena_take(&arena, 65, 1);
        assert_int_equal(arena.used, 64 + 128);
        if (pass == 0) assert_true(!first && !second);
        if (pass == 0) arena.base = nn_alloc(NULL, arena.used);
    }
    assert_ptr_equal(first, arena.base);
    assert_ptr_equal(second, first + 64);
    assert_false(arena.overflow);
    nn_release(NULL, arena.base);
}

/* An overflow is remembered, whether it is in a product or in the sum. */
static void test_arena_overflow(void **state)
{
    (void)state;
    const size_t half = SIZE_MAX / 2 + 1;
    const size_t counts[][2] = { { half, 2 }, { SIZE_MAX, 1 }, { SIZE_MAX - 32, 1 } };
    for (size_t i = 0; i < 3; i++) {
        nn_arena arena = { 0 };
        assert_null(nn_arena_take(&arena, counts[i][0], counts[i][1]));
        assert_true(arena.overflow);
    }
    nn_arena arena = { 0 };
    nn_arena_take(&arena, half, 1);
    assert_false(arena.overflow);
    nn_arena_take(&arena, half, 1);
    assert_true(arena.overflow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_allocation),
        cmocka_unit_test(test_arena),
        cmocka_unit_test(test_arena_overflow),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
