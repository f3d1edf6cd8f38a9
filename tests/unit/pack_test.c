// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/pack.h"

#include <string.h>

#include "tap.h"

static void prints(const char *format, const char *data, size_t len, const char *wanted,
                   const char *title)
{
    struct buf out = BUF_INIT;
    struct err err;

    if (pack_check(format, &err) != 0 || pack_put(format, data, len, &out, &err) != 0)
        tap_ok(false, "%s: %s", title, err.text);
    else
        tap_text(out.data, out.len, wanted, title);
    buf_release(&out);
}

static void does_not_fit(const char *format, const char *data, size_t len, const char *why)
{
    struct buf out = BUF_INIT;
    struct err err = {0};

    buf_puts(&out, "before");
    tap_ok(pack_put(format, data, len, &out, &err) == -1 && err.status == EX_DATAERR,
           "%zu bytes do not fit '%s'", len, format);
    tap_text(err.text, strlen(err.text), why, "the message says where and why");
    tap_text(out.data, out.len, "before", "nothing is appended");
    buf_release(&out);
}

static void refused(const char *format, const char *why)
{
    struct err err = {0};

    tap_ok(pack_check(format, &err) == -1 && err.status == EX_USAGE, "'%s' is refused", format);
    tap_text(err.text, strlen(err.text), why, "the message says why");
}

int main(void)
{
    static const char ones[8] = "\xff\xff\xff\xff\xff\xff\xff\xff";
    static const char low[8] = "\x80\0\0\0\0\0\0\1";

    prints("b B", ones, 2, "-1 255", "an integer of 8 bits has a sign or not");
    prints("h H", ones, 4, "-1 65535", "so has one of 16 bits");
    prints("i", ones, 4, "-1", "so has one of 32 bits");
    prints("I", ones, 4, "4294967295", "... without a sign");
    prints("q", ones, 8, "-1", "so has one of 64 bits");
    prints("Q", ones, 8, "18446744073709551615", "... without a sign");
    prints("q", low, 8, "-9223372036854775807", "the first byte is the highest");
    prints("<q", low, 8, "72057594037928064", "after < it is the lowest");
    prints("<h>h h", "\1\0\0\1\0\2", 6, "11 2", "> ends what < began");
    prints("<i", "\xfe\xff\xff\xff", 4, "-2", "a sign is found in either order");
    prints("hB s", "\1\0\7text\0x", 7, "2567 text", "a space is printed, and s is what is left");
    prints("ccs$", "ab", 2, "ab", "s may be empty");
    prints("b", "\1\2\3", 3, "1", "without $, what is left is not printed");
    prints("i$", "\0\0\0\7", 4, "7", "at the end, $ is content");
    prints("$", "", 0, "", "no data fits $");
    prints("s", "a\nb", 3, "a\nb", "text is printed as it is");
    does_not_fit("i$", "\0\0\0\7\1", 5, "at byte 4: '$' needs the end, but 1 bytes are left");
    does_not_fit("bi", "\0\0\0\7", 4, "at byte 1: 'i' needs 4 bytes, but only 3 are left");
    does_not_fit("c", "", 0, "at byte 0: 'c' needs 1 bytes, but only 0 are left");
    refused("", "the format is empty");
    refused("bx", "'x' in 'bx' is unknown; known are < > b B h H i I q Q c s $ and space");
    return tap_done();
}
