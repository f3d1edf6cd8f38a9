// SPDX-License-Identifier: BSD-2-Clause
#include "schema/avro_scalar.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/bytes.h"
#include "json/json_write.h"
#include "schema/avro_logical.h"

#define EXACT_MAX 9007199254740992.0 // below 2^53, a double holds each integer

void avro_put_long(struct buf *b, int64_t n)
{
    uint64_t bits = (uint64_t)n << 1 ^ (n < 0 ? UINT64_MAX : 0);

    for (; bits >= 0x80; bits >>= 7)
        buf_putc(b, (char)(0x80 | (bits & 0x7f)));
    buf_putc(b, (char)bits);
}

void avro_put_string(struct buf *b, const char *text, size_t len)
{
    avro_put_long(b, (int64_t)len);
    buf_append(b, text, len);
}

// --- Numbers ---

static bool read_integer(const struct json_value *v, unsigned digits, int64_t *n)
{
    if (v->type == JSON_INT)
        *n = v->integer;
    else if (v->type == JSON_DOUBLE && digits == 0 && fabs(v->number) < EXACT_MAX &&
             v->number == trunc(v->number))
        *n = (int64_t)v->number;
    else
        return false;
    return true;
}

static int put_integer(struct buf *b, const struct avro_node *node, const struct json_value *v,
                       bool raw, unsigned digits)
{
    int64_t n;

    if (v->type == JSON_STRING && !raw && avro_logical_is_time(node->logical)) {
        if (avro_logical_read_time(node->logical, v->string.data, v->string.len, &n) != 0)
            return -1;
    } else if (!read_integer(v, digits, &n)) {
        return -1;
    }
    if (node->type == AVRO_INT && (n < INT32_MIN || n > INT32_MAX))
        return -1;
    avro_put_long(b, n);
    return 0;
}

// Reads a number that a double holds: integers exactly, others as the nearest double.
static bool read_double(const struct json_value *v, unsigned digits, double *number)
{
    static const struct {
        const char *text;
        double number;
    } special[] = {{"NaN", NAN}, {"Infinity", INFINITY}, {"-Infinity", -INFINITY}};

    switch (v->type) {
    case JSON_DOUBLE:
        *number = v->number;
        if ((digits & JSON_DIGITS_INTEGER) != 0 && fabs(*number) >= 0x1p63)
            return false;
        return (digits & JSON_DIGITS_OVERFLOW) == 0 || (*number != 0 && fabs(*number) < DBL_MAX);
    case JSON_INT:
        *number = (double)v->integer;
        return *number < 0x1p63 && (int64_t)*number == v->integer;
    case JSON_UINT:
        *number = (double)v->uinteger;
        return *number < 0x1p64 && (uint64_t)*number == v->uinteger;
    case JSON_STRING:
        for (size_t i = 0; i < sizeof special / sizeof *special; i++) {
            *number = special[i].number;
            if (bytes_are(v->string.data, v->string.len, special[i].text))
                return true;
        }
        return false;
    default:
        return false;
    }
}

static void put_little_endian(struct buf *b, uint64_t bits, size_t len)
{
    for (size_t i = 0; i < len; i++, bits >>= 8)
        buf_putc(b, (char)bits);
}

static int put_float(struct buf *b, const struct avro_node *node, const struct json_value *v,
                     unsigned digits)
{
    uint64_t bits;
    uint32_t short_bits;
    double number;

    if (!read_double(v, digits, &number))
        return -1;
    if (node->type == AVRO_DOUBLE) {
        memcpy(&bits, &number, sizeof bits);
        put_little_endian(b, bits, sizeof bits);
        return 0;
    }
    if (isfinite(number) && fabs(number) > (double)FLT_MAX)
        return -1;
    const float rounded = (float)number;
    if (rounded == 0 && number != 0)
        return -1;
    if ((v->type == JSON_INT || v->type == JSON_UINT) && (double)rounded != number)
        return -1;
    memcpy(&short_bits, &rounded, sizeof short_bits);
    put_little_endian(b, short_bits, sizeof short_bits);
    return 0;
}

// --- Bytes and text ---

// Appends a byte for each character, U+0000 to U+00FF. Returns 0, or -1 if there are others.
static int put_characters(struct buf *b, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)text[i];
        if (c >= 0xc4)
            return -1;
        if (c < 0x80)
            buf_putc(b, (char)c);
        else // C2 or C3, and the one byte that follows
            buf_putc(b, (char)((c & 3) << 6 | (text[++i] & 0x3f)));
    }
    return 0;
}

static int put_decimal(struct buf *b, const struct avro_node *node, const struct json_value *v,
                       unsigned digits)
{
    struct buf text = BUF_INIT;

    if (v->type == JSON_STRING)
        buf_append(&text, v->string.data, v->string.len);
    else if (v->type == JSON_INT)
        buf_put_i64(&text, v->integer);
    else if (v->type == JSON_UINT)
        buf_put_u64(&text, v->uinteger);
    else if (v->type == JSON_DOUBLE && digits == 0)
        json_put_double(&text, v->number);
    int status = text.len == 0 ? -1 : avro_logical_read_decimal(b, node, text.data, text.len);
    buf_release(&text);
    return status;
}

// Appends the value of one of the members that a duration has. Returns false if it does not fit.
static bool put_duration(struct buf *b, const struct json_value *v)
{
    static const char *const names[] = {"months", "days", "millis"};
    struct json_value key, value, found[3] = {{.type = JSON_ABSENT}};
    struct json_iter it;
    size_t members = 0;

    if (v->type != JSON_OBJECT)
        return false;
    json_iter_init(&it, v);
    for (; json_iter_next(&it, &key, &value); members++) {
        for (size_t i = 0; i < 3; i++) {
            if (bytes_are(key.string.data, key.string.len, names[i]))
                found[i] = value;
        }
    }
    for (size_t i = 0; i < 3; i++) {
        if (!json_is_count(&found[i], UINT32_MAX))
            return false;
        put_little_endian(b, (uint64_t)found[i].integer, 4);
    }
    return members == 3;
}

// Appends the bytes of a bytes or fixed, without their length.
static int put_data(struct buf *b, const struct avro_node *node, const struct json_value *v,
                    bool raw, unsigned digits)
{
    if (node->logical == AVRO_DECIMAL && !raw)
        return put_decimal(b, node, v, digits);
    if (node->logical == AVRO_DURATION && !raw)
        return put_duration(b, v) ? 0 : -1;
    if (v->type != JSON_STRING)
        return -1;
    if (node->logical == AVRO_UUID && !raw)
        return avro_logical_read_uuid(b, v->string.data, v->string.len);
    return put_characters(b, v->string.data, v->string.len);
}

static int put_bytes(struct buf *b, const struct avro_node *node, const struct json_value *v,
                     bool raw, unsigned digits)
{
    struct buf data = BUF_INIT;

    int status = put_data(&data, node, v, raw, digits);
    if (status == 0 && node->type == AVRO_FIXED && data.len != node->size)
        status = -1;
    if (status == 0 && node->type == AVRO_BYTES)
        avro_put_long(b, (int64_t)data.len);
    if (status == 0)
        buf_append(b, data.data, data.len);
    buf_release(&data);
    return status;
}

static int put_string(struct buf *b, const struct avro_node *node, const struct json_value *v,
                      bool raw)
{
    struct buf unused = BUF_INIT;
    int status = v->type == JSON_STRING ? 0 : -1;

    if (status == 0 && node->logical == AVRO_UUID && !raw)
        status = avro_logical_read_uuid(&unused, v->string.data, v->string.len);
    buf_release(&unused);
    if (status == 0)
        avro_put_string(b, v->string.data, v->string.len);
    return status;
}

static int put_symbol(struct buf *b, const struct avro_node *node, const struct json_value *v)
{
    for (size_t i = 0; v->type == JSON_STRING && i < node->count; i++) {
        if (bytes_equal(node->symbol[i].text, node->symbol[i].len, v->string.data, v->string.len)) {
            avro_put_long(b, (int64_t)i);
            return 0;
        }
    }
    return -1;
}

int avro_scalar_put(struct buf *b, const struct avro_node *node, const struct json_value *v,
                    bool raw, unsigned digits)
{
    switch (node->type) {
    case AVRO_NULL:
        return v->type == JSON_NULL ? 0 : -1;
    case AVRO_BOOLEAN:
        if (v->type != JSON_BOOL)
            return -1;
        buf_putc(b, v->boolean ? 1 : 0);
        return 0;
    case AVRO_INT:
    case AVRO_LONG:
        return put_integer(b, node, v, raw, digits);
    case AVRO_FLOAT:
    case AVRO_DOUBLE:
        return put_float(b, node, v, digits);
    case AVRO_STRING:
        return put_string(b, node, v, raw);
    case AVRO_ENUM:
        return put_symbol(b, node, v);
    default:
        return put_bytes(b, node, v, raw, digits);
    }
}
