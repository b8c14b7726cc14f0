/* Flatten and Reshape: the same numbers under another shape, so the output is the input. */
#include "layers.h"

static nn_status plan_flatten(nn_layer *layer, nn_error *error)
{
    const size_t count = nn_shape_count(layer->in[0]);
    if (count > INT32_MAX) return nn_layer_fail(layer, error, NN_ERR_SHAPE, "%zu elements are too many", count);
    layer->alias = true;
    layer->out = (nn_shape){ 1, { (int)count } };
    return NN_OK;
}

static nn_status plan_reshape(nn_layer *layer, nn_error *error)
{
    nn_shape *shape = &layer->def.reshape.shape;
    const nn_shape in = layer->in[0], asked = *shape;
    const size_t total = nn_shape_count(in);
    size_t known = 1;
    int open = -1, opens = 0;
    bool legal = asked.rank >= 1 && asked.rank < NN_MAX_RANK;
    for (int i = 0; legal && i < asked.rank; i++) {
        if (asked.dim[i] == -1) {
            open = i;
            opens++;
        } else {
            legal = asked.dim[i] > 0 && nn_mul_size(known, (size_t)asked.dim[i], &known);
        }
    }
    if (legal && opens == 1 && total % known == 0 && total / known <= INT32_MAX) {
        shape->dim[open] = (int)(total / known);
        known = total;
    }
    if (!legal || opens > 1 || known != total)
        return nn_layer_fail(layer, error, NN_ERR_SHAPE, "shape: cannot make %s of %s", nn_shape_format(asked).text,
                             nn_shape_format(in).text);
    layer->alias = true;
    layer->out = *shape;
    return NN_OK;
}

const nn_layer_ops nn_flatten_ops = { .name = "flatten", .type_name = "Flatten", .plan = plan_flatten };
const nn_layer_ops nn_reshape_ops = { .name = "reshape", .type_name = "Reshape", .plan = plan_reshape };
