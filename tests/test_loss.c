/* Losses, metrics and nn_backprop(): values worked out by hand, checks and messages. */
#include <kvist/nn.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array)      (int)(sizeof(array) / sizeof((array)[0]))
#define ASSERT_NEAR(a, b) assert_float_equal((float)(a), (float)(b), 1e-6f)

/* --- losses by hand --- */

/* y, target, dy (2, n) and the expected loss of each row and gradient. */
typedef struct by_hand {
    nn_loss_def loss;
    int n;
    nn_float y[8], target[8], rows[2], dy[8];
} by_hand;

static void check_by_hand(const by_hand *want)
{
    by_hand in = *want;
    nn_float rows[2], gradient[8] = { 0 }, mean = 0;
    const nn_shape shape = NN_SHAPE(2, want->n);
    const nn_tensor y = nn_view_f32(in.y, shape), target = nn_view_f32(in.target, shape);
    nn_tensor dy = nn_view_f32(gradient, shape);
    nn_error error;
    assert_int_equal(nn_loss(&want->loss, &y, &target, &mean, rows, &dy, &error), NN_OK);
    ASSERT_NEAR(mean, (want->rows[0] + want->rows[1]) / 2);
    for (int i = 0; i < 2; i++) ASSERT_NEAR(rows[i], want->rows[i]);
    for (int i = 0; i < 2 * want->n; i++) ASSERT_NEAR(gradient[i], want->dy[i]);
    /* Without rows and gradient the mean is the same. */
    nn_float again = 0;
    assert_int_equal(nn_loss(&want->loss, &y, &target, &again, NULL, NULL, NULL), NN_OK);
    assert_true(again == mean);
}

static void test_values(void **state)
{
    (void)state;
    const nn_float ln2 = 0.693147181f, ln3 = 1.09861229f;
    const by_hand cases[] = {
        /* e = 1, 0, 2, 4: rows (1 + 0) / 2, (4 + 16) / 2; gradient 2 e / 4 */
        { { .type = NN_MSE }, 2, { 1, 2, 3, 5 }, { 0, 2, 1, 1 }, { 0.5f, 10 }, { 0.5f, 0, 1, 2 } },
        /* e = 0.5, -3, 1, 0 with delta 1: 0.125, 2.5, 0.5, 0; gradient clip(e) / 4 */
        { { .type = NN_HUBER },
          2,
          { 0.5f, 0, 1, 7 },
          { 0, 3, 0, 7 },
          { 1.3125f, 0.25f },
          { 0.125f, -0.25f, 0.25f, 0 } },
        /* e = 0.75, -0.25 with delta 0.5: 0.5 (0.75 - 0.25), 0.03125; gradient clip(e) / 2 */
        { { .type = NN_HUBER, .delta = 0.5 }, 1, { 0.75f, 0 }, { 0, 0.25f }, { 0.25f, 0.03125f }, { 0.25f, -0.125f } },
        /* -ln 0.5, -ln 0.75; gradient -1 / p, 1 / (1 - p) over 2 */
        { { .type = NN_BCE }, 1, { 0.5f, 0.25f }, { 1, 0 }, { ln2, 0.287682072f }, { -1, 0.666666667f } },
        /* a soft label: -0.75 ln 0.5 - 0.25 ln 0.5 = ln 2; gradient (-0.75 / 0.5 + 0.25 / 0.5) / 2 */
        { { .type = NN_BCE }, 1, { 0.5f, 0.5f }, { 0.75f, 1 }, { ln2, ln2 }, { -0.5f, -1 } },
        /* log1p(1), x = ln 3: sigmoid 0.75, loss -ln 0.25 */
        { { .type = NN_BCE_LOGITS }, 1, { 0, ln3 }, { 1, 0 }, { ln2, 1.38629436f }, { -0.25f, 0.375f } },
        /* (2, 2, 4) / 8: p = 1/4, 1/4, 1/2; dL/dy = (g - sum g p) / 8, g = -1 / p of the class, sum g p = -1, over 2 */
        { { .type = NN_CATEGORICAL },
          3,
          { 2, 2, 4, 1, 1, 2 },
          { 0, 0, 1, 1, 0, 0 },
          { ln2, 2 * ln2 },
          { 0.0625f, 0.0625f, -0.0625f, -0.375f, 0.125f, 0.125f } },
        /* softmax (1/4, 3/4); the second row has soft labels: 0.5 (ln 4 + ln (4/3)), gradient softmax - z, over 2 */
        { { .type = NN_CATEGORICAL_LOGITS },
          2,
          { 0, ln3, 5, 5 + ln3 },
          { 0, 1, 0.5f, 0.5f },
          { 0.287682072f, 0.836988216f },
          { 0.125f, -0.125f, -0.125f, 0.125f } },
    };
    for (int i = 0; i < COUNT(cases); i++) check_by_hand(&cases[i]);
}

static void test_sparse_is_categorical(void **state)
{
    (void)state;
    static const nn_loss_type pairs[][2] = { { NN_CATEGORICAL, NN_SPARSE_CATEGORICAL },
                                             { NN_CATEGORICAL_LOGITS, NN_SPARSE_CATEGORICAL_LOGITS } };
    nn_float data[] = { 0.1f, 0.3f, 0.6f, 0.7f, 0.2f, 0.1f }, hot[] = { 0, 1, 0, 1, 0, 0 };
    int32_t classes[] = { 1, 0 };
    const nn_tensor y = nn_view_f32(data, NN_SHAPE(2, 3)), dense = nn_view_f32(hot, NN_SHAPE(2, 3));
    for (int i = 0; i < 2; i++) {
        nn_float gradient[3][6], mean[3];
        for (int form = 0; form < 3; form++) {
            const nn_tensor labels = nn_view_i32(classes, form == 1 ? NN_SHAPE(2) : NN_SHAPE(2, 1));
            nn_tensor dy = nn_view_f32(gradient[form], NN_SHAPE(2, 3));
            const nn_loss_def loss = { .type = pairs[i][form > 0] };
            assert_int_equal(nn_loss(&loss, &y, form ? &labels : &dense, &mean[form], NULL, &dy, NULL), NN_OK);
        }
        assert_true(mean[0] == mean[1] && mean[0] == mean[2] && mean[0] > 0);
        assert_memory_equal(gradient[0], gradient[1], sizeof gradient[0]);
        assert_memory_equal(gradient[0], gradient[2], sizeof gradient[0]);
    }
}

/* The last axis is what counts: the same numbers at rank 1 to 4. */
static void test_ranks(void **state)
{
    (void)state;
    const nn_shape shapes[] = { NN_SHAPE(4, 3), NN_SHAPE(2, 2, 3), NN_SHAPE(2, 1, 2, 3) };
    nn_float data[12], hot[12] = { 0 };
    int32_t classes[] = { 2, 0, 1, 1 };
    for (int i = 0; i < 12; i++) data[i] = 0.1f * (nn_float)(i * 5 % 7 + 1);
    for (int i = 0; i < 4; i++) hot[3 * i + classes[i]] = 1;
    for (int type = NN_MSE; type <= NN_SPARSE_CATEGORICAL_LOGITS; type++) {
        const bool sparse = type >= NN_SPARSE_CATEGORICAL;
        const nn_loss_def loss = { .type = (nn_loss_type)type };
        nn_float mean[3], rows[3][4], dy[3][12];
        for (int i = 0; i < 3; i++) {
            nn_shape labels = shapes[i];
            labels.rank--;
            const nn_tensor y = nn_view_f32(data, shapes[i]);
            const nn_tensor target = sparse ? nn_view_i32(classes, labels) : nn_view_f32(hot, shapes[i]);
            nn_tensor gradient = nn_view_f32(dy[i], shapes[i]);
            assert_int_equal(nn_loss(&loss, &y, &target, &mean[i], rows[i], &gradient, NULL), NN_OK);
            assert_true(mean[i] == mean[0]);
            assert_memory_equal(rows[i], rows[0], sizeof rows[0]);
            assert_memory_equal(dy[i], dy[0], sizeof dy[0]);
        }
        /* Rank 1 is one row. */
        nn_float one = 0;
        const nn_tensor y = nn_view_f32(data, NN_SHAPE(3));
        const nn_tensor target = sparse ? nn_view_i32(classes, NN_SHAPE(1)) : nn_view_f32(hot, NN_SHAPE(3));
        assert_int_equal(nn_loss(&loss, &y, &target, &one, NULL, NULL, NULL), NN_OK);
        assert_true(one == rows[0][0]);
    }
}

/* --- at the borders --- */

/* Row 58 of docs/faults.md. */
static void test_clipping(void **state)
{
    (void)state;
    nn_float data[] = { 0, 1, 0, 1, 0.5f }, labels[] = { 0, 0, 1, 1, 1 }, gradient[5], rows[5], mean;
    const nn_shape shape = NN_SHAPE(5, 1);
    const nn_tensor y = nn_view_f32(data, shape), target = nn_view_f32(labels, shape);
    nn_tensor dy = nn_view_f32(gradient, shape);
    nn_loss_def loss = { .type = NN_BCE };
    assert_int_equal(nn_loss(&loss, &y, &target, &mean, rows, &dy, NULL), NN_OK);
    /* In float 1 - 1e-7 is 1 - 2^-23: -ln 2^-23 = 15.94; -ln 1e-7 = 16.12. The gradient is zero where clipped. */
    ASSERT_NEAR(rows[0], 1.0e-7);
    assert_float_equal(rows[1], 15.942385f, 1e-5f);
    assert_float_equal(rows[2], 16.118096f, 1e-5f);
    ASSERT_NEAR(rows[3], 1.2e-7);
    for (int i = 0; i < 4; i++) assert_true(gradient[i] == 0);
    ASSERT_NEAR(gradient[4], -0.4);

    loss.keras2 = true; /* -ln (2^-23 + 1e-7), -ln 2e-7 */
    assert_int_equal(nn_loss(&loss, &y, &target, &mean, rows, &dy, NULL), NN_OK);
    assert_float_equal(rows[1], 15.333160f, 1e-4f);
    assert_float_equal(rows[2], 15.424948f, 1e-4f);
    for (int i = 0; i < 4; i++) assert_true(gradient[i] == 0);
}

/* Row 58 of docs/faults.md. Shares of 0 and 1 are taken as 1e-7 and 1 - 2^-23, without a gradient. */
static void test_clipping_of_classes(void **state)
{
    (void)state;
    nn_float data[] = { 1, 0, 1, 0, 0.5f, 0.5f }, gradient[6], rows[3], mean;
    int32_t classes[] = { 0, 1, 0 };
    const nn_tensor y = nn_view_f32(data, NN_SHAPE(3, 2)), target = nn_view_i32(classes, NN_SHAPE(3));
    nn_tensor dy = nn_view_f32(gradient, NN_SHAPE(3, 2));
    const nn_loss_def loss = { .type = NN_SPARSE_CATEGORICAL };
    assert_int_equal(nn_loss(&loss, &y, &target, &mean, rows, &dy, NULL), NN_OK);
    ASSERT_NEAR(rows[0], 1.2e-7);
    assert_float_equal(rows[1], 16.118096f, 1e-5f);
    assert_float_equal(rows[2], 0.693147181f, 1e-6f);
    for (int i = 0; i < 4; i++) assert_true(gradient[i] == 0);
    ASSERT_NEAR(gradient[4], -1.0 / 3);
    ASSERT_NEAR(gradient[5], 1.0 / 3);
}

/* Row 58 of docs/faults.md. */
static void test_huge_logits(void **state)
{
    (void)state;
    nn_float data[] = { 1e30f, -1e30f, -1e30f, 1e30f }, labels[] = { 1, 0, 1, 0 }, gradient[4], rows[4], mean;
    nn_tensor y = nn_view_f32(data, NN_SHAPE(4, 1)), target = nn_view_f32(labels, NN_SHAPE(4, 1));
    nn_tensor dy = nn_view_f32(gradient, NN_SHAPE(4, 1));
    const nn_float slopes[] = { 0, 0, -0.25f, 0.25f };
    assert_int_equal(nn_loss(&(nn_loss_def){ .type = NN_BCE_LOGITS }, &y, &target, &mean, rows, &dy, NULL), NN_OK);
    for (int i = 0; i < 4; i++) {
        assert_true(rows[i] == (i < 2 ? 0.0f : 1e30f));
        assert_true(gradient[i] == slopes[i]);
    }
    assert_float_equal(mean, 5e29f, 1e24f);

    y = nn_view_f32(data, NN_SHAPE(2, 2));
    target = nn_view_f32(labels, NN_SHAPE(2, 2));
    dy = nn_view_f32(gradient, NN_SHAPE(2, 2));
    assert_int_equal(nn_loss(&(nn_loss_def){ .type = NN_CATEGORICAL_LOGITS }, &y, &target, &mean, rows, &dy, NULL),
                     NN_OK);
    assert_true(rows[0] == 0.0f && rows[1] == 2e30f);
    assert_true(gradient[0] == 0 && gradient[1] == 0 && gradient[2] == -0.5f && gradient[3] == 0.5f);
}

/* A mean over 2^24 + 2 rows would stop growing if it were summed in float. */
static void test_mean_in_double(void **state)
{
    (void)state;
    enum { ROWS = 1 << 20 };
    static nn_float data[ROWS], zeros[ROWS];
    for (int i = 0; i < ROWS; i++) data[i] = i == 0 ? 1e4f : 1.0f;
    const nn_tensor y = nn_view_f32(data, NN_SHAPE(ROWS, 1)), target = nn_view_f32(zeros, NN_SHAPE(ROWS, 1));
    nn_float mean = 0;
    assert_int_equal(nn_loss(&(nn_loss_def){ .type = NN_MSE }, &y, &target, &mean, NULL, NULL, NULL), NN_OK);
    assert_true(mean == (nn_float)((1e8 + ROWS - 1) / ROWS));
}

/* --- refusals --- */

static void expect(nn_status got, nn_status want, const nn_error *error, const char *text)
{
    assert_int_equal(got, want);
    assert_int_equal(error->status, want);
    assert_string_equal(error->text, text);
}

/* Row 54 of docs/faults.md. */
static void test_refusals(void **state)
{
    (void)state;
    nn_float data[12] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 }, other[12] = { 0 }, more[16], mean = 7;
    int32_t classes[] = { 2, 3, -1 };
    const nn_loss_def mse = { .type = NN_MSE }, sparse = { .type = NN_SPARSE_CATEGORICAL };
    const nn_tensor y = nn_view_f32(data, NN_SHAPE(4, 3)), fits = nn_view_f32(other, NN_SHAPE(4, 3));
    nn_error e;

    nn_tensor t = nn_view_f32(other, NN_SHAPE(4, 2));
    expect(nn_loss(&mse, &y, &t, &mean, NULL, NULL, &e), NN_ERR_SHAPE, &e, "target: expected (4, 3), got (4, 2)");
    t = nn_view_i32(classes, NN_SHAPE(4, 3));
    expect(nn_loss(&mse, &y, &t, &mean, NULL, NULL, &e), NN_ERR_SHAPE, &e,
           "target: expected reals (NN_F32), got indices (NN_I32)");
    expect(nn_loss(&sparse, &y, &fits, &mean, NULL, NULL, &e), NN_ERR_SHAPE, &e,
           "target: expected indices (NN_I32), got reals (NN_F32)");
    t = nn_view_i32(classes, NN_SHAPE(3));
    expect(nn_loss(&sparse, &y, &t, &mean, NULL, NULL, &e), NN_ERR_SHAPE, &e, "target: expected (4), got (3)");
    nn_tensor rows = nn_view_f32(data, NN_SHAPE(3, 3));
    expect(nn_loss(&sparse, &rows, &t, &mean, NULL, NULL, &e), NN_ERR_DATA, &e,
           "target: row 1: expected a class in [0, 3), got 3");
    classes[1] = 0;
    expect(nn_loss(&sparse, &rows, &t, &mean, NULL, NULL, &e), NN_ERR_DATA, &e,
           "target: row 2: expected a class in [0, 3), got -1");

    expect(nn_loss(&mse, NULL, &fits, &mean, NULL, NULL, &e), NN_ERR_ARGUMENT, &e, "y: expected a tensor, got NULL");
    expect(nn_loss(&mse, &y, NULL, &mean, NULL, NULL, &e), NN_ERR_ARGUMENT, &e, "target: expected a tensor, got NULL");
    expect(nn_loss(NULL, &y, &fits, &mean, NULL, NULL, &e), NN_ERR_ARGUMENT, &e,
           "loss: expected a definition, got NULL");
    expect(nn_loss(&(nn_loss_def){ .type = (nn_loss_type)99 }, &y, &fits, &mean, NULL, NULL, &e), NN_ERR_ARGUMENT, &e,
           "loss: type: expected a nn_loss_type, got 99");
    expect(nn_loss(&(nn_loss_def){ .type = (nn_loss_type)-1 }, &y, &fits, &mean, NULL, NULL, &e), NN_ERR_ARGUMENT, &e,
           "loss: type: expected a nn_loss_type, got -1");
    t = nn_view_f32(other, NN_SHAPE(0, 3));
    expect(nn_loss(&mse, &t, &fits, &mean, NULL, NULL, &e), NN_ERR_SHAPE, &e,
           "y: expected 1 to 4 positive dimensions, got (0, 3)");
    t = nn_view_f32(NULL, NN_SHAPE(4, 3));
    expect(nn_loss(&mse, &y, &t, &mean, NULL, NULL, &e), NN_ERR_ARGUMENT, &e, "target: expected data, got NULL");
    t = nn_view_f32(other, NN_SHAPE(4, 2));
    expect(nn_loss(&mse, &y, &fits, &mean, NULL, &t, &e), NN_ERR_SHAPE, &e,
           "dy: expected the shape of y (4, 3), got (4, 2)");
    t = nn_view_f32(NULL, NN_SHAPE(4, 3));
    expect(nn_loss(&mse, &y, &fits, &mean, NULL, &t, &e), NN_ERR_ARGUMENT, &e, "dy: expected data, got NULL");
    for (int i = 0; i < 4; i++) {
        t = i / 2 ? fits : y;
        t.f32 += i % 2;
        expect(nn_loss(&mse, &y, &fits, &mean, NULL, &t, &e), NN_ERR_ARGUMENT, &e,
               "dy: expected memory of its own, got that of y or target");
    }
    expect(nn_loss(&mse, &y, &fits, &mean, y.f32 + 11, NULL, &e), NN_ERR_ARGUMENT, &e,
           "rows: expected memory of its own, got that of y or target");
    t = nn_view_f32(more, NN_SHAPE(4, 3));
    expect(nn_loss(&mse, &y, &fits, &mean, more + 11, &t, &e), NN_ERR_ARGUMENT, &e,
           "rows: expected memory of its own, got that of dy");
    t = nn_view_i32(classes, NN_SHAPE(3, 1));
    expect(nn_loss(&mse, &y, &fits, &mean, NULL, &t, &e), NN_ERR_SHAPE, &e,
           "dy: expected reals (NN_F32), got indices (NN_I32)");
    t = nn_view_f32(more, NN_SHAPE(4, 3));
    expect(nn_loss(&mse, NULL, &fits, &mean, NULL, &t, &e), NN_ERR_ARGUMENT, &e, "y: expected a tensor, got NULL");
    expect(nn_loss(&mse, &y, NULL, &mean, NULL, &t, &e), NN_ERR_ARGUMENT, &e, "target: expected a tensor, got NULL");

    /* Shapes, types and rows that are none. */
    t = nn_view_f32(other, (nn_shape){ .rank = 0 });
    expect(nn_loss(&mse, &t, &fits, &mean, NULL, NULL, &e), NN_ERR_SHAPE, &e,
           "y: expected 1 to 4 positive dimensions, got ()");
    t = nn_view_f32(other, (nn_shape){ .rank = 5, .dim = { 1, 2, 3, 1 } });
    expect(nn_loss(&mse, &t, &fits, &mean, NULL, NULL, &e), NN_ERR_SHAPE, &e,
           "y: expected 1 to 4 positive dimensions, got (1, 2, 3, 1)");
    t = y, t.dtype = (nn_dtype)9;
    expect(nn_loss(&mse, &t, &fits, &mean, NULL, NULL, &e), NN_ERR_SHAPE, &e,
           "y: expected reals (NN_F32), got no known type");
    t = fits, t.offsets = (const int64_t[]){ 0, 1, 2, 3, 4 };
    expect(nn_loss(&mse, &y, &t, &mean, NULL, NULL, &e), NN_ERR_SHAPE, &e,
           "target: expected rows of one length, got ragged ones");

    const double deltas[] = { NN_ZERO, -2, NAN, INFINITY };
    const char *const texts[] = { "-1", "-2", "nan", "inf" };
    for (int i = 0; i < COUNT(deltas); i++) {
        const nn_loss_def huber = { .type = NN_HUBER, .delta = deltas[i] };
        assert_int_equal(nn_loss(&huber, &y, &fits, &mean, NULL, NULL, &e), NN_ERR_ARGUMENT);
        assert_non_null(strstr(e.text, "loss: delta: expected a positive number, got "));
        assert_non_null(strstr(e.text, texts[i]));
    }
    assert_true(mean == 7);                                                  /* untouched by every refusal */
    assert_int_equal(nn_loss(&mse, &y, &fits, NULL, more, NULL, &e), NN_OK); /* rows alone */
    assert_true(more[3] == 1);
}

static void test_not_finite(void **state)
{
    (void)state;
    nn_float data[] = { 1, 2, NAN, 4 }, zeros[4] = { 0 }, mean = 0;
    const nn_tensor y = nn_view_f32(data, NN_SHAPE(4, 1)), target = nn_view_f32(zeros, NN_SHAPE(4, 1));
    const nn_loss_def mse = { .type = NN_MSE };
    nn_error e;
    assert_int_equal(nn_loss(&mse, &y, &target, &mean, NULL, NULL, &e), NN_ERR_NUMERIC);
    assert_non_null(strstr(e.text, "loss: row 2 is "));
    data[2] = 1e30f; /* its square is beyond float */
    assert_int_equal(nn_loss(&mse, &y, &target, &mean, NULL, NULL, &e), NN_ERR_NUMERIC);
}

/* --- metrics --- */

static void test_binary_accuracy(void **state)
{
    (void)state;
    nn_float data[] = { 0.5f, 0.6f, 0.2f, 0.9f }, labels[] = { 0, 1, 1, 0 };
    const nn_tensor y = nn_view_f32(data, NN_SHAPE(4, 1)), target = nn_view_f32(labels, NN_SHAPE(4, 1));
    int64_t correct = 0, counted = 0;
    assert_int_equal(nn_metric_count(NN_BINARY_ACCURACY, &y, &target, &correct, &counted, NULL), NN_OK);
    assert_int_equal(correct, 2); /* 0.5 counts as 0 */
    assert_int_equal(counted, 4);
}

static void test_categorical_accuracy(void **state)
{
    (void)state;
    nn_float data[] = { 0.2f, 0.5f, 0.3f, 0.4f, 0.4f, 0.2f, 0, 0, 1 }, hot[] = { 0, 1, 0, 1, 0, 0, 1, 0, 0 };
    int32_t classes[] = { 1, 0, 2 };
    const nn_tensor y = nn_view_f32(data, NN_SHAPE(3, 3)), dense = nn_view_f32(hot, NN_SHAPE(3, 3));
    nn_tensor sparse = nn_view_i32(classes, NN_SHAPE(3));
    int64_t correct = 0, counted = 0;
    nn_error e;
    assert_int_equal(nn_metric_count(NN_CATEGORICAL_ACCURACY, &y, &dense, &correct, &counted, &e), NN_OK);
    assert_int_equal(correct, 2); /* the first of equals */
    assert_int_equal(counted, 3);
    assert_int_equal(nn_metric_count(NN_CATEGORICAL_ACCURACY, &y, &sparse, &correct, &counted, &e), NN_OK);
    assert_int_equal(correct, 3);
    assert_int_equal(nn_metric_count(NN_METRIC_NONE, &y, &sparse, &correct, &counted, &e), NN_OK);
    assert_int_equal(counted, 0);

    classes[1] = 3;
    expect(nn_metric_count(NN_CATEGORICAL_ACCURACY, &y, &sparse, &correct, &counted, &e), NN_ERR_DATA, &e,
           "target: row 1: expected a class in [0, 3), got 3");
    sparse = nn_view_i32(classes, NN_SHAPE(2));
    expect(nn_metric_count(NN_CATEGORICAL_ACCURACY, &y, &sparse, &correct, &counted, &e), NN_ERR_SHAPE, &e,
           "target: expected (3), got (2)");
    expect(nn_metric_count(NN_METRIC_DEFAULT, &y, &dense, &correct, &counted, &e), NN_ERR_ARGUMENT, &e,
           "metric: expected one by name, got 0");
    expect(nn_metric_count(NN_CATEGORICAL_ACCURACY, &y, NULL, &correct, &counted, &e), NN_ERR_ARGUMENT, &e,
           "target: expected a tensor, got NULL");
    expect(nn_metric_count(NN_BINARY_ACCURACY, &y, &sparse, &correct, &counted, &e), NN_ERR_SHAPE, &e,
           "target: expected reals (NN_F32), got indices (NN_I32)");
    expect(nn_metric_count(NN_BINARY_ACCURACY, NULL, &dense, &correct, &counted, &e), NN_ERR_ARGUMENT, &e,
           "y: expected a tensor, got NULL");
    expect(nn_metric_count(NN_BINARY_ACCURACY, &y, &dense, NULL, &counted, &e), NN_ERR_ARGUMENT, &e,
           "metric: expected places for the counts, got NULL");
    expect(nn_metric_count(NN_BINARY_ACCURACY, &y, &dense, &correct, NULL, &e), NN_ERR_ARGUMENT, &e,
           "metric: expected places for the counts, got NULL");
    assert_int_equal(counted, 0);
}

/* --- nn_backprop() --- */

/* (2) -> dense 3 -> `last`; every weight is `weight`. */
static nn_model *make_model(nn_activation last, nn_float weight)
{
    const nn_layer_def layers[] = { { NN_DENSE, .dense = { .units = 3, .activation = last } } };
    const nn_model_def def = { .input = NN_SHAPE(2), .max_batch = 2, .threads = 1, NN_LAYERS(layers) };
    nn_error error;
    nn_model *model = nn_model_create(&def, &error);
    if (!model) fail_msg("%s", error.text);
    size_t count;
    nn_float *params = nn_model_params(model, &count);
    for (size_t i = 0; i < count; i++) params[i] = weight * (nn_float)(1 + i % 4);
    return model;
}

/* Gradients by nn_backprop() and by nn_loss() and nn_backward() agree where nothing saturates. */
static void test_backprop_is_loss_and_backward(void **state)
{
    (void)state;
    static const struct {
        nn_activation last;
        nn_loss_type type;
    } cases[] = { { NN_SIGMOID, NN_BCE }, { NN_SOFTMAX, NN_CATEGORICAL }, { NN_SOFTMAX, NN_SPARSE_CATEGORICAL },
                  { NN_LINEAR, NN_MSE },  { NN_TANH, NN_HUBER },          { NN_SIGMOID, NN_MSE } };
    for (int i = 0; i < COUNT(cases); i++) {
        nn_model *model = make_model(cases[i].last, 0.2f);
        nn_float in[] = { 1, 0.5f, -1, 2 }, hot[] = { 0, 1, 0, 1, 0, 0 }, twice[9], gradient[6], means[2];
        int32_t classes[] = { 1, 0 };
        const nn_tensor x = nn_view_f32(in, NN_SHAPE(2, 2));
        const nn_tensor target = cases[i].type == NN_SPARSE_CATEGORICAL ? nn_view_i32(classes, NN_SHAPE(2))
                                                                        : nn_view_f32(hot, NN_SHAPE(2, 3));
        nn_tensor dy = nn_view_f32(gradient, NN_SHAPE(2, 3));
        const nn_loss_def loss = { .type = cases[i].type };
        size_t count;
        const nn_float *grads = nn_model_grads(model, &count);
        assert_int_equal(count, 9);
        const nn_tensor *y = nn_forward(model, &x, NN_TRAIN);
        assert_non_null(y);
        assert_int_equal(nn_loss(&loss, y, &target, &means[0], NULL, &dy, NULL), NN_OK);
        assert_non_null(nn_backward(model, &dy, NN_GRAD_PARAMS));
        memcpy(twice, grads, sizeof twice);
        nn_zero_grad(model);
        assert_int_equal(nn_backprop(model, &loss, &target, NN_GRAD_PARAMS, &means[1]), NN_OK);
        ASSERT_NEAR(means[0], means[1]);
        for (size_t k = 0; k < count; k++) ASSERT_NEAR(grads[k], twice[k]);
        assert_true(fabsf((float)grads[0]) > 1e-4f);
        nn_model_destroy(model);
    }
}

/* A wrong answer that saturates the activation still has its gradient: by the probabilities it would be zero. */
static void test_backprop_takes_logits(void **state)
{
    (void)state;
    static const struct {
        nn_activation last;
        nn_loss_type type;
    } cases[] = { { NN_SIGMOID, NN_BCE }, { NN_SOFTMAX, NN_CATEGORICAL }, { NN_SOFTMAX, NN_SPARSE_CATEGORICAL } };
    for (int i = 0; i < COUNT(cases); i++) {
        nn_model *model = make_model(cases[i].last, 100.0f);
        nn_float in[] = { 1, 1 }, hot[] = { 0, 0, 1 }, mean = 0; /* logits 800, 700, 600 */
        int32_t classes[] = { 2 };
        if (cases[i].last == NN_SIGMOID) hot[2] = 0;
        const nn_tensor x = nn_view_f32(in, NN_SHAPE(1, 2));
        const nn_tensor target = cases[i].type == NN_SPARSE_CATEGORICAL ? nn_view_i32(classes, NN_SHAPE(1))
                                                                        : nn_view_f32(hot, NN_SHAPE(1, 3));
        assert_non_null(nn_forward(model, &x, NN_TRAIN));
        assert_int_equal(
            nn_backprop(model, &(nn_loss_def){ .type = cases[i].type }, &target, NN_GRAD_PARAMS | NN_GRAD_INPUT, &mean),
            NN_OK);
        const nn_float *grads = nn_model_grads(model, NULL);
        nn_float most = 0;
        for (int k = 0; k < 9; k++) most = fabsf((float)grads[k]) > most ? (nn_float)fabsf((float)grads[k]) : most;
        assert_true(mean > 100);
        assert_true(most > 0.3f);
        assert_non_null(nn_input_grad(model));
        nn_model_destroy(model);
    }
}

static void test_backprop_refusals(void **state)
{
    (void)state;
    nn_model *model = make_model(NN_LINEAR, 0.5f);
    nn_float in[] = { 1, NAN }, zeros[6] = { 0 }, mean = 0;
    nn_tensor x = nn_view_f32(in, NN_SHAPE(1, 2)), target = nn_view_f32(zeros, NN_SHAPE(1, 3));
    const nn_loss_def mse = { .type = NN_MSE };
    assert_int_equal(nn_backprop(NULL, &mse, &target, NN_GRAD_PARAMS, &mean), NN_ERR_ARGUMENT);
    assert_int_equal(nn_backprop(model, &mse, &target, NN_GRAD_PARAMS, &mean), NN_ERR_STATE);
    assert_string_equal(nn_model_error(model), "loss: no forward went before");

    assert_non_null(nn_forward(model, &x, NN_TRAIN));
    assert_int_equal(nn_backprop(model, NULL, &target, NN_GRAD_PARAMS, &mean), NN_ERR_ARGUMENT);
    assert_int_equal(nn_backprop(model, &mse, NULL, NN_GRAD_PARAMS, &mean), NN_ERR_ARGUMENT);
    assert_int_equal(nn_backprop(model, &mse, &target, NN_GRAD_PARAMS, &mean), NN_ERR_NUMERIC);
    assert_non_null(strstr(nn_model_error(model), "first not finite: input of layer dense_1"));

    in[1] = 1;
    nn_model_params(model, NULL)[4] = INFINITY;
    assert_non_null(nn_forward(model, &x, NN_TRAIN));
    assert_int_equal(nn_backprop(model, &mse, &target, NN_GRAD_PARAMS, &mean), NN_ERR_NUMERIC);
    assert_non_null(strstr(nn_model_error(model), "first not finite: kernel of layer dense_1"));

    nn_model_params(model, NULL)[4] = 0;
    zeros[1] = NAN;
    assert_non_null(nn_forward(model, &x, NN_TRAIN));
    assert_int_equal(nn_backprop(model, &mse, &target, NN_GRAD_PARAMS, &mean), NN_ERR_NUMERIC);
    assert_non_null(strstr(nn_model_error(model), "every layer is finite"));
    for (int i = 0; i < 9; i++) assert_true(nn_model_grads(model, NULL)[i] == 0); /* nothing went back */

    target = nn_view_f32(zeros, NN_SHAPE(1, 2));
    assert_int_equal(nn_backprop(model, &mse, &target, NN_GRAD_PARAMS, &mean), NN_ERR_SHAPE);
    assert_string_equal(nn_model_error(model), "target: expected (1, 3), got (1, 2)");
    nn_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_sparse_is_categorical),
        cmocka_unit_test(test_ranks),
        cmocka_unit_test(test_clipping),
        cmocka_unit_test(test_clipping_of_classes),
        cmocka_unit_test(test_huge_logits),
        cmocka_unit_test(test_mean_in_double),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_binary_accuracy),
        cmocka_unit_test(test_categorical_accuracy),
        cmocka_unit_test(test_backprop_is_loss_and_backward),
        cmocka_unit_test(test_backprop_takes_logits),
        cmocka_unit_test(test_backprop_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
