// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/value.h"

#include <string.h>

void value_release(struct value *value)
{
    buf_release(&value->text);
}

void value_read(struct value *value, const rd_kafka_message_t *message, uint64_t max_line,
                struct line *line)
{
    static const char tombstone[] = "null";
    bool is_null = message->payload == NULL;
    size_t full_len = is_null ? sizeof tombstone - 1 : message->len;
    size_t len = full_len > max_line && full_len > LINE_KEEP ? LINE_KEEP : full_len;
    struct buf *b = &value->text;

    buf_clear(b);
    buf_reserve(b, len + 1);
    buf_append(b, is_null ? tombstone : message->payload, len);
    value->has_newline = memchr(b->data, '\n', len) != NULL;
    *line = (struct line){.data = b->data, .len = len, .full_len = full_len};
}

size_t value_join_lines(struct value *value, const struct line *line)
{
    char *data = value->text.data;
    size_t len = line->len;

    if (line->data != data)
        return len;
    for (size_t i = 0; i < len; i++) {
        if (data[i] == '\n' || data[i] == '\r')
            data[i] = ' ';
    }
    while (data[len - 1] == ' ' || data[len - 1] == '\t')
        len--;
    return len;
}
