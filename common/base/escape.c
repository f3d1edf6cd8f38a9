// SPDX-License-Identifier: BSD-2-Clause
#include "base/escape.h"

// Returns the value of a digit, or -1 if the character is not a digit to this base.
static int digit(char c, int base)
{
    int value = -1;

    if (c >= '0' && c <= '9')
        value = c - '0';
    else if (c >= 'a' && c <= 'f')
        value = c - 'a' + 10;
    else if (c >= 'A' && c <= 'F')
        value = c - 'A' + 10;
    return value < base ? value : -1;
}

// Reads up to `most` digits at text[*at], and moves *at behind them. Returns the number, or -1 if
// there is no digit.
static int read_number(const char *text, size_t len, size_t *at, int base, int most)
{
    int number = -1;

    for (; most > 0 && *at < len && digit(text[*at], base) >= 0; most--, (*at)++)
        number = (number < 0 ? 0 : number * base) + digit(text[*at], base);
    return number;
}

// Appends the byte of the escape at text[*at], which is behind its backslash, and moves *at behind
// the escape.
static int put_one(struct buf *b, const char *text, size_t len, size_t *at, struct err *err)
{
    size_t start = *at;
    char c = text[(*at)++];
    int number = 0;

    switch (c) {
    case 'n':
        number = '\n';
        break;
    case 'r':
        number = '\r';
        break;
    case 't':
        number = '\t';
        break;
    case 'x':
        number = read_number(text, len, at, 16, 2);
        if (number < 0)
            return err_set(err, EX_USAGE, "\\x needs one or two hexadecimal digits");
        break;
    default:
        if (digit(c, 10) < 0) {
            number = (unsigned char)c;
            break;
        }
        *at = start;
        number = read_number(text, len, at, c == '0' ? 8 : 10, c == '0' ? 4 : 3);
        if (number > 255)
            return err_set(err, EX_USAGE, "'\\%.*s' is not a byte: it is above 255",
                           (int)(*at - start), text + start);
    }
    buf_putc(b, (char)number);
    return 0;
}

int escape_put(struct buf *b, const char *text, size_t len, struct err *err)
{
    for (size_t i = 0; i < len;) {
        char c = text[i++];
        if (c != '\\' || i == len)
            buf_putc(b, c);
        else if (put_one(b, text, len, &i, err) != 0)
            return -1;
    }
    return 0;
}
