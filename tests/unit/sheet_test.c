// SPDX-License-Identifier: BSD-2-Clause
//
// sheet: tables for people, and JSON lines for programs.

#include "base/buf.h"
#include "json/sheet.h"
#include "tap.h"

static const char *const columns[] = {"id", "host", "rack", "isr", "main", NULL};

// Prints two rows; the column "rack" has no value.
static void print_rows(struct buf *out, bool json)
{
    static const int32_t ids[] = {1, 20};
    struct sheet s;

    sheet_init(&s, "broker", columns, json);
    sheet_int(&s, 1);
    sheet_text(&s, "kafka-\xC3\xA9");
    sheet_none(&s);
    sheet_ints(&s, ids, 2);
    sheet_flag(&s, true);
    sheet_int(&s, 20);
    sheet_text(&s, "a\n\"\xFF");
    sheet_text(&s, "");
    sheet_ints(&s, ids, 0);
    sheet_flag(&s, false);
    sheet_print(&s, out);
    sheet_release(&s);
}

static void check_text(struct buf *out, const char *want, const char *what)
{
    tap_text(out->data, out->len, want, what);
    buf_clear(out);
}

int main(void)
{
    struct buf out = BUF_INIT;
    struct sheet none;

    print_rows(&out, false);
    check_text(&out,
               "ID  HOST     ISR   MAIN\n"
               " 1  kafka-\xC3\xA9  1,20  yes\n"
               "20  a?\"?     -     -\n",
               "a table is aligned, and leaves out what has no value");
    buf_puts(&out, "above\n");
    print_rows(&out, false);
    tap_ok(strncmp(out.data, "above\n\nID", 9) == 0, "an empty line comes before the next table");
    buf_clear(&out);
    print_rows(&out, true);
    check_text(&out,
               "{\"broker\":{\"id\":1,\"host\":\"kafka-\xC3\xA9\",\"isr\":[1,20],\"main\":true}}\n"
               "{\"broker\":{\"id\":20,\"host\":\"a?\\\"?\",\"isr\":[],\"main\":false}}\n",
               "JSON has a line for each row");
    sheet_init(&none, "broker", columns, false);
    sheet_print(&none, &out);
    tap_int((long long)out.len, 0, "a table without rows is not printed");
    sheet_release(&none);
    buf_release(&out);
    return tap_done();
}
