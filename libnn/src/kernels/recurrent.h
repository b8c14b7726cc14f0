/*
 * Recurrent layers, a tile of a few rows at a time through all time steps.
 *
 * Units are padded to whole vectors ("blocks" of NN_LANES units); the padding never leaves these kernels. Weights are
 * packed so that all gates of a block stand side by side: they go from the accumulators of a product to the activations
 * in registers. Time passes in chunks: what does not depend on the state (x W, its gradients) is one product per chunk,
 * the rest goes step by step.
 */
#ifndef NN_KERNELS_RECURRENT_H
#define NN_KERNELS_RECURRENT_H

#include "kernels.h"

enum { NN_RNN_VECTORS = 4 /* in a panel, at most */ };

typedef enum nn_cell { NN_CELL_SIMPLE_RNN, NN_CELL_LSTM, NN_CELL_GRU, NN_CELL_GRU_RESET_BEFORE } nn_cell;

/*
 * One product of a cell: a vector (x, h or r h) by some gates of a kernel. Packed, the columns stand in panels: one
 * block of units with all its gates or, where there is one gate, up to four blocks. The transposed copy has panels of
 * up to four vectors of the kernel's rows, its own rows in the order of the packed columns. All panels but the last are
 * `panel` wide.
 */
typedef struct nn_rnn_part {
    size_t depth;        /* rows of the kernel: in or units */
    size_t depth_padded; /* to whole vectors */
    size_t first_gate, gates;
    size_t columns;     /* gates x padded units */
    size_t panel;       /* columns of a panel */
    bool bias;          /* has its own */
    size_t forward;     /* offsets into the packed weights: panels of (depth, panel) */
    size_t transposed;  /* panels of (columns, up to 4 vectors) */
    size_t packed_bias; /* panels of (panel) */
    size_t gradient;    /* offset into a partial gradient: panels of (depth + 1, panel), the last row by the bias */
    size_t lines;       /* number of the kernels' rows in the parts before */
    size_t scratch;     /* offset into the scratch memory: panels of (tile, chunk, panel) */
} nn_rnn_part;

/* The parts: x W; h U; of a GRU that resets before, (r h) U of the candidate apart. */
enum { NN_RNN_INPUT, NN_RNN_STATE, NN_RNN_RESET, NN_RNN_PARTS };

/* A recurrent layer and the sizes that follow, in reals unless said otherwise; made by layers/recurrent.c. */
typedef struct nn_rnn {
    nn_cell cell;
    nn_activation activation, gate_activation;
    bool sequences, backwards; /* return_sequences, go_backwards */
    bool keeps_h;              /* all states from forward to backward; else the saved values give them anew */
    size_t time, in, units;
    size_t vocab;  /* rows of an Embedding's table that the input can be looked up in, or 0 */
    size_t padded; /* units in whole vectors */
    size_t gates;  /* the kernels have gates x units columns */
    size_t tile;   /* most rows of a call */
    size_t chunk;  /* most time steps of a product */
    size_t saved;  /* per row and step */
    int part_count;
    nn_rnn_part part[NN_RNN_PARTS];
    size_t packed;       /* packed weights */
    size_t gradient;     /* a partial gradient */
    size_t lines;        /* rows of all parts, one for each bias included */
    size_t scratch;      /* of a call */
    size_t state, reset; /* offsets into the scratch memory: 4 states of (tile, padded); r h of (tile, chunk, padded) */
    size_t looked_up;    /* and rows of the table (tile, chunk, in) */
    size_t before;       /* and states before each step of a chunk (tile, chunk + 1, padded), where they are not kept */
} nn_rnn;

/* The place in time of a step, counted as they are computed. */
static inline size_t nn_rnn_time(const nn_rnn *rnn, size_t step)
{
    return rnn->backwards ? rnn->time - 1 - step : step;
}

/* The weights as Keras has them, or their gradients; bias may be NULL. */
typedef struct nn_rnn_weights {
    nn_float *kernel;    /* (in, gates units) */
    nn_float *recurrent; /* (units, gates units) */
    nn_float *bias;      /* (gates units); GRU that resets after: (2, gates units) */
} nn_rnn_weights;

/* A state before some step, as `h` and `saved` have it for the step before. */
typedef struct nn_rnn_start {
    const nn_float *h;     /* (units) */
    const nn_float *saved; /* (saved) */
} nn_rnn_start;

/* Some rows of a batch. */
typedef struct nn_rnn_rows {
    size_t rows;               /* 1 .. tile */
    size_t begin, end;         /* steps begin .. end - 1 are run */
    const int32_t *row;        /* (rows) of the batch, for x or words, dx and, without sequences, y and dy */
    const nn_float *x;         /* (batch, time, in) or, with words, a table (vocab, in) */
    const int32_t *words;      /* (batch, time) rows of the table; or NULL */
    const nn_float *projected; /* of the table's rows, see project(); or NULL */
    nn_float *y;               /* (batch, units) or NULL: with sequences it is `h` */
    nn_float *h;               /* (rows, time, units): the state after each step, in the order of the steps; or NULL */
    nn_float *saved;           /* (rows, time, saved) */
    nn_rnn_start start;        /* of all rows; read if begin > 0, and kept as step begin - 1 of h and saved */
    const nn_float *dy;        /* (batch, units) or, with sequences, (rows, time, units); NULL: 0 */
    nn_float *dx;              /* (batch, time, in), set; or NULL */
    nn_float *carried_in;      /* (2, padded) gradient by each row's state after the last step, added to dy; or NULL */
    nn_float *carried;         /* (2, padded) gradient by the state before step `begin`, sum over rows, set; or NULL */
    nn_float *gradient;        /* (gradient), added to; or NULL */
    nn_float *scratch;         /* (scratch) */
    nn_float *da;              /* gradients by x W + b, kept: panels of (places, panel); what follows from them is for
                                  backward_words: dx is NULL, and `gradient` gets the other parts' alone; or NULL */
    size_t places, place;      /* of da; that of the first row's step 0: rows are `time` places apart */
} nn_rnn_rows;

/* What a backward pass has kept, by the words of the table. */
typedef struct nn_rnn_words {
    const nn_float *da; /* as above */
    size_t places;
    const int32_t *start;     /* (vocab + 1) where in `place` each word's begin */
    const int32_t *place;     /* the places of all words */
    const nn_float *table;    /* (vocab, in) */
    nn_float *table_gradient; /* (vocab, in), added to */
} nn_rnn_words;

struct nn_recurrent_kernels {
    /* Packs rows first .. last - 1 of all parts' kernels (of rnn->lines). The padding must be zero before. */
    void (*pack)(const nn_rnn *rnn, nn_float *packed, nn_rnn_weights weights, size_t first, size_t last);
    /* x W + b of rows first .. last - 1 of a table (vocab, in), into panels of (vocab, panel): what many rows look up.
     */
    void (*project)(const nn_rnn *rnn, const nn_float *packed, const nn_float *table, nn_float *projected, size_t first,
                    size_t last);
    /* x -> y, h, saved */
    void (*forward)(const nn_rnn *rnn, const nn_float *packed, const nn_rnn_rows *rows);
    /* dy -> dx, gradient; from x, h, saved */
    void (*backward)(const nn_rnn *rnn, const nn_float *packed, const nn_rnn_rows *rows);
    /* da of words first .. last - 1 -> the gradient of their rows of the table, and (added to) by W and b. */
    void (*backward_words)(const nn_rnn *rnn, const nn_float *packed, const nn_rnn_words *words, size_t first,
                           size_t last, nn_float *gradient, nn_float *scratch);
    /* gradients += the partial ones (count, gradient), in their order; lines first .. last - 1. */
    void (*add_gradients)(const nn_rnn *rnn, nn_rnn_weights gradients, const nn_float *partial, size_t count,
                          size_t first, size_t last);
};

#endif
