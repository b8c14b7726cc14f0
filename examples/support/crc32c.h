/* CRC-32C (Castagnoli's polynomial), the checksum of TFRecord files; zlib has only CRC-32. */
#ifndef KVIST_SUPPORT_CRC32C_H
#define KVIST_SUPPORT_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/** The checksum of `size` bytes: 0xe3069283 for "123456789". */
uint32_t crc32c(const void *bytes, size_t size);

#endif
