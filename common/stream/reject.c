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

static void put_text(struct buf *b, const char *name, const char *text)
{
    if (text == NULL)
        return;
    size_t len = strlen(text);
    buf_printf(b, ",\"%s\":", name);
    if (json_utf8_valid(text, len))
        json_put_string(b, text, len);
    else
        buf_puts(b, "\"(not UTF-8)\"");
}

// A cut line may end within a character; what is left of that one is dropped.
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

    if (cut)
        buf_printf(b, ",\"truncated\":true,\"length\":%zu", line->full_len);
    if (json_utf8_valid(line->data, len)) {
        buf_puts(b, ",\"raw\":");
        json_put_string(b, line->data, len);
    } else {
        buf_puts(b, ",\"raw_b64\":\"");
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
    buf_puts(b, ",\"line\":");
    buf_put_u64(b, line->number);
    if (origin != NULL) {
        put_text(b, "topic", origin->topic);
        buf_printf(b, ",\"partition\":%d,\"offset\":%lld", (int)origin->partition,
                   (long long)origin->offset);
    }
    put_text(b, "detail", reject->detail);
    put_raw(b, line);
    buf_puts(b, "}\n");
}
