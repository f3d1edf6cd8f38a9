// SPDX-License-Identifier: BSD-2-Clause
#include "stream/origin.h"

#include <string.h>

#include "base/bytes.h"
#include "json/json.h"
#include "json/json_write.h"

void origin_complete(struct origin *origin)
{
    if (origin->complete != NULL)
        origin->complete(origin);
    origin->complete = NULL;
}

const struct origin_header *origin_header_find(const struct origin *origin, const char *name)
{
    for (size_t i = origin->header_count; i > 0; i--) {
        const struct origin_header *header = &origin->header[i - 1];
        if (bytes_are(header->name, header->name_len, name))
            return header;
    }
    return NULL;
}

static void put_base64(struct buf *b, const char *data, size_t len)
{
    buf_putc(b, '"');
    buf_put_base64(b, data, len);
    buf_putc(b, '"');
}

void origin_put_bytes(struct buf *b, const char *name, const char *data, size_t len)
{
    json_put_comma(b);
    buf_printf(b, "\"%s%s\":", name, data == NULL || json_utf8_valid(data, len) ? "" : "_b64");
    if (data == NULL)
        buf_puts(b, "null");
    else if (json_utf8_valid(data, len))
        json_put_string(b, data, len);
    else
        put_base64(b, data, len);
}

// Appends an element of a header: its name or its value.
static void put_element(struct buf *b, const char *data, size_t len)
{
    if (data == NULL) {
        buf_puts(b, "null");
    } else if (json_utf8_valid(data, len)) {
        json_put_string(b, data, len);
    } else {
        buf_puts(b, "{\"b64\":");
        put_base64(b, data, len);
        buf_putc(b, '}');
    }
}

static void put_headers(struct buf *b, const struct origin *origin)
{
    json_put_name(b, "headers");
    buf_putc(b, '[');
    for (size_t i = 0; i < origin->header_count; i++) {
        const struct origin_header *header = &origin->header[i];
        buf_puts(b, i == 0 ? "[" : ",[");
        put_element(b, header->name, header->name_len);
        buf_putc(b, ',');
        put_element(b, header->value, header->value_len);
        buf_putc(b, ']');
    }
    buf_putc(b, ']');
}

static void put_key(struct buf *b, const struct origin *origin)
{
    if (!origin->key_is_json) {
        origin_put_bytes(b, "key", origin->key, origin->key_len);
        return;
    }
    json_put_name(b, "key");
    buf_append(b, origin->key, origin->key_len);
}

void origin_put(struct buf *b, const struct origin *origin)
{
    if (origin->topic != NULL)
        json_put_member_string(b, "topic", origin->topic, origin->topic_len);
    if (origin->partition != ORIGIN_UNKNOWN)
        json_put_member_i64(b, "partition", origin->partition);
    if (origin->offset != ORIGIN_UNKNOWN)
        json_put_member_i64(b, "offset", origin->offset);
    if (!origin->known)
        return;
    if (origin->time_type != ORIGIN_NO_TIME) {
        json_put_member_i64(b, "ts", origin->ts);
        json_put_member_text(b, "tstype",
                             origin->time_type == ORIGIN_CREATED ? "create" : "logappend");
    }
    put_key(b, origin);
    put_headers(b, origin);
}
