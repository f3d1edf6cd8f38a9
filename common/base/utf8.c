// SPDX-License-Identifier: BSD-2-Clause
#include "base/utf8.h"

#include <stdbool.h>

size_t utf8_decode(const char *text, size_t len, uint32_t *c)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *t = (const unsigned char *)text;

    if (len == 0)
        return 0;
    const size_t count = t[0] < 0x80             ? 1
                         : (t[0] & 0xe0) == 0xc0 ? 2
                         : (t[0] & 0xf0) == 0xe0 ? 3
                         : (t[0] & 0xf8) == 0xf0 ? 4
                                                 : 0;
    if (count == 0 || count > len)
        return 0;
    *c = count == 1 ? t[0] : t[0] & (0x7fu >> count);
    for (size_t i = 1; i < count; i++) {
        if ((t[i] & 0xc0) != 0x80)
            return 0;
        *c = *c << 6 | (t[i] & 0x3fu);
    }
    const bool surrogate = *c >= 0xd800 && *c <= 0xdfff;
    return *c < least[count] || *c > 0x10ffff || surrogate ? 0 : count;
}
