// SPDX-License-Identifier: BSD-2-Clause
#include "base/escape.h"

#include <string.h>

#include "tap.h"

static void means(const char *text, const char *wanted, size_t len, const char *title)
{
    struct buf b = BUF_INIT;
    struct err err;

    if (escape_put(&b, text, strlen(text), &err) != 0)
        tap_ok(false, "%s", title);
    else
        tap_bytes(b.data, b.len, wanted, len, title);
    buf_release(&b);
}

static void refused(const char *text, const char *why)
{
    struct buf b = BUF_INIT;
    struct err err = {0};

    tap_ok(escape_put(&b, text, strlen(text), &err) == -1 && err.status == EX_USAGE,
           "'%s' is refused", text);
    tap_text(err.text, strlen(err.text), why, "the message says why");
    buf_release(&b);
}

int main(void)
{
    struct buf b = BUF_INIT;
    struct err err;

    means("", "", 0, "an empty text is empty");
    means("a\\nb\\r\\t", "a\nb\r\t", 5, "letters stand for control characters");
    means("\\x41\\x4a\\x4A\\x0", "AJJ\0", 4, "hexadecimal numbers are bytes");
    means("\\x041", "\0041", 2, "a hexadecimal number has two digits at most");
    means("\\65\\10\\255", "A\n\xff", 3, "a decimal number is a byte");
    means("\\065\\012\\0377", "5\n\xff", 3, "a number with a leading zero is octal");
    means("\\0", "\0", 1, "a zero is a NUL byte");
    means("\\0101\\1234", "A{4", 3, "what follows the most digits is text");
    means("\\09", "\0009", 2, "a digit that is not octal is text");
    means("\\P\\\\\\%", "P\\%", 3, "other characters stand for themselves");
    means("a\\", "a\\", 2, "a last backslash stands for itself");
    means("\\\xc3\xa4", "\xc3\xa4", 2, "so do the bytes of UTF-8");
    refused("\\x", "\\x needs one or two hexadecimal digits");
    refused("\\xg0", "\\x needs one or two hexadecimal digits");
    refused("\\256", "'\\256' is not a byte: it is above 255");
    refused("\\0400", "'\\0400' is not a byte: it is above 255");
    tap_ok(escape_put(&b, "ab\\ncd", 4, &err) == 0 && b.len == 3, "only `len` bytes are read");
    buf_release(&b);
    return tap_done();
}
