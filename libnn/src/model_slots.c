/* Gradients by outputs share memory: the one of layer i lives from the backward of its last consumer to its own. */
#include "model.h"
#include <string.h>

/* A slot's size is in the node of its number. */
typedef struct slots {
    nn_node *nodes;
    int *free; /* the smallest first, of one size the lowest number first: halving finds one of as many as layers */
    int free_count, used;
} slots;

/* Where a slot of this size and number is among the free ones, or would be. */
static int place_of(const slots *all, size_t size, int slot)
{
    int low = 0, high = all->free_count;
    while (low < high) {
        const int middle = (low + high) / 2, other = all->free[middle];
        const size_t other_size = all->nodes[other].slot_size;
        if (other_size < size || (other_size == size && other < slot))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void free_slot(slots *all, int slot)
{
    const int place = place_of(all, all->nodes[slot].slot_size, slot);
    int *at = all->free + place;
    memmove(at + 1, at, (size_t)(all->free_count - place) * sizeof *at);
    *at = slot;
    all->free_count++;
}

/* A slot for `size` reals: of the free ones the smallest that is large enough, else the largest, made larger. */
static int take_slot(slots *all, size_t size)
{
    if (all->free_count == 0) {
        all->nodes[all->used].slot_size = size;
        return all->used++;
    }
    int place = place_of(all, size, 0);
    if (place == all->free_count) place = place_of(all, all->nodes[all->free[place - 1]].slot_size, 0);
    int *at = all->free + place;
    const int slot = *at;
    all->free_count--;
    memmove(at, at + 1, (size_t)(all->free_count - place) * sizeof *at);
    if (all->nodes[slot].slot_size < size) all->nodes[slot].slot_size = size;
    return slot;
}

void nn_model_assign_slots(nn_model *model, int *room)
{
    slots all = { model->nodes, room, 0, 0 };
    const int count = model->layer_count;
    const size_t batch = (size_t)model->def.max_batch;
    nn_node *nodes = model->nodes;
    int input_consumers = 0;
    for (int i = 0; i < count; i++) nodes[i].slot = -1;
    nodes[count - 1].slot = take_slot(&all, batch * model->layers[count - 1].out_size);
    for (int i = count - 1; i >= 0; i--) {
        const nn_layer *layer = &model->layers[i];
        bool handed_on = false;
        for (int k = 0; k < layer->input_count; k++) {
            const int source = layer->from[k];
            const nn_layer *before = source >= 0 ? &model->layers[source] : NULL;
            input_consumers += source < 0;
            if (!before || before->out_sparse) continue;
            if (nodes[source].consumers > 1 && batch * before->out_size > model->branch_size)
                model->branch_size = batch * before->out_size;
            if (nodes[source].slot >= 0) continue;
            if (layer->alias && nodes[source].consumers == 1) {
                nodes[source].slot = nodes[i].slot;
                handed_on = true;
            } else {
                nodes[source].slot = take_slot(&all, batch * before->out_size);
            }
        }
        if (!handed_on && nodes[i].slot >= 0) free_slot(&all, nodes[i].slot);
    }
    const size_t input_size = batch * nn_shape_count(model->def.input);
    if (input_consumers > 1 && input_size > model->branch_size) model->branch_size = input_size;
}
