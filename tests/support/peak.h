/*
 * The most memory that statically linked code held at a time, from the C library's allocating functions. The test
 * program is linked with PEAK_LINK_OPTIONS of reliability.cmake, which send those calls here.
 */
#ifndef KVIST_TESTS_PEAK_H
#define KVIST_TESTS_PEAK_H

#include <stddef.h>

/* From here on the peak is counted anew; what is held now does not count. */
void peak_begin(void);
/*
 * The most bytes held since then. A block that realloc() grew counts once: the C library moves large blocks by their
 * page tables, without a copy.
 */
size_t peak_bytes(void);
/* Bytes held now that were not when it began. */
size_t peak_held(void);

#endif
