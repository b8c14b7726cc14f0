/* Multi-hot: lists of indices stand for rows of zeros and ones, which the Dense layer behind it reads as lists. */
#include "../kernels/lookup.h"
#include "layers.h"

static nn_status plan(nn_layer *layer, nn_error *error)
{
    const nn_status status = nn_layer_check_positive(layer, "vocab", layer->def.multi_hot.vocab, error);
    if (status != NN_OK) return status;
    if (layer->in_type != NN_I32 || layer->in[0].rank != 1)
        return nn_layer_fail(layer, error, NN_ERR_SHAPE, "wants the model's indices, ragged or (batch, length)");
    layer->out = (nn_shape){ 1, { layer->def.multi_hot.vocab } };
    layer->out_sparse = true;
    return NN_OK;
}

/* Only checks the indices: nothing is built. */
static nn_status forward(nn_layer *layer, const nn_run *run)
{
    const int32_t vocab = layer->def.multi_hot.vocab;
    for (size_t row = 0; row < (size_t)run->batch; row++) {
        const size_t begin = layer->offsets ? (size_t)layer->offsets[row] : row * layer->ids_per_row;
        const size_t end = layer->offsets ? (size_t)layer->offsets[row + 1] : begin + layer->ids_per_row;
        const size_t bad = run->kernels->lookup->outside(layer->ids + begin, end - begin, vocab);
        if (begin + bad < end)
            return nn_layer_fail(layer, run->error, NN_ERR_DATA, "sample %zu, index %zu: expected 0 to %d, got %d", row,
                                 bad, vocab - 1, (int)layer->ids[begin + bad]);
    }
    return NN_OK;
}

const nn_layer_ops nn_multi_hot_ops = {
    .name = "multi_hot", .type_name = "MultiHot", .plan = plan, .forward = forward
};
