// SPDX-License-Identifier: BSD-2-Clause
#include "base/number.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

int number_parse(const char *text, unsigned k, uint64_t *n)
{
    static const char suffix[] = "kMG";
    char *end;

    if (!isdigit((unsigned char)*text))
        return -1;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0)
        return -1;
    if (*end != '\0') {
        const char *found = strchr(suffix, *end == 'K' ? 'k' : *end);
        if (found == NULL || end[1] != '\0')
            return -1;
        for (const char *at = suffix; at <= found; at++) {
            if (__builtin_mul_overflow(value, (unsigned long long)k, &value))
                return -1;
        }
    }
    *n = value;
    return 0;
}

int number_parse_int(const char *text, int64_t *n)
{
    char *end;

    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || isspace((unsigned char)*text))
        return -1;
    *n = value;
    return 0;
}
