// SPDX-License-Identifier: BSD-2-Clause
//
// html: text, numbers and times in a page.

#include <stdlib.h>

#include "base/datetime.h"
#include "tap.h"
#include "view/html.h"

static void check_value(const char *data, size_t len, size_t most, const char *want,
                        const char *title)
{
    struct buf b = BUF_INIT;

    html_put_value(&b, (struct value_text){data, len}, most);
    tap_text(b.data, b.len, want, title);
    buf_release(&b);
}

static void check_number(uint64_t n, const char *want)
{
    struct buf b = BUF_INIT;

    buf_put_grouped(&b, n);
    tap_text(b.data, b.len, want, want);
    buf_release(&b);
}

static int64_t at(const char *text)
{
    int64_t ms = 0;

    if (time_parse(text, strlen(text), &ms) != 0)
        abort();
    return ms;
}

static void check_span(const char *start, const char *end, const char *want)
{
    struct buf b = BUF_INIT;

    html_put_span(&b, at(start), at(end));
    tap_text(b.data, b.len, want, want);
    buf_release(&b);
}

static void check_share(uint64_t part, uint64_t whole, const char *want)
{
    struct buf b = BUF_INIT;

    html_put_share(&b, part, whole);
    tap_text(b.data, b.len, want, want);
    buf_release(&b);
}

int main(void)
{
    check_value("<a href=\"x\" id='y'>&amp;", 24, 99,
                "&lt;a href=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;", "markup is escaped");
    check_value("a\0\x1b\x7f", 4, 99, "a\xE2\x90\x80\xE2\x90\x9B\xE2\x9F\xA8U+007F\xE2\x9F\xA9",
                "control characters are shown");
    check_value("\xE2\x80\xAE\xF3\xA0\x81\x81", 7, 99,
                "\xE2\x9F\xA8U+202E\xE2\x9F\xA9\xE2\x9F\xA8U+E0041\xE2\x9F\xA9",
                "so are those that change the direction, and those without width");
    check_value("\xC3\x9F\xE6\xBC\xA2\xF0\x9F\x99\x82", 9, 99,
                "\xC3\x9F\xE6\xBC\xA2\xF0\x9F\x99\x82", "other characters stay");
    check_value("\xC3\x9F\xC3\x9F\xC3\x9F", 6, 2, "\xC3\x9F\xC3\x9F\xE2\x80\xA6",
                "a long value is cut between characters");
    check_value("\xC3\x9F\xC3\x9F", 4, 2, "\xC3\x9F\xC3\x9F",
                "a value of the highest length is not");
    check_value("", 0, 2, "(empty)", "an empty value is named");
    check_value("\xE2\x80", 2, 9, "\xE2\x9F\xA8U+0080\xE2\x9F\xA9",
                "half a character at the end is harmless");
    check_number(0, "0");
    check_number(999, "999");
    check_number(1000, "1,000");
    check_number(1234567, "1,234,567");
    check_number(UINT64_MAX, "18,446,744,073,709,551,615");
    check_span("2023-09-12T00:00:00Z", "2023-09-12T01:00:00Z", "2023-09-12 00:00 to 01:00");
    check_span("2023-09-12T23:00:00Z", "2023-09-13T00:00:00Z", "2023-09-12 23:00 to 24:00");
    check_span("2023-09-12T23:30:00Z", "2023-09-13T00:30:05Z",
               "2023-09-12 23:30 to 2023-09-13 00:30:05");
    check_span("2023-09-12T00:00:00Z", "2023-09-13T00:00:00Z", "2023-09-12");
    check_span("2023-09-12T00:00:00Z", "2023-09-19T00:00:00Z", "2023-09-12 to 2023-09-18");
    check_span("2023-09-12T06:00:00Z", "2023-09-14T00:00:00Z",
               "2023-09-12 06:00 to 2023-09-13 24:00");
    check_span("1969-12-31T23:59:30Z", "1970-01-01T00:00:30Z",
               "1969-12-31 23:59:30 to 1970-01-01 00:00:30");
    struct buf b = BUF_INIT;
    html_put_moment(&b, INT64_MIN, false);
    html_put_moment(&b, INT64_MAX, true);
    tap_ok(b.len > 0, "any moment can be written");
    buf_release(&b);
    check_share(1, 3, "33.3 %");
    check_share(0, 0, "0.0 %");
    check_share(1, 100000, "&lt;0.1 %");
    return tap_done();
}
