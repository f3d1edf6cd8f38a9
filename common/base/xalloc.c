// SPDX-License-Identifier: BSD-2-Clause
#include "base/xalloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/log.h"

void xalloc_die(size_t size)
{
    log_error("out of memory: %zu bytes wanted", size);
    exit(EX_TEMPFAIL);
}

void *xmalloc(size_t size)
{
    return xreallocarray(NULL, 1, size);
}

void *xcalloc(size_t count, size_t size)
{
    void *fresh = calloc(count == 0 ? 1 : count, size == 0 ? 1 : size);

    if (fresh == NULL)
        xalloc_die(count * size);
    return fresh;
}

void *xreallocarray(void *old, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        xalloc_die(SIZE_MAX);
    size_t total = count * size;
    void *fresh = realloc(old, total == 0 ? 1 : total);
    if (fresh == NULL)
        xalloc_die(total);
    return fresh;
}

char *xstrdup(const char *text)
{
    return xstrndup(text, strlen(text));
}

char *xstrndup(const char *text, size_t len)
{
    char *copy = xmalloc(len + 1);

    if (len > 0) // an empty text may be NULL
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *xasprintf(const char *fmt, ...)
{
    char *text;
    va_list ap;

    va_start(ap, fmt);
    int len = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (len < 0)
        xalloc_die(0);
    return text;
}
