// SPDX-License-Identifier: BSD-2-Clause
#include "base/utf8.h"

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

bool utf8_is_hidden(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } range[] = {
        {0x00, 0x1f},       {0x7f, 0x9f},       {0xad, 0xad},       {0x34f, 0x34f},
        {0x600, 0x605},     {0x61c, 0x61c},     {0x6dd, 0x6dd},     {0x70f, 0x70f},
        {0x890, 0x891},     {0x8e2, 0x8e2},     {0x115f, 0x1160},   {0x17b4, 0x17b5},
        {0x180b, 0x180f},   {0x200b, 0x200f},   {0x2028, 0x202e},   {0x2060, 0x206f},
        {0x3164, 0x3164},   {0xfdd0, 0xfdef},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},
        {0xffa0, 0xffa0},   {0xfff0, 0xfffb},   {0x110bd, 0x110bd}, {0x110cd, 0x110cd},
        {0x13430, 0x1345f}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
    };

    for (size_t i = 0; i < sizeof range / sizeof *range; i++) {
        if (c >= range[i].first && c <= range[i].last)
            return true;
    }
    return (c & 0xfffe) == 0xfffe;
}
