/*
 * Values with their sum kept, so that one can be found by its share of it: the sum tree of Schaul et al., "Prioritized
 * Experience Replay" (2016), appendix B. A change and a search take log2(n) steps. A parent is always computed anew as
 * the sum of its two children: the tree depends on the values alone, not on how they came about, and nothing drifts.
 */
#ifndef DATA_SUM_TREE_H
#define DATA_SUM_TREE_H

#include <stdbool.h>
#include <stddef.h>

typedef struct data_sum_tree {
    size_t leaves; /* a power of two, at least the number of values */
    double *node;  /* (2 * leaves) the root is node 1, the children of i are 2 i and 2 i + 1, value i is leaves + i */
} data_sum_tree;

/* The bytes of a tree of so many values; false if they do not fit. */
bool data_sum_tree_bytes(size_t count, size_t *bytes);
/* Room for `count` (at least 1) values, all 0; pages are taken from the system as values are set, from 0 upwards. False
 * and an empty tree without memory. To be freed by data_sum_tree_free. */
bool data_sum_tree_make(data_sum_tree *tree, size_t count);
/* Frees and empties it; an empty tree does no harm. */
void data_sum_tree_free(data_sum_tree *tree);
/* Sets a value: at least 0, and with all others of a finite sum. */
void data_sum_tree_set(data_sum_tree *tree, size_t index, double value);
/* The sum of all values. */
double data_sum_tree_total(const data_sum_tree *tree);
/*
 * The value that position, in [0, total), falls into when the values lie side by side in their order, each as long as
 * it is large: value i begins where those before it end. Never one that is 0; a position beyond the end, where rounding
 * puts one, gives the last that is not. For a total of 0 no answer means anything.
 */
size_t data_sum_tree_find(const data_sum_tree *tree, double position);

#endif
