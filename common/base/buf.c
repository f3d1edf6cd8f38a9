// SPDX-License-Identifier: BSD-2-Clause
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"

void buf_release(struct buf *b)
{
    free(b->data);
    *b = (struct buf)BUF_INIT;
}

void buf_reserve(struct buf *b, size_t more)
{
    size_t size = b->size < 256 ? 256 : b->size;

    if (more > SIZE_MAX / 4 || b->len > SIZE_MAX / 4)
        xalloc_die(SIZE_MAX);
    if (b->data != NULL && b->size - b->len >= more)
        return;
    while (size - b->len < more)
        size *= 2;
    b->data = xreallocarray(b->data, 1, size + BUF_PADDING);
    // Reading the padding must give defined values.
    memset(b->data + size, 0, BUF_PADDING);
    b->size = size;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int len = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (len < 0)
        return;
    buf_reserve(b, (size_t)len + 1);
    va_start(ap, fmt);
    vsnprintf(b->data + b->len, (size_t)len + 1, fmt, ap);
    va_end(ap);
    b->len += (size_t)len;
}

void buf_put_u64(struct buf *b, uint64_t n)
{
    char digits[20];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n != 0);
    buf_append(b, digits + at, sizeof digits - at);
}

void buf_put_grouped(struct buf *b, uint64_t n)
{
    if (n < 1000) {
        buf_put_u64(b, n);
        return;
    }
    buf_put_grouped(b, n / 1000);
    buf_printf(b, ",%03u", (unsigned)(n % 1000));
}

void buf_put_i64(struct buf *b, int64_t n)
{
    if (n < 0) {
        buf_putc(b, '-');
        buf_put_u64(b, -(uint64_t)n);
    } else {
        buf_put_u64(b, (uint64_t)n);
    }
}

static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void buf_put_base64(struct buf *b, const void *data, size_t len)
{
    const unsigned char *in = data;

    for (size_t at = 0; at < len; at += 3) {
        size_t left = len - at;
        uint32_t group = (uint32_t)in[at] << 16;
        if (left > 1)
            group |= (uint32_t)in[at + 1] << 8;
        if (left > 2)
            group |= in[at + 2];
        char quad[4] = {digit[group >> 18], digit[group >> 12 & 63],
                        left > 1 ? digit[group >> 6 & 63] : '=',
                        left > 2 ? digit[group & 63] : '='};
        buf_append(b, quad, sizeof quad);
    }
}

// Decodes four characters into at most three bytes. Returns how many, or 0 if they are malformed.
static size_t decode_quad(const char *quad, unsigned char out[3])
{
    size_t padding = quad[3] != '=' ? 0 : quad[2] != '=' ? 1 : 2;
    uint32_t group = 0;

    for (size_t i = 0; i < 4; i++) {
        const char *found = i < 4 - padding ? memchr(digit, quad[i], 64) : digit;
        if (found == NULL)
            return 0;
        group = group << 6 | (uint32_t)(found - digit);
    }
    out[0] = (unsigned char)(group >> 16);
    out[1] = (unsigned char)(group >> 8);
    out[2] = (unsigned char)group;
    return (group & (((uint32_t)1 << 8 * padding) - 1)) == 0 ? 3 - padding : 0;
}

int buf_put_decoded(struct buf *b, const char *base64, size_t len)
{
    const size_t before = b->len;
    unsigned char bytes[3];
    size_t count = 3;

    for (size_t at = 0; at < len; at += 4) {
        // Only the last four characters may be padded.
        if (len - at < 4 || count < 3 || (count = decode_quad(base64 + at, bytes)) == 0) {
            b->len = before;
            return -1;
        }
        buf_append(b, bytes, count);
    }
    return 0;
}
