// SPDX-License-Identifier: BSD-2-Clause
#include "stream/reject.h"

#include <string.h>

#include "base/bytes.h"
#include "json/json.h"
#include "json/json_write.h"

static const char prefix[] = "{\"reject\":\"";

bool reject_is(const char *data, size_t len)
{
    return bytes_begin(data, len, prefix);
}

// Appends a member. Its text may be any bytes. Appends nothing if the text is NULL.
static void put_text(struct buf *b, const char *name, const char *text)
{
    if (text != NULL)
        json_put_member_text(b, name, json_utf8_valid(text, strlen(text)) ? text : "(not UTF-8)");
}

// Returns the length without a character at the end that was cut in two.
static size_t whole_characters(const char *data, size_t len)
{
    size_t back = 0;

    while (back < 3 && back < len && ((unsigned char)data[len - 1 - back] & 0xc0) == 0x80)
        back++;
    if (back == len || ((unsigned char)data[len - 1 - back] & 0xc0) != 0xc0)
        return len;
    unsigned char lead = (unsigned char)data[len - 1 - back];
    size_t wanted = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    return back < wanted ? len - 1 - back : len;
}

static void put_raw(struct buf *b, const struct line *line)
{
    bool cut = line->full_len > line->len;
    size_t len = cut ? whole_characters(line->data, line->len) : line->len;

    if (cut) {
        json_put_member_bool(b, "truncated", true);
        json_put_member_u64(b, "length", line->full_len);
    }
    if (json_utf8_valid(line->data, len)) {
        json_put_member_string(b, "raw", line->data, len);
    } else {
        json_put_name(b, "raw_b64");
        buf_putc(b, '"');
        buf_put_base64(b, line->data, line->len);
        buf_putc(b, '"');
    }
}

void reject_format(struct buf *b, const struct reject *reject, const char *stage,
                   const struct line *line)
{
    const struct line_origin *origin = line->origin;

    buf_puts(b, prefix);
    buf_puts(b, reject->reason);
    buf_putc(b, '"');
    put_text(b, "field", reject->field);
    put_text(b, "stage", stage);
    json_put_member_u64(b, "line", line->number);
    if (origin != NULL) {
        put_text(b, "topic", origin->topic);
        json_put_member_i64(b, "partition", origin->partition);
        json_put_member_i64(b, "offset", origin->offset);
    }
    put_text(b, "detail", reject->detail);
    put_raw(b, line);
    buf_puts(b, "}\n");
}
