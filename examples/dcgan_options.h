/* The command line of mnist_dcgan. */
#ifndef KVIST_EXAMPLES_DCGAN_OPTIONS_H
#define KVIST_EXAMPLES_DCGAN_OPTIONS_H

#include "support/options.h"

#include <stdbool.h>

/* What was typed, and what stands where nothing was; epochs, batch and lr: 0, as the digits decide. */
typedef struct dcgan_options {
    options_common common;
    int epochs, batch, checkpoint_every, images, samples, generate, interpolate;
    double lr, average;
    bool score_only;
} dcgan_options;

/* Fills set by the command line, which goes to `read`. @return what that returns: -1 to go on, or an exit code */
int dcgan_options_read(dcgan_options *set, int argc, char *const argv[], options_reader *read);

#endif
