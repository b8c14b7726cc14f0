/* Appending to a file of records that must stay readable when the disk is full. */
#ifndef KVIST_SUPPORT_APPEND_H
#define KVIST_SUPPORT_APPEND_H

#include <stddef.h>

/**
 * Appends all the bytes to the descriptor or, on a disk that is full, none of them: what follows later must not
 * continue half a record.
 *
 * @return 0 or the errno of the failure
 */
int append_whole(int file, const void *bytes, size_t size);

#endif
