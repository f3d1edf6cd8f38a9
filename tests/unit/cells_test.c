// SPDX-License-Identifier: BSD-2-Clause
#include "view/cells.h"

#include <locale.h>
#include <stdint.h>
#include <wchar.h>

#include "tap.h"

// Checks what a text becomes, and how many columns that takes.
static void check(const char *text, size_t len, size_t width, const char *wanted, size_t columns,
                  const char *title)
{
    struct buf b = BUF_INIT;
    size_t used = cells_put(&b, text, len, width, true);

    tap_text(b.data, b.len, wanted, title);
    if (used != columns)
        tap_int((int64_t)used, (int64_t)columns, "... and its columns");
    buf_release(&b);
}

#define CHECK(text, width, wanted, columns, title)                                                 \
    check(text, sizeof(text) - 1, width, wanted, columns, title)

static void check_escapes(void)
{
    CHECK("plain", 80, "plain", 5, "plain text stays as it is");
    CHECK("", 80, "", 0, "no text takes no column");
    CHECK("a\x1b[2Jb", 80, "a\\x1b[2Jb", 9, "an escape sequence is shown");
    CHECK("a\0b\tc\nd\x7f", 80, "a\\x00b\\x09c\\x0ad\\x7f", 20, "so are control characters");
    CHECK("\xc2\x9b"
          "31m",
          80, "\\u{9b}31m", 9, "so are the control characters of ISO 6429 with 8 bits");
    CHECK("a\xff\xc3(", 80, "a\\xff\\xc3(", 10, "bytes that are not UTF-8 are shown");
    CHECK("\xc0\xaf", 80, "\\xc0\\xaf", 8, "an encoding that is too long is not UTF-8");
    CHECK("\xed\xa0\x80", 80, "\\xed\\xa0\\x80", 12, "a surrogate is not UTF-8");
    CHECK("\xf4\x90\x80\x80", 80, "\\xf4\\x90\\x80\\x80", 16,
          "nor is a number above all characters");
    CHECK("\xe2\x82", 80, "\\xe2\\x82", 8, "nor is half a character");
    CHECK("\u202eabc", 80, "\\u{202e}abc", 11, "a right-to-left override is shown");
    CHECK("\u2066\u2028\ufeff\u200b\u200d", 80, "\\u{2066}\\u{2028}\\u{feff}\\u{200b}\\u{200d}", 40,
          "so are isolates, separators, and characters of no width");
    CHECK("\U000e0041", 80, "\\u{e0041}", 9, "so are invisible tags");
    CHECK("\u05d0\u0628", 80, "\u05d0\u0628", 2, "letters that run right to left stay");
}

static void check_widths(void)
{
    CHECK("日本", 80, "日本", 4, "a wide character takes two columns");
    CHECK("日本", 3, "日…", 3, "a text that is too wide is cut");
    CHECK("日本", 2, "…", 1, "a wide character is not cut in two");
    CHECK("日", 2, "日", 2, "a text that just fits is not cut");
    CHECK("e\u0301x", 80, "e\u0301x", 2, "a combining mark takes no column");
    CHECK("e\u0301xy", 2, "e\u0301…", 2, "a mark stays with its character");
    CHECK("\u0301x", 80, "\\u{301}x", 8, "a mark without a character is shown");
    CHECK("e\u0301\u0301\u0301\u0301\u0301", 80, "e\u0301\u0301\u0301\u0301\\u{301}", 8,
          "so is the fifth mark on a character");
    CHECK("ab\x1b", 5, "ab…", 3, "an escape is not cut in two");
    CHECK("abc", 0, "", 0, "no columns hold no text");
    CHECK("abc", 1, "…", 1, "one column holds the ellipsis");
}

static void check_ascii(void)
{
    struct buf b = BUF_INIT;

    tap_int((int64_t)cells_put(&b, "Zoë", 4, 80, false), 8, "without UTF-8");
    tap_text(b.data, b.len, "Zo\\u{eb}", "... all characters beyond ASCII are shown");
    buf_clear(&b);
    cells_put(&b, "abcdef", 6, 4, false);
    tap_text(b.data, b.len, "abc~", "... and the ellipsis is ASCII");
    buf_release(&b);
}

// The columns of what cells_put() has written, as wcwidth(3) has them; or -1 if a character is not
// printable, or a byte is not UTF-8.
static int measure(const struct buf *b)
{
    mbstate_t state = {0};
    int width = 0;

    for (size_t at = 0; at < b->len;) {
        wchar_t c;
        size_t count = mbrtowc(&c, b->data + at, b->len - at, &state);
        if (count == 0 || count > 4 || wcwidth(c) < 0)
            return -1;
        width += wcwidth(c);
        at += count;
    }
    return width;
}

// Random bytes, with many of the kinds that matter.
static void check_random(void)
{
    static const char *const pieces[] = {"a",    "日",     "\u0301", "\x1b", "\xff", "\u202e",
                                         "\xe2", "\u200d", "…",      "é",    "\n",   "\U0001f600"};
    struct buf text = BUF_INIT, shown = BUF_INIT;
    uint32_t seed = 1;
    int wrong = 0;

    for (int i = 0; i < 20000; i++) {
        buf_clear(&text);
        buf_clear(&shown);
        for (int j = 0; j < 8; j++) {
            seed = seed * 1664525 + 1013904223;
            if (seed >> 30 == 0)
                buf_putc(&text, (char)(seed >> 16));
            else
                buf_puts(&text, pieces[(seed >> 16) % (sizeof pieces / sizeof *pieces)]);
        }
        size_t width = (seed >> 8) % 24;
        size_t used = cells_put(&shown, text.data, text.len, width, true);
        wrong += used > width || measure(&shown) != (int)used;
        wrong += cells_width(text.data, text.len, width, true) < used;
    }
    tap_int(wrong, 0, "random bytes take the columns that are returned, and no more");
    buf_release(&text);
    buf_release(&shown);
}

int main(void)
{
    tap_ok(setlocale(LC_CTYPE, "C.UTF-8") != NULL && cells_have_utf8(), "the locale has UTF-8");
    check_escapes();
    check_widths();
    check_ascii();
    check_random();
    return tap_done();
}
