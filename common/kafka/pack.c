// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/pack.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define LETTERS "<>bBhHiIqQcs$ "

struct unpacker {
    const unsigned char *data;
    size_t len, at;
    bool little_endian;
    struct buf *out;
};

int pack_check(const char *format, struct err *err)
{
    size_t known = strspn(format, LETTERS);

    if (*format == '\0')
        return err_set(err, EX_USAGE, "the format is empty");
    if (format[known] != '\0')
        return err_set(err, EX_USAGE,
                       "'%c' in '%s' is unknown; known are < > b B h H i I q Q c s $ and space",
                       format[known], format);
    return 0;
}

// Returns the number of bytes of an item, or 0 if the letter takes none or all that are left.
static size_t size_of(char letter)
{
    switch (tolower((unsigned char)letter)) {
    case 'b':
    case 'c':
        return 1;
    case 'h':
        return 2;
    case 'i':
        return 4;
    case 'q':
        return 8;
    default:
        return 0;
    }
}

// Prints an integer. A lower-case letter says that it is signed.
static void put_integer(struct unpacker *u, char letter, size_t size)
{
    uint64_t number = 0;

    for (size_t i = 0; i < size; i++)
        number = number << 8 | u->data[u->at + (u->little_endian ? size - 1 - i : i)];
    unsigned unused = 64 - 8 * (unsigned)size; // bits
    if (islower((unsigned char)letter))
        buf_put_i64(u->out, (int64_t)(number << unused) >> unused);
    else
        buf_put_u64(u->out, number);
}

// Prints the item that a letter stands for, of which all bytes are there.
static void put_item(struct unpacker *u, char letter, size_t size)
{
    switch (letter) {
    case '<':
    case '>':
        u->little_endian = letter == '<';
        break;
    case ' ':
        buf_putc(u->out, ' ');
        break;
    case 'c':
    case 's':
        buf_append(u->out, u->data + u->at, size);
        break;
    default:
        put_integer(u, letter, size);
    }
}

static int unpack(struct unpacker *u, const char *format, struct err *err)
{
    for (; *format != '\0'; format++) {
        size_t left = u->len - u->at;
        size_t size = *format == 's' ? left : size_of(*format);
        if (size > left)
            return err_set(err, EX_DATAERR,
                           "at byte %zu: '%c' needs %zu bytes, but only %zu are left", u->at,
                           *format, size, left);
        if (*format != '$')
            put_item(u, *format, size);
        else if (left > 0)
            return err_set(err, EX_DATAERR,
                           "at byte %zu: '$' needs the end, but %zu bytes are left", u->at, left);
        u->at += size;
    }
    return 0;
}

int pack_put(const char *format, const void *data, size_t len, struct buf *out, struct err *err)
{
    struct unpacker u = {.data = data, .len = len, .out = out};
    size_t before = out->len;

    if (unpack(&u, format, err) == 0)
        return 0;
    out->len = before;
    return -1;
}
