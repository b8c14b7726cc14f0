#include "isas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

bool isa_is_here(nn_isa isa)
{
    const nn_layer_def flatten = { .type = NN_FLATTEN };
    nn_model *model = nn_model_create(
        &(nn_model_def){ .input = NN_SHAPE(1), .max_batch = 1, .layers = &flatten, .layer_count = 1, .isa = isa },
        NULL);
    nn_model_destroy(model);
    return model != NULL;
}

nn_isa isa_of_test(void **state)
{
    const nn_isa isa = *(const nn_isa *)*state;
    if (!isa_is_here(isa)) {
        print_message("this processor has not got instruction set %d\n", (int)isa);
        skip();
    }
    return isa;
}
