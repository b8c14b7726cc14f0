/* What SimpleRNN, LSTM and GRU share: all but the cell, which is the kernels'. */
#ifndef NN_LAYERS_RECURRENT_H
#define NN_LAYERS_RECURRENT_H

#include "../kernels/recurrent.h"
#include "layers.h"

/*
 * The steps that all samples share: reviews are padded on the left, so until its first word a sample is in the state of
 * any other. One row runs through the longest padding; each tile begins in its state where the tile's first word comes.
 * The gradients by the states where tiles begin are summed back into that one row.
 */
typedef struct nn_rnn_prefix {
    bool possible;       /* the input is an Embedding's, the output the last state */
    int steps;           /* of the shared row, in the last forward */
    int32_t *order;      /* (max_batch): rows of the tiles, by the length of their padding */
    int32_t *padding;    /* (max_batch): of each sample */
    int32_t *counts;     /* (time + 1) */
    nn_float *h, *saved; /* of the shared row, as in nn_rnn_rows */
    nn_float *carried;   /* (tiles + 1, 2, padded): gradients by the states where tiles begin; the shared row's */
} nn_rnn_prefix;

/*
 * Where the input is an Embedding's table and its rows are read again and again, the gradients by the table and by the
 * kernel follow from one sum for each row of the table, over all steps that read it (kernels/recurrent_words.c).
 */
typedef struct nn_rnn_by_word {
    nn_float *da;   /* gradients by the pre-activations of all steps, see nn_rnn_words; NULL: not by word */
    size_t places;  /* max_batch x time */
    int32_t *place; /* (places) of all words */
    int32_t *start; /* (vocab + 1) where in `place` each word's begin; and one more, with which they are sorted */
} nn_rnn_by_word;

/* The private struct of a recurrent layer. */
typedef struct nn_rnn_layer {
    nn_rnn rnn;
    nn_rnn_prefix prefix;
    nn_rnn_by_word by_word;
    int gradients;           /* partial gradients there can be, without the shared row's */
    nn_float *packed;        /* (rnn.packed) */
    nn_float *projected;     /* of an Embedding's table (vocab, columns), see nn_recurrent_kernels; or NULL */
    bool projected_is_stale; /* weights changed since */
    nn_float *h;             /* (max_batch, time, units); NULL with sequences: it is y */
    nn_float *saved;         /* (max_batch, time, rnn.saved) */
} nn_rnn_layer;

/* Sets order and steps for the layer's words (where it is possible); all rows in order where no step is shared. */
void nn_rnn_prefix_find(nn_rnn_prefix *prefix, const nn_rnn *rnn, const int32_t *words, int batch);
/* The steps before a tile begins. */
size_t nn_rnn_prefix_begin(const nn_rnn_prefix *prefix, const nn_rnn *rnn, size_t tile);
/* Runs the shared row; x and packed as in nn_rnn_rows. */
void nn_rnn_prefix_forward(const nn_layer *layer, const nn_run *run);
/* The same backward, after `tiles` tiles have left what they carried; da: of by_word, or NULL. */
void nn_rnn_prefix_backward(const nn_layer *layer, const nn_run *run, nn_float *dx, nn_float *da, nn_float *gradient,
                            int tiles);
/* The first step of a row, in the tiles' order, of which a backward pass keeps something: the shared row has the steps
 * that the last tile's first row leaves to it. */
size_t nn_rnn_prefix_kept(const nn_rnn_prefix *prefix, const nn_rnn *rnn, int batch, size_t row);

void nn_rnn_by_word_carve(nn_rnn_by_word *by, const nn_rnn *rnn, nn_arena *arena, size_t places);
/* The places by their words; of each word, in their order. */
void nn_rnn_by_word_sort(const nn_layer *layer, int batch);
/* After that: from da to the table's gradient and, group by group, to the partial ones in run->scratch. */
void nn_rnn_by_word_backward(const nn_layer *layer, const nn_run *run, int groups);

nn_status nn_rnn_plan(nn_layer *layer, nn_cell cell, nn_error *error);
void nn_rnn_carve(nn_layer *layer, nn_arena *arena);
nn_status nn_rnn_forward(nn_layer *layer, const nn_run *run);
void nn_rnn_backward(nn_layer *layer, const nn_run *run, nn_float *dy, nn_float *const *dx, bool want_params);

#endif
