// SPDX-License-Identifier: BSD-2-Clause
#include "stream/reject.h"

#include <string.h>

#include "base/bytes.h"
#include "base/datetime.h"
#include "base/number.h"
#include "json/json.h"
#include "json/json_write.h"
#include "stream/origin.h"

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

    if (line->origin != NULL && line->origin->tombstone) {
        buf_puts(b, ",\"raw\":null");
        return;
    }
    if (cut) {
        json_put_member_bool(b, "truncated", true);
        json_put_member_u64(b, "length", line->full_len);
    }
    // All bytes that were kept, if they are not shown as text.
    origin_put_bytes(b, "raw", line->data, json_utf8_valid(line->data, len) ? len : line->len);
}

// Reads how often the record has been rejected, this time included, and when it was rejected first.
// Headers tell of earlier times.
static void read_attempts(struct origin *origin)
{
    const struct origin_header *attempts = origin_header_find(origin, ORIGIN_ATTEMPTS);
    const struct origin_header *first = origin_header_find(origin, ORIGIN_FIRST);
    int64_t before = 0;
    char text[24];

    origin->first = time_now();
    if (attempts != NULL && attempts->value != NULL && attempts->value_len < sizeof text) {
        memcpy(text, attempts->value, attempts->value_len);
        text[attempts->value_len] = '\0';
        if (number_parse_int(text, &before) != 0 || before < 0 || before >= ORIGIN_ATTEMPTS_MAX)
            before = 0;
    }
    if (first != NULL && first->value != NULL)
        time_parse(first->value, first->value_len, &origin->first);
    origin->attempts = before + 1;
}

void reject_format(struct buf *b, const struct reject *reject, const char *stage,
                   const struct line *line)
{
    struct origin *origin = line->origin;

    buf_puts(b, prefix);
    buf_puts(b, reject->reason);
    buf_putc(b, '"');
    put_text(b, "field", reject->field);
    put_text(b, "stage", stage);
    json_put_member_u64(b, "line", line->number);
    if (origin != NULL) {
        origin_complete(origin);
        origin_put(b, origin);
        if (origin->known && origin->attempts == 0)
            read_attempts(origin);
        if (origin->attempts > 0) {
            json_put_member_i64(b, "attempts", origin->attempts);
            json_put_member_time(b, "first", origin->first);
        }
    }
    put_text(b, "detail", reject->detail);
    put_raw(b, line);
    buf_puts(b, "}\n");
}
