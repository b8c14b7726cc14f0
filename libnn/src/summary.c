/* The table of Keras' Model.summary(). */
#include "model.h"
#include <stdio.h>
#include <string.h>

enum {
    LAYER_COLUMN = 29,
    SHAPE_COLUMN = 26,
    PARAM_COLUMN = 10,
    TABLE_WIDTH = LAYER_COLUMN + SHAPE_COLUMN + PARAM_COLUMN
};

typedef struct printer {
    void (*line)(const char *text, void *user);
    void *user;
} printer;

static void rule(const printer *out, char c)
{
    char text[TABLE_WIDTH + 1];
    memset(text, c, TABLE_WIDTH);
    text[TABLE_WIDTH] = '\0';
    out->line(text, out->user);
}

static void row(const printer *out, const char *layer, const char *shape, const char *params)
{
    char text[256];
    snprintf(text, sizeof text, " %-*.*s%-*.*s%s", LAYER_COLUMN - 1, LAYER_COLUMN - 2, layer, SHAPE_COLUMN,
             SHAPE_COLUMN - 1, shape, params);
    out->line(text, out->user);
}

/* "(None, 28, 28, 1)" */
static void format_shape(char *text, size_t size, nn_shape sample)
{
    size_t used = (size_t)snprintf(text, size, "(None");
    for (int i = 0; i < sample.rank; i++) used += (size_t)snprintf(text + used, size - used, ", %d", sample.dim[i]);
    snprintf(text + used, size - used, ")");
}

/* 1234567 as "1,234,567"; the largest size_t takes 20 digits and 6 commas. */
static void format_count(char text[40], size_t count)
{
    char digits[32];
    const int length = snprintf(digits, sizeof digits, "%zu", count);
    size_t used = 0;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) text[used++] = ',';
        text[used++] = digits[i];
    }
    text[used] = '\0';
}

static void layer_row(const printer *out, const nn_layer *layer, nn_shape shape)
{
    char name[96], shape_text[80], count[40];
    size_t params = 0;
    for (int i = 0; i < layer->weight_count; i++) params += layer->weights[i].count;
    snprintf(name, sizeof name, "%s (%s)", layer->name, layer->ops->type_name);
    format_shape(shape_text, sizeof shape_text, shape);
    snprintf(count, sizeof count, "%zu", params);
    row(out, name, shape_text, count);
}

static void total_line(const printer *out, const char *what, size_t count)
{
    char text[128], digits[40];
    format_count(digits, count);
    snprintf(text, sizeof text, "%s params: %s", what, digits);
    out->line(text, out->user);
}

void nn_model_summary(const nn_model *model, void (*line)(const char *text, void *user), void *user)
{
    const printer out = { line, user };
    rule(&out, '_');
    row(&out, "Layer (type)", "Output Shape", "Param #");
    rule(&out, '=');
    for (int i = 0; i < model->def.layer_count; i++) layer_row(&out, &model->layers[i], model->layers[i].out);
    rule(&out, '=');
    total_line(&out, "Total", model->param_count + model->state_count);
    total_line(&out, "Trainable", model->param_count);
    total_line(&out, "Non-trainable", model->state_count);
    rule(&out, '_');
}
