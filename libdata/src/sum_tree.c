#include "sum_tree.h"
#include "memory.h"

#include <stdlib.h>

bool data_sum_tree_bytes(size_t count, size_t *bytes)
{
    size_t leaves = 1;
    while (leaves < count) {
        if (!data_multiply(leaves, 2, &leaves)) return false;
    }
    return data_multiply(leaves, 2 * sizeof(double), bytes);
}

bool data_sum_tree_make(data_sum_tree *tree, size_t count)
{
    size_t size;
    *tree = (data_sum_tree){ 0 };
    if (!data_sum_tree_bytes(count, &size)) return false;
    // calloc of a large array takes no memory before it is used.
    double *node = calloc(1, size);
    if (node) *tree = (data_sum_tree){ size / (2 * sizeof(double)), node };
    return node != NULL;
}

void data_sum_tree_free(data_sum_tree *tree)
{
    free(tree->node);
    *tree = (data_sum_tree){ 0 };
}

void data_sum_tree_set(data_sum_tree *tree, size_t index, double value)
{
    double *node = tree->node;
    size_t i = tree->leaves + index;
    node[i] = value;
    while ((i /= 2) > 0) node[i] = node[2 * i] + node[2 * i + 1];
}

double data_sum_tree_total(const data_sum_tree *tree)
{
    return tree->node[1];
}

size_t data_sum_tree_find(const data_sum_tree *tree, double position)
{
    const double *node = tree->node;
    size_t i = 1;
    while (i < tree->leaves) {
        i *= 2;
        if (position < node[i] || node[i + 1] == 0.0) continue; // left
        position -= node[i++];
    }
    return i - tree->leaves;
}
