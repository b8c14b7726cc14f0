/* The architecture of a model as JSON text: what nn_model_create() needs to make it again. */
#ifndef NN_FILES_ARCHITECTURE_H
#define NN_FILES_ARCHITECTURE_H

#include "../model.h"
#include "json.h"
#include "text.h"

/* Appends the text. Defaults are written out, so that a later default changes no old model.
 */
void nn_architecture_write(const nn_model *model, nn_text *text);

/* A definition read from a text, with the memory it points to. */
typedef struct nn_architecture {
    nn_model_def def;
    nn_layer_def *layers;
    char (*names)[NN_NAME_SIZE];
} nn_architecture;

/* To be given to nn_architecture_free() after success. */
nn_status nn_architecture_read(nn_architecture *architecture, const nn_json *json, nn_error *error);
void nn_architecture_free(nn_architecture *architecture);

/* ERR_MISMATCH unless the text describes the model; names of layers without weights, initialisers, max_batch and
 * seed do not count. */
nn_status nn_architecture_compare(const nn_model *model, const nn_json *json, nn_error *error);

#endif
