/* Lists of tensors that do not fit: missing, extra, of another shape; the first ten of each and how many there are. */
#ifndef NN_FILES_MISFIT_H
#define NN_FILES_MISFIT_H

#include <kvist/nn.h>

typedef enum nn_misfit_kind { NN_MISSING, NN_EXTRA, NN_MISMATCHED, NN_MISFIT_KINDS } nn_misfit_kind;

/* Zeroed: all fits. */
typedef struct nn_misfit {
    int count[NN_MISFIT_KINDS];
    char names[NN_MISFIT_KINDS][160];
} nn_misfit;

void nn_misfit_add(nn_misfit *misfit, nn_misfit_kind kind, const char *name);
/* NN_OK if all fits, else ERR_MISMATCH. */
nn_status nn_misfit_report(const nn_misfit *misfit, const char *path, nn_error *error);

#endif
