// SPDX-License-Identifier: BSD-2-Clause
//
// buf: a growable array of bytes, reused from record to record.
//
// After the bytes there are always BUF_PADDING more that may be read, but not written, as
// json_parse() requires. Appending may move the bytes, so a pointer to them is valid only until the
// next append. If there is no memory, the process ends (xalloc.h).
//
//     struct buf b = BUF_INIT;
//     buf_puts(&b, "{\"n\":");
//     buf_printf(&b, "%d}", 7);
//     use(b.data, b.len);
//     buf_release(&b);
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define BUF_PADDING 64 // at least SIMDJSON_PADDING, which json.cc checks

struct buf {
    char *data; // NULL until the first append
    size_t len;
    size_t size; // capacity in bytes, without the padding
};

#define BUF_INIT                                                                                   \
    {                                                                                              \
        NULL, 0, 0                                                                                 \
    }

// Frees the memory and leaves an empty buffer.
void buf_release(struct buf *b);

// Makes room for at least `more` further bytes, so that appending them does not move the buffer.
void buf_reserve(struct buf *b, size_t more);

// Removes the bytes and keeps the memory.
static inline void buf_clear(struct buf *b)
{
    b->len = 0;
}

static inline void buf_append(struct buf *b, const void *data, size_t len)
{
    if (len == 0)
        return;
    if (b->size - b->len < len)
        buf_reserve(b, len);
    memcpy(b->data + b->len, data, len);
    b->len += len;
}

static inline void buf_putc(struct buf *b, char c)
{
    if (b->size == b->len)
        buf_reserve(b, 1);
    b->data[b->len++] = c;
}

static inline void buf_puts(struct buf *b, const char *text)
{
    buf_append(b, text, strlen(text));
}

__attribute__((format(printf, 2, 3))) void buf_printf(struct buf *b, const char *fmt, ...);

// Append a number in decimal.
void buf_put_i64(struct buf *b, int64_t n);
void buf_put_u64(struct buf *b, uint64_t n);

// Appends a number for people, such as 1,234,567.
void buf_put_grouped(struct buf *b, uint64_t n);

// Appends the data in base64, with padding (RFC 4648, section 4).
void buf_put_base64(struct buf *b, const void *data, size_t len);

// Appends the bytes that a text in base64 stands for. Returns 0, or -1 if the text is malformed;
// the buffer is then as it was.
int buf_put_decoded(struct buf *b, const char *base64, size_t len);

#endif
