/* Sizes are multiplied here and nowhere else, so that none can wrap. */
#ifndef DATA_MEMORY_H
#define DATA_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* *product = a * b; false if it does not fit. */
bool data_multiply(size_t a, size_t b, size_t *product);
/* *sum = a + b; false if it does not fit. */
bool data_add(size_t a, size_t b, size_t *sum);
/* malloc of count * size bytes (at least one); NULL if that overflows or there is none. */
void *data_allocate(size_t count, size_t size);
/* Makes room for at least `needed` elements in the growing *array of *room; false, and all as it was, without memory.
 */
bool data_grow(void **array, size_t *room, size_t needed, size_t size);
/* Gives back the room beyond `count` elements, if any are kept; false, and all as it was, without memory. */
bool data_trim(void **array, size_t count, size_t size);

#endif
