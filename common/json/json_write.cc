// SPDX-License-Identifier: BSD-2-Clause
#include <charconv>
#include <cstring>

extern "C" {
#include "base/buf.h"
#include "base/datetime.h"
}
#include "json/json_write.h"

void json_put_escaped(struct buf *b, const char *data, size_t len)
{
    static const char hex[] = "0123456789abcdef";
    size_t plain = 0; // start of the run not yet appended

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)data[i];
        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
            continue;
        buf_append(b, data + plain, i - plain);
        plain = i + 1;
        switch (c) {
        case '"':
            buf_puts(b, "\\\"");
            break;
        case '\\':
            buf_puts(b, "\\\\");
            break;
        case '\n':
            buf_puts(b, "\\n");
            break;
        case '\r':
            buf_puts(b, "\\r");
            break;
        case '\t':
            buf_puts(b, "\\t");
            break;
        default: {
            char escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
            buf_append(b, escape, sizeof escape);
        }
        }
    }
    buf_append(b, data + plain, len - plain);
}

void json_put_string(struct buf *b, const char *data, size_t len)
{
    buf_reserve(b, len + 2);
    buf_putc(b, '"');
    json_put_escaped(b, data, len);
    buf_putc(b, '"');
}

void json_put_double(struct buf *b, double number)
{
    char text[40];
    auto result = std::to_chars(text, text + sizeof text, number);
    buf_append(b, text, (size_t)(result.ptr - text));
}

void json_put_float(struct buf *b, float number)
{
    char text[40];
    auto result = std::to_chars(text, text + sizeof text, number);
    buf_append(b, text, (size_t)(result.ptr - text));
}

void json_put_time(struct buf *b, int64_t ms)
{
    buf_putc(b, '"');
    time_format(b, ms);
    buf_putc(b, '"');
}

void json_put_comma(struct buf *b)
{
    // No value ends with an opening bracket. So after one, there is no member or element yet.
    if (b->len > 0 && b->data[b->len - 1] != '{' && b->data[b->len - 1] != '[')
        buf_putc(b, ',');
}

void json_put_key(struct buf *b, const struct json_key *key)
{
    json_put_comma(b);
    json_put_string(b, key->name, key->len);
    buf_putc(b, ':');
}

void json_put_name(struct buf *b, const char *name)
{
    const struct json_key key = {name, strlen(name)};

    json_put_key(b, &key);
}

void json_put_member_string(struct buf *b, const char *name, const char *data, size_t len)
{
    json_put_name(b, name);
    json_put_string(b, data, len);
}

void json_put_member_text(struct buf *b, const char *name, const char *text)
{
    json_put_member_string(b, name, text, strlen(text));
}

void json_put_member_u64(struct buf *b, const char *name, uint64_t n)
{
    json_put_name(b, name);
    buf_put_u64(b, n);
}

void json_put_member_i64(struct buf *b, const char *name, int64_t n)
{
    json_put_name(b, name);
    buf_put_i64(b, n);
}

void json_put_member_bool(struct buf *b, const char *name, bool value)
{
    json_put_name(b, name);
    buf_puts(b, value ? "true" : "false");
}

void json_put_member_time(struct buf *b, const char *name, int64_t ms)
{
    json_put_name(b, name);
    json_put_time(b, ms);
}
