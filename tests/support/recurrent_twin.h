/* A naive twin of the recurrent layers: plain loops in double, one sample and one step after the other. */
#ifndef RECURRENT_TWIN_H
#define RECURRENT_TWIN_H

#include <kvist/nn.h>

/* All cells, and their names. */
enum { TWIN_CELLS = 4 };
typedef struct twin_cell {
    const char *name;
    nn_layer_type type;
    bool reset_before;
} twin_cell;
extern const twin_cell twin_cells[TWIN_CELLS];

typedef struct twin {
    nn_layer_type type;
    nn_rnn_def def;
    int batch, time, in;
    double *x, *dy, *weights;   /* to be filled after twin_allocate(); weights: kernel, recurrent kernel, bias */
    double *y, *dx, *gradients; /* by twin_run() */
    size_t x_count, y_count, weight_count;
    void *memory; /* of all of them, to be freed; NULL if there was not enough */
} twin;

void twin_allocate(twin *t);
/* Allocates, and fills weights, x and dy with numbers that floats hold; the same for the same seed. */
void twin_randomize(twin *t, uint64_t seed);
void twin_run(twin *t);

#endif
