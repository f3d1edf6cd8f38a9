// SPDX-License-Identifier: BSD-2-Clause
#include "view/html.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "base/datetime.h"

static void put_character(struct buf *b, const char *text, size_t len)
{
    switch (*text) {
    case '&':
        buf_puts(b, "&amp;");
        break;
    case '<':
        buf_puts(b, "&lt;");
        break;
    case '>':
        buf_puts(b, "&gt;");
        break;
    case '"':
        buf_puts(b, "&quot;");
        break;
    case '\'':
        buf_puts(b, "&#39;");
        break;
    default:
        buf_append(b, text, len);
    }
}

// Returns the number of bytes of a character, by its first byte.
static size_t length_of(const char *text, size_t len)
{
    unsigned char c = (unsigned char)*text;
    size_t n = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

    return n < len ? n : len;
}

static uint32_t number_of(const char *text, size_t len)
{
    static const unsigned char mask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t number = (unsigned char)text[0] & mask[len];

    for (size_t i = 1; i < len; i++)
        number = number << 6 | ((unsigned char)text[i] & 0x3f);
    return number;
}

// Returns whether a character cannot be seen, or changes how others are shown.
static bool is_hidden(uint32_t c)
{
    static const uint32_t ranges[][2] = {
        {0x0000, 0x001f}, {0x007f, 0x009f},   {0x00ad, 0x00ad},   {0x034f, 0x034f},
        {0x061c, 0x061c}, {0x115f, 0x1160},   {0x17b4, 0x17b5},   {0x180b, 0x180f},
        {0x200b, 0x200f}, {0x2028, 0x202e},   {0x2060, 0x206f},   {0x3164, 0x3164},
        {0xfdd0, 0xfdef}, {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffb},
        {0xfffe, 0xffff}, {0x1bca0, 0x1bca3}, {0xe0000, 0xe0fff},
    };

    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        if (c >= ranges[i][0] && c <= ranges[i][1])
            return true;
    }
    return (c & 0xfffe) == 0xfffe;
}

static void put_hidden(struct buf *b, uint32_t c)
{
    if (c < 0x20)
        buf_printf(b, "\xE2\x90%c", (char)(0x80 + c)); // the sign for it, from U+2400
    else
        buf_printf(b, "\xE2\x9F\xA8U+%04X\xE2\x9F\xA9", (unsigned)c);
}

void html_put_text(struct buf *b, const char *text)
{
    html_put_value(b, (struct value_text){text, strlen(text)}, SIZE_MAX);
}

void html_put_value(struct buf *b, struct value_text value, size_t most)
{
    const char *at = value.data, *end = value.data + value.len;

    if (value.len == 0)
        buf_puts(b, "(empty)");
    for (size_t n = 0; at < end; n++) {
        if (n == most) {
            buf_puts(b, "\xE2\x80\xA6");
            return;
        }
        size_t len = length_of(at, (size_t)(end - at));
        uint32_t c = number_of(at, len);
        if (is_hidden(c))
            put_hidden(b, c);
        else
            put_character(b, at, len);
        at += len;
    }
}

size_t html_characters(struct value_text text)
{
    size_t n = 0;

    for (size_t i = 0; i < text.len; i++)
        n += ((unsigned char)text.data[i] & 0xc0) != 0x80;
    return n;
}

void html_put_bdi(struct buf *b, struct value_text value, size_t most)
{
    buf_puts(b, "<bdi");
    if (html_characters(value) > most) {
        buf_puts(b, " title=\"");
        html_put_value(b, value, 300);
        buf_putc(b, '"');
    }
    buf_putc(b, '>');
    html_put_value(b, value, most);
    buf_puts(b, "</bdi>");
}

void html_put_share(struct buf *b, uint64_t part, uint64_t whole)
{
    double share = whole == 0 ? 0 : 100 * (double)part / (double)whole;

    if (part > 0 && share < 0.05)
        buf_puts(b, "&lt;0.1 %");
    else
        buf_printf(b, "%.1f %%", share);
}

static struct tm fields_of(int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000 - (ms % 1000 < 0));
    struct tm tm = {0};

    gmtime_r(&seconds, &tm);
    return tm;
}

static void put_date(struct buf *b, const struct tm *tm)
{
    buf_printf(b, "%04d-%02d-%02d", tm->tm_year + 1900, tm->tm_mon + 1, tm->tm_mday);
}

static void put_clock(struct buf *b, const struct tm *tm)
{
    buf_printf(b, "%02d:%02d", tm->tm_hour, tm->tm_min);
    if (tm->tm_sec != 0)
        buf_printf(b, ":%02d", tm->tm_sec);
}

void html_put_moment(struct buf *b, int64_t ms, bool day)
{
    struct tm tm = fields_of(ms);

    put_date(b, &tm);
    if (day && ms % MS_DAY == 0)
        return;
    buf_putc(b, ' ');
    put_clock(b, &tm);
}

void html_put_span(struct buf *b, int64_t start, int64_t end)
{
    if (start % MS_DAY == 0 && end % MS_DAY == 0 && end > start) {
        html_put_moment(b, start, true);
        if (end - start > MS_DAY) {
            buf_puts(b, " to ");
            html_put_moment(b, end - MS_DAY, true);
        }
        return;
    }
    html_put_moment(b, start, false);
    buf_puts(b, " to ");
    bool midnight = end % MS_DAY == 0; // written as 24:00 of the day before
    struct tm last = fields_of(midnight ? end - MS_DAY : end), first = fields_of(start);
    if (first.tm_yday != last.tm_yday || first.tm_year != last.tm_year) {
        put_date(b, &last);
        buf_putc(b, ' ');
    }
    if (midnight)
        buf_puts(b, "24:00");
    else
        put_clock(b, &last);
}

void html_put_counted(struct buf *b, uint64_t n, const char *one, const char *many)
{
    buf_put_grouped(b, n);
    buf_printf(b, " %s", n == 1 ? one : many);
}
