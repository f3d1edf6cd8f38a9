// SPDX-License-Identifier: BSD-2-Clause
#include "base/utf8.h"

#include <stdbool.h>

// The lead bytes, and the values that the second byte may have (RFC 3629, section 4).
static const struct {
    unsigned char from, to;
    size_t length;
    unsigned char second_from, second_to;
} leads[] = {
    {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf}, {0xe1, 0xec, 3, 0x80, 0xbf},
    {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf}, {0xf0, 0xf0, 4, 0x90, 0xbf},
    {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
};

static bool is_between(unsigned char c, unsigned char from, unsigned char to)
{
    return c >= from && c <= to;
}

size_t utf8_length(const char *text, size_t len)
{
    const unsigned char *t = (const unsigned char *)text;
    size_t i = 0;

    if (len == 0 || t[0] < 0x80)
        return len == 0 ? 0 : 1;
    while (i < sizeof leads / sizeof *leads && !is_between(t[0], leads[i].from, leads[i].to))
        i++;
    if (i == sizeof leads / sizeof *leads || len < leads[i].length ||
        !is_between(t[1], leads[i].second_from, leads[i].second_to))
        return 0;
    for (size_t n = 2; n < leads[i].length; n++) {
        if (!is_between(t[n], 0x80, 0xbf))
            return 0;
    }
    return leads[i].length;
}
