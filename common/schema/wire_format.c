// SPDX-License-Identifier: BSD-2-Clause
#include "schema/wire_format.h"

int wire_format_read(const void *data, size_t len, int32_t *id)
{
    const unsigned char *byte = data;

    // Ids are not negative.
    if (len < WIRE_FORMAT_LEN || byte[0] != 0 || byte[1] > 0x7f)
        return -1;
    *id = (int32_t)((uint32_t)byte[1] << 24 | (uint32_t)byte[2] << 16 | (uint32_t)byte[3] << 8 |
                    byte[4]);
    return 0;
}

void wire_format_put(struct buf *b, int32_t id)
{
    const uint32_t n = (uint32_t)id;
    const unsigned char header[WIRE_FORMAT_LEN] = {0, (unsigned char)(n >> 24),
                                                   (unsigned char)(n >> 16),
                                                   (unsigned char)(n >> 8), (unsigned char)n};

    buf_append(b, header, sizeof header);
}
