#include "crc32c.h"

uint32_t crc32c(const void *bytes, size_t size)
{
    /* what four bits leave behind: i after four steps of x -> x / 2 ^ (x odd ? 0x82f63b78 : 0) */
    static const uint32_t step[16] = { 0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
                                       0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
                                       0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75 };
    const uint8_t *at = bytes;
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        crc ^= at[i];
        crc = step[crc & 15] ^ crc >> 4;
        crc = step[crc & 15] ^ crc >> 4;
    }
    return ~crc;
}
