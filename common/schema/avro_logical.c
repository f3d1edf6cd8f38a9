// SPDX-License-Identifier: BSD-2-Clause
#include "schema/avro_logical.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/datetime.h"

#define DECIMAL_BYTES_MAX 420 // hold 1,000 digits, which is PRECISION_MAX of avro_schema.c
#define DECIMAL_DIGITS_MAX 1024

// --- Times ---

// How many units of the type a second has. Dates count days.
static int64_t per_second(enum avro_logical logical)
{
    switch (logical) {
    case AVRO_TIME_MILLIS:
    case AVRO_TIMESTAMP_MILLIS:
    case AVRO_LOCAL_MILLIS:
        return 1000;
    case AVRO_TIME_MICROS:
    case AVRO_TIMESTAMP_MICROS:
    case AVRO_LOCAL_MICROS:
        return 1000000;
    default:
        return 1000000000;
    }
}

bool avro_logical_is_time(enum avro_logical logical)
{
    return logical >= AVRO_DATE && logical <= AVRO_LOCAL_NANOS;
}

static bool is_time_of_day(enum avro_logical logical)
{
    return logical == AVRO_TIME_MILLIS || logical == AVRO_TIME_MICROS;
}

static bool is_utc(enum avro_logical logical)
{
    return logical >= AVRO_TIMESTAMP_MILLIS && logical <= AVRO_TIMESTAMP_NANOS;
}

// Appends a part of a second, if it is not 0, without zeros at its end.
static void put_fraction(struct buf *b, int64_t part, int64_t whole)
{
    if (part == 0)
        return;
    buf_putc(b, '.');
    for (; part > 0; part %= whole) {
        whole /= 10;
        buf_putc(b, (char)('0' + part / whole));
    }
}

bool avro_logical_put_time(struct buf *b, enum avro_logical logical, int64_t n)
{
    const int64_t first = INT64_C(-62167219200), last = INT64_C(253402300799); // years 0 to 9999
    const int64_t unit = logical == AVRO_DATE ? 1 : per_second(logical);
    int64_t seconds = n / unit, part = n % unit;
    struct buf text = BUF_INIT;

    if (part < 0) {
        part += unit;
        seconds--;
    }
    if (logical == AVRO_DATE && (n < first / 86400 || n > last / 86400))
        return false;
    if (logical == AVRO_DATE)
        seconds = n * 86400;
    if (seconds < first || seconds > last ||
        (is_time_of_day(logical) && (n < 0 || seconds >= 86400)))
        return false;
    time_format(&text, seconds * MS_SECOND); // 2023-09-12T00:45:51Z
    if (logical == AVRO_DATE)
        buf_append(b, text.data, 10);
    else if (is_time_of_day(logical))
        buf_append(b, text.data + 11, 8);
    else
        buf_append(b, text.data, 19);
    put_fraction(b, part, unit);
    if (is_utc(logical))
        buf_putc(b, 'Z');
    buf_release(&text);
    return true;
}

// Takes the fraction of a second out of a text. Returns 0, or -1 if it has more digits than the
// unit, other than zeros.
static int take_fraction(struct buf *text, int64_t unit, int64_t *part)
{
    char *dot = memchr(text->data, '.', text->len);
    char *end = text->data + text->len, *at;

    *part = 0;
    if (dot == NULL)
        return 0;
    for (at = dot + 1; at < end && *at >= '0' && *at <= '9'; at++) {
        unit /= 10;
        if (unit == 0 && *at != '0')
            return -1;
        *part += (*at - '0') * unit;
    }
    if (at == dot + 1)
        return -1;
    memmove(dot, at, (size_t)(end - at));
    text->len -= (size_t)(at - dot);
    return 0;
}

// Joins seconds, and the part of a second after them. Returns 0, or -1 if a long cannot hold it.
static int join(int64_t seconds, int64_t unit, int64_t part, int64_t *n)
{
    if (seconds < 0 && part > 0) { // so that the sum does not overflow before it must
        seconds++;
        part -= unit;
    }
    return __builtin_mul_overflow(seconds, unit, n) || __builtin_add_overflow(*n, part, n) ? -1 : 0;
}

// Reads the text of a type, of which `text` is a copy, as the moment that it would be in UTC.
static int read_moment(enum avro_logical logical, struct buf *text, int64_t *n)
{
    const int64_t unit = logical == AVRO_DATE ? 1 : per_second(logical);
    const size_t plain = logical == AVRO_DATE ? 10 : 19; // without a fraction or an offset
    int64_t part = 0, ms;

    if (logical != AVRO_DATE && take_fraction(text, unit, &part) != 0)
        return -1;
    if (!is_utc(logical)) {
        if (text->len != plain)
            return -1;
        if (logical != AVRO_DATE)
            buf_putc(text, 'Z');
    } else if (text->len <= plain) {
        return -1;
    }
    if (time_parse(text->data, text->len, &ms) != 0)
        return -1;
    if (logical == AVRO_DATE)
        *n = ms / MS_DAY - (ms % MS_DAY < 0);
    else
        return join(ms / MS_SECOND, unit, part, n);
    return 0;
}

int avro_logical_read_time(enum avro_logical logical, const char *text, size_t len, int64_t *n)
{
    struct buf copy = BUF_INIT;

    if (is_time_of_day(logical))
        buf_puts(&copy, "1970-01-01T");
    buf_append(&copy, text, len);
    int status = len == 0 ? -1 : read_moment(logical, &copy, n);
    buf_release(&copy);
    return status;
}

// --- Decimals ---

// Turns a number into its negative, in two's complement.
static void negate(unsigned char *bytes, size_t len)
{
    unsigned carry = 1;

    for (size_t i = len; i > 0; i--) {
        carry += (unsigned char)~bytes[i - 1];
        bytes[i - 1] = (unsigned char)carry;
        carry >>= 8;
    }
}

// Divides a number by 10, and returns the remainder.
static unsigned divide_by_10(unsigned char *bytes, size_t len)
{
    unsigned rest = 0;

    for (size_t i = 0; i < len; i++) {
        rest = rest << 8 | bytes[i];
        bytes[i] = (unsigned char)(rest / 10);
        rest %= 10;
    }
    return rest;
}

static bool is_zero(const unsigned char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

bool avro_logical_put_decimal(struct buf *b, const struct avro_node *node, const void *data,
                              size_t len)
{
    unsigned char bytes[DECIMAL_BYTES_MAX] = {0};
    char digits[DECIMAL_DIGITS_MAX]; // the lowest first
    size_t count = 0;

    if (len > sizeof bytes)
        return false;
    if (len > 0)
        memcpy(bytes, data, len);
    const bool negative = len > 0 && bytes[0] >= 0x80;
    if (negative)
        negate(bytes, len);
    while (!is_zero(bytes, len) || count <= node->scale)
        digits[count++] = (char)('0' + divide_by_10(bytes, len));
    if (negative)
        buf_putc(b, '-');
    while (count > 0) {
        buf_putc(b, digits[--count]);
        if (count == node->scale && count > 0)
            buf_putc(b, '.');
    }
    return true;
}

// A number as digits and the place of its point: 0.digits times 10 to the power of `point`.
struct number {
    bool negative;
    char digits[DECIMAL_DIGITS_MAX];
    size_t count;
    long point;
};

// Adds a digit, unless it is a zero before all others.
static bool add_digit(struct number *number, char digit, bool after_point)
{
    if (number->count == 0 && digit == '0') {
        number->point -= after_point;
        return true;
    }
    if (number->count == sizeof number->digits)
        return false;
    number->digits[number->count++] = digit;
    number->point += !after_point;
    return true;
}

// Reads the exponent, from the letter on. Returns where it ends, or NULL.
static const char *read_exponent(const char *at, const char *end, long *exponent)
{
    bool negative = at + 1 < end && at[1] == '-';
    long n = 0;

    at += 1 + (negative || (at + 1 < end && at[1] == '+'));
    if (at == end)
        return NULL;
    for (; at < end && *at >= '0' && *at <= '9' && n < 100000; at++)
        n = n * 10 + (*at - '0');
    *exponent = negative ? -n : n;
    return at;
}

static int read_number(const char *text, size_t len, struct number *number)
{
    const char *at = text, *end = text + len;
    bool after_point = false, any = false;
    long exponent = 0;

    *number = (struct number){.negative = len > 0 && *at == '-'};
    for (at += number->negative; at < end; at++) {
        if (*at == '.' && !after_point) {
            after_point = true;
        } else if (*at >= '0' && *at <= '9') {
            any = true;
            if (!add_digit(number, *at, after_point))
                return -1;
        } else {
            break;
        }
    }
    if (any && at < end && (*at == 'e' || *at == 'E'))
        at = read_exponent(at, end, &exponent);
    number->point += exponent;
    while (number->count > 0 && number->digits[number->count - 1] == '0')
        number->count--;
    return any && at == end ? 0 : -1;
}

// Multiplies a number by 10, adds a digit, and returns whether it still fits.
static bool push_digit(unsigned char *bytes, size_t len, unsigned digit)
{
    for (size_t i = len; i > 0; i--) {
        digit += bytes[i - 1] * 10U;
        bytes[i - 1] = (unsigned char)digit;
        digit >>= 8;
    }
    return digit == 0;
}

// Appends the number without bytes at its start that only repeat its sign. A fixed keeps its size.
static int put_bytes(struct buf *b, const struct avro_node *node, const unsigned char *bytes,
                     size_t len)
{
    const unsigned char sign = bytes[0] >= 0x80 ? 0xff : 0;

    while (len > 1 && bytes[0] == sign && (bytes[1] ^ sign) < 0x80) {
        bytes++;
        len--;
    }
    if (node->type == AVRO_FIXED && len > node->size)
        return -1;
    for (size_t i = len; node->type == AVRO_FIXED && i < node->size; i++)
        buf_putc(b, (char)sign);
    buf_append(b, bytes, len);
    return 0;
}

int avro_logical_read_decimal(struct buf *b, const struct avro_node *node, const char *text,
                              size_t len)
{
    unsigned char bytes[DECIMAL_BYTES_MAX] = {0};
    struct number number;

    if (read_number(text, len, &number) != 0)
        return -1;
    // The digits of the number that is written: those before its point, and `scale` after it.
    const long wanted = number.count == 0 ? 0 : number.point + (long)node->scale;
    if ((long)number.count > wanted || wanted > (long)node->precision)
        return -1;
    for (long i = 0; i < wanted; i++) {
        unsigned digit = (size_t)i < number.count ? (unsigned)(number.digits[i] - '0') : 0;
        if (!push_digit(bytes, sizeof bytes, digit))
            return -1;
    }
    if (number.negative)
        negate(bytes, sizeof bytes);
    return put_bytes(b, node, bytes, sizeof bytes);
}

// --- UUIDs ---

static bool is_dash(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

void avro_logical_put_uuid(struct buf *b, const void *data)
{
    const unsigned char *byte = data;

    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            buf_putc(b, '-');
        buf_printf(b, "%02x", byte[i]);
    }
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

int avro_logical_read_uuid(struct buf *b, const char *text, size_t len)
{
    unsigned char bytes[16];
    size_t digits = 0;

    if (len != 36)
        return -1;
    for (size_t i = 0; i < len; i++) {
        int digit = hex_digit(text[i]);
        if (is_dash(i) != (text[i] == '-') || (digit < 0 && !is_dash(i)))
            return -1;
        if (is_dash(i))
            continue;
        bytes[digits / 2] =
            (unsigned char)(digits % 2 == 0 ? digit << 4 : bytes[digits / 2] | digit);
        digits++;
    }
    buf_append(b, bytes, sizeof bytes);
    return 0;
}
