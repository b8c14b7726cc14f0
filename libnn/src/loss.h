/* Losses and metrics as the training tier takes them: means in double, and the logits form where it fits. */
#ifndef NN_SRC_LOSS_H
#define NN_SRC_LOSS_H

#include <kvist/nn.h>

/* Checks a loss and fills in its defaults. */
nn_status nn_loss_resolve(nn_loss_def *loss, nn_error *error);

/* Targets are class indices. */
bool nn_loss_is_sparse(nn_loss_type type);

/* nn_loss() with the mean in double; dy is of y's shape or NULL. */
nn_status nn_loss_compute(const nn_loss_def *loss, const nn_tensor *y, const nn_tensor *target, double *mean,
                          nn_float *rows, nn_float *dy, nn_error *error);

/* The gradient of a loss: by the output, or by the input of the last activation. */
typedef struct nn_loss_grad {
    nn_float *dy; /* (batch, out) */
    bool from_logits;
} nn_loss_grad;

/*
 * The loss of the model's last forward, in the logits form if its last activation matches, and its gradient unless
 * `grad` is NULL. A loss that is not finite is an error that names the first such tensor.
 */
nn_status nn_model_loss(nn_model *model, const nn_loss_def *loss, const nn_tensor *target, double *mean,
                        nn_loss_grad *grad);

/* nn_backprop() with the mean in double. */
nn_status nn_model_backprop(nn_model *model, const nn_loss_def *loss, const nn_tensor *target, unsigned want,
                            double *mean);

/* What NN_METRIC_DEFAULT stands for with this loss. */
nn_metric nn_metric_of(nn_metric metric, nn_loss_type loss);

/* Where a binary class begins: above 0.5 of probabilities, above 0 of logits. */
double nn_metric_border(nn_loss_type loss);

/* nn_metric_count() with the border between the binary classes. */
nn_status nn_metric_compute(nn_metric metric, double border, const nn_tensor *y, const nn_tensor *target,
                            int64_t *correct, int64_t *counted, nn_error *error);

bool nn_same_shape(nn_shape a, nn_shape b);

bool nn_overlap(const void *a, size_t a_size, const void *b, size_t b_size); /* sizes in bytes */
/* The same of what a checked tensor holds, and `size` bytes. */
bool nn_tensor_overlaps(const nn_tensor *tensor, const void *memory, size_t size);

/* Not NULL, dense, of the type, with data and no dimension below 1. `what` names the tensor in messages. */
nn_status nn_check_tensor(const char *what, const nn_tensor *tensor, nn_dtype dtype, nn_error *error);

/*
 * Targets of a loss for outputs of shape y: reals of that shape; if sparse, class indices of that shape without the
 * last axis, or with 1 in its place.
 */
nn_status nn_check_target(const char *what, bool sparse, nn_shape y, const nn_tensor *target, nn_error *error);

/* A checked tensor that lies in none of the model's memory. */
nn_status nn_check_apart(const char *what, const nn_model *model, const nn_tensor *tensor, nn_error *error);

/* Samples for a model: type and shape of its input, ascending offsets. */
nn_status nn_check_samples(const char *what, const nn_model *model, const nn_tensor *x, nn_error *error);

/* x for a model and y for its outputs, with as many samples. */
nn_status nn_check_set(const char *x_name, const char *y_name, const nn_model *model, nn_loss_type loss,
                       const nn_tensor *x, const nn_tensor *y, nn_error *error);

#endif
