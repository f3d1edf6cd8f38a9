// SPDX-License-Identifier: BSD-2-Clause
#include "schema/avro_decode.h"

#include <math.h>
#include <string.h>

#include "json/json.h"
#include "json/json_write.h"
#include "schema/avro_logical.h"

struct decoder {
    const unsigned char *start, *at, *end;
    const struct avro_decode_options *options;
    struct buf *text;
    struct avro_fault *fault;
    unsigned depth;
};

// --- Bytes ---

static int cut_short(struct decoder *d)
{
    return avro_fault_set(d->fault, "the data ends in the middle of the value, at byte %zu",
                          (size_t)(d->end - d->start));
}

// Reads a variable-length zig-zag integer.
static int read_long(struct decoder *d, int64_t *n)
{
    uint64_t bits = 0;

    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (d->at == d->end)
            return cut_short(d);
        const unsigned char byte = *d->at++;
        if (shift == 63 && byte > 1)
            break;
        bits |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *n = (int64_t)(bits >> 1) ^ -(int64_t)(bits & 1);
            return 0;
        }
    }
    return avro_fault_set(d->fault, "an integer of more than 64 bits, at byte %zu",
                          (size_t)(d->at - d->start) - 1);
}

static int read_fixed(struct decoder *d, size_t len, const unsigned char **data)
{
    if (len > (size_t)(d->end - d->at))
        return cut_short(d);
    *data = d->at;
    d->at += len;
    return 0;
}

static int read_bytes(struct decoder *d, const unsigned char **data, size_t *len)
{
    int64_t n;

    if (read_long(d, &n) != 0)
        return -1;
    if (n < 0)
        return avro_fault_set(d->fault, "a length of %lld, before byte %zu", (long long)n,
                              (size_t)(d->at - d->start));
    *len = (size_t)n;
    return read_fixed(d, *len, data);
}

static uint64_t little_endian(const unsigned char *data, size_t len)
{
    uint64_t bits = 0;

    for (size_t i = len; i > 0; i--)
        bits = bits << 8 | data[i - 1];
    return bits;
}

// --- Text ---

static int put_string(struct decoder *d, const unsigned char *data, size_t len)
{
    if (!json_utf8_valid((const char *)data, len))
        return avro_fault_set(d->fault, "a string that is not UTF-8, before byte %zu",
                              (size_t)(d->at - d->start));
    json_put_string(d->text, (const char *)data, len);
    return 0;
}

// Appends a string with a character for each byte.
static void put_bytes(struct decoder *d, const unsigned char *data, size_t len)
{
    buf_putc(d->text, '"');
    for (size_t i = 0; i < len; i++) {
        const char two[2] = {(char)(0xc0 | data[i] >> 6), (char)(0x80 | (data[i] & 0x3f))};
        if (data[i] < 0x80)
            json_put_escaped(d->text, (const char *)&data[i], 1);
        else
            buf_append(d->text, two, 2);
    }
    buf_putc(d->text, '"');
}

static void put_special(struct decoder *d, double number)
{
    buf_puts(d->text, isnan(number) ? "\"NaN\"" : number > 0 ? "\"Infinity\"" : "\"-Infinity\"");
}

static int put_integer(struct decoder *d, const struct avro_node *node)
{
    int64_t n;

    if (read_long(d, &n) != 0)
        return -1;
    if (node->type == AVRO_INT && (n < INT32_MIN || n > INT32_MAX))
        return avro_fault_set(d->fault, "an int of %lld, before byte %zu", (long long)n,
                              (size_t)(d->at - d->start));
    if (avro_logical_is_time(node->logical)) {
        size_t before = d->text->len;
        buf_putc(d->text, '"');
        if (avro_logical_put_time(d->text, node->logical, n)) {
            buf_putc(d->text, '"');
            return 0;
        }
        d->text->len = before;
    }
    buf_put_i64(d->text, n);
    return 0;
}

static int put_float(struct decoder *d, const struct avro_node *node)
{
    const unsigned char *data = NULL;

    if (node->type == AVRO_FLOAT) {
        float number;
        if (read_fixed(d, sizeof number, &data) != 0)
            return -1;
        const uint32_t bits = (uint32_t)little_endian(data, sizeof number);
        memcpy(&number, &bits, sizeof number);
        if (isfinite(number))
            json_put_float(d->text, number);
        else
            put_special(d, (double)number);
        return 0;
    }
    double number;
    if (read_fixed(d, sizeof number, &data) != 0)
        return -1;
    const uint64_t bits = little_endian(data, sizeof number);
    memcpy(&number, &bits, sizeof number);
    if (isfinite(number))
        json_put_double(d->text, number);
    else
        put_special(d, number);
    return 0;
}

static int put_boolean(struct decoder *d)
{
    const unsigned char *data = NULL;

    if (read_fixed(d, 1, &data) != 0)
        return -1;
    if (*data > 1)
        return avro_fault_set(d->fault, "a boolean of %u, before byte %zu", *data,
                              (size_t)(d->at - d->start));
    buf_puts(d->text, *data ? "true" : "false");
    return 0;
}

static void put_duration(struct decoder *d, const unsigned char *data)
{
    buf_printf(d->text, "{\"months\":%u,\"days\":%u,\"millis\":%u}",
               (unsigned)little_endian(data, 4), (unsigned)little_endian(data + 4, 4),
               (unsigned)little_endian(data + 8, 4));
}

// Appends bytes, a string or a fixed.
static int put_data(struct decoder *d, const struct avro_node *node)
{
    const size_t before = d->text->len;
    const unsigned char *data = NULL;
    size_t len = node->size;

    if ((node->type == AVRO_FIXED ? read_fixed(d, len, &data) : read_bytes(d, &data, &len)) != 0)
        return -1;
    if (node->type == AVRO_STRING)
        return put_string(d, data, len);
    if (node->logical == AVRO_DURATION) {
        put_duration(d, data);
        return 0;
    }
    if (node->logical == AVRO_UUID || node->logical == AVRO_DECIMAL) {
        bool put = true;
        buf_putc(d->text, '"');
        if (node->logical == AVRO_UUID)
            avro_logical_put_uuid(d->text, data);
        else
            put = avro_logical_put_decimal(d->text, node, data, len);
        buf_putc(d->text, '"');
        if (put)
            return 0;
        d->text->len = before;
    }
    put_bytes(d, data, len);
    return 0;
}

// --- Types ---

static int decode(struct decoder *d, const struct avro_node *node);

static int too_deep(struct decoder *d)
{
    return avro_fault_set(d->fault, "nested more than %d levels deep", JSON_DEPTH_MAX);
}

static int put_enum(struct decoder *d, const struct avro_node *node)
{
    int64_t n;

    if (read_long(d, &n) != 0)
        return -1;
    if (n < 0 || (uint64_t)n >= node->count)
        return avro_fault_set(d->fault, "symbol %lld of %s, which has %zu", (long long)n,
                              node->name.text, node->count);
    buf_append(d->text, node->symbol[n].quoted.data, node->symbol[n].quoted.len);
    return 0;
}

static int put_union(struct decoder *d, const struct avro_node *node)
{
    int64_t n;

    if (read_long(d, &n) != 0)
        return -1;
    if (n < 0 || (uint64_t)n >= node->count)
        return avro_fault_set(d->fault, "branch %lld of a union that has %zu, before byte %zu",
                              (long long)n, node->count, (size_t)(d->at - d->start));
    const struct avro_node *branch = node->inner[n];
    if (!d->options->tagged || branch->type == AVRO_NULL)
        return decode(d, branch);
    if (++d->depth > JSON_DEPTH_MAX)
        return too_deep(d);
    buf_putc(d->text, '{');
    buf_append(d->text, branch->name.quoted.data, branch->name.quoted.len);
    buf_putc(d->text, ':');
    if (decode(d, branch) != 0)
        return -1;
    buf_putc(d->text, '}');
    d->depth--;
    return 0;
}

static int put_record(struct decoder *d, const struct avro_node *node)
{
    buf_putc(d->text, '{');
    for (size_t i = 0; i < node->count; i++) {
        const struct avro_field *field = &node->field[i];
        if (i > 0)
            buf_putc(d->text, ',');
        buf_append(d->text, field->name.quoted.data, field->name.quoted.len);
        buf_putc(d->text, ':');
        if (decode(d, field->node) != 0)
            return avro_fault_in_field(d->fault, field->name.text);
    }
    buf_putc(d->text, '}');
    return 0;
}

// Reads how many items the next block of an array or map has; 0 ends it. After a negative number
// comes the size of the block in bytes.
static int read_block(struct decoder *d, uint64_t *count)
{
    int64_t n, size;

    if (read_long(d, &n) != 0)
        return -1;
    *count = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    return n < 0 ? read_long(d, &size) : 0;
}

static int put_member_name(struct decoder *d)
{
    const unsigned char *data = NULL;
    size_t len;

    if (read_bytes(d, &data, &len) != 0 || put_string(d, data, len) != 0)
        return -1;
    buf_putc(d->text, ':');
    return 0;
}

static int put_items(struct decoder *d, const struct avro_node *node)
{
    const bool map = node->type == AVRO_MAP;
    size_t index = 0;
    uint64_t left;

    buf_putc(d->text, map ? '{' : '[');
    do {
        if (read_block(d, &left) != 0)
            return -1;
        for (uint64_t i = 0; i < left; i++, index++) {
            if (index > 0)
                buf_putc(d->text, ',');
            if ((map && put_member_name(d) != 0) || decode(d, node->inner[0]) != 0)
                return avro_fault_in_item(d->fault, index);
        }
    } while (left > 0);
    buf_putc(d->text, map ? '}' : ']');
    return 0;
}

// Decodes a record, array or map. One may contain itself, and items may take no bytes, so the data
// does not bound how deep and how long the text is.
static int decode_inner(struct decoder *d, const struct avro_node *node)
{
    if (++d->depth > JSON_DEPTH_MAX)
        return too_deep(d);
    int status = node->type == AVRO_RECORD ? put_record(d, node) : put_items(d, node);
    d->depth--;
    return status;
}

static int decode(struct decoder *d, const struct avro_node *node)
{
    if (d->text->len > d->options->most)
        return avro_fault_set(d->fault, "as JSON it is longer than %zu bytes", d->options->most);
    switch (node->type) {
    case AVRO_NULL:
        buf_puts(d->text, "null");
        return 0;
    case AVRO_BOOLEAN:
        return put_boolean(d);
    case AVRO_INT:
    case AVRO_LONG:
        return put_integer(d, node);
    case AVRO_FLOAT:
    case AVRO_DOUBLE:
        return put_float(d, node);
    case AVRO_BYTES:
    case AVRO_STRING:
    case AVRO_FIXED:
        return put_data(d, node);
    case AVRO_ENUM:
        return put_enum(d, node);
    case AVRO_UNION:
        return put_union(d, node);
    default:
        return decode_inner(d, node);
    }
}

int avro_decode(const struct avro_node *root, const void *data, size_t len,
                const struct avro_decode_options *options, struct buf *text,
                struct avro_fault *fault)
{
    const unsigned char *start = data;
    struct decoder d = {start, start, start + len, options, text, fault, 0};

    if (decode(&d, root) != 0)
        return -1;
    if (d.at < d.end)
        return avro_fault_set(fault, "%zu bytes are left over after the value",
                              (size_t)(d.end - d.at));
    return 0;
}
