// SPDX-License-Identifier: BSD-2-Clause
#include <limits.h>
#include <stdlib.h>

#include "base/buf.h"
#include "tap.h"

static void test_growth(void)
{
    struct buf b = BUF_INIT;
    bool same = true;

    tap_int((int64_t)b.len, 0, "a new buffer is empty");
    for (int i = 0; i < 100000; i++)
        buf_putc(&b, (char)i);
    for (size_t i = 0; i < b.len; i++)
        same = same && b.data[i] == (char)i;
    tap_ok(b.len == 100000 && same, "growing keeps the bytes");
    tap_ok(b.size >= b.len, "the size covers the length");
    for (size_t i = 0; i < BUF_PADDING; i++)
        same = same && b.data[b.size + i] == 0; // the address sanitizer checks these reads
    tap_ok(same, "the padding can be read");
    const char *data = b.data;
    buf_clear(&b);
    buf_append(&b, NULL, 0);
    tap_ok(b.len == 0 && b.data == data, "a cleared buffer keeps its memory");
    buf_release(&b);
    tap_ok(b.data == NULL && b.len == 0 && b.size == 0,
           "a released buffer is empty and owns nothing");
    buf_append(&b, "", 0);
    tap_ok(b.len == 0, "appending no bytes to a new buffer");
    buf_release(&b);
}

static void test_reserve(void)
{
    struct buf b = BUF_INIT;

    buf_puts(&b, "ab");
    buf_reserve(&b, 1000);
    tap_ok(b.size - b.len >= 1000, "buf_reserve() makes room");
    const char *data = b.data;
    for (int i = 0; i < 1000; i++)
        buf_putc(&b, 'x');
    tap_ok(b.data == data, "appending to the reserved room does not move the bytes");
    tap_text(b.data, 3, "abx", "earlier bytes stay");
    buf_release(&b);
}

static void test_numbers(void)
{
    struct buf b = BUF_INIT;

    buf_put_u64(&b, 0);
    buf_putc(&b, ' ');
    buf_put_u64(&b, UINT64_MAX);
    buf_putc(&b, ' ');
    buf_put_i64(&b, INT64_MAX);
    buf_putc(&b, ' ');
    buf_put_i64(&b, INT64_MIN);
    buf_putc(&b, ' ');
    buf_put_i64(&b, -1);
    buf_putc(&b, ' ');
    buf_put_u64(&b, 10);
    tap_text(b.data, b.len, "0 18446744073709551615 9223372036854775807 -9223372036854775808 -1 10",
             "numbers to their limits");
    buf_release(&b);
}

static void test_printf(void)
{
    struct buf b = BUF_INIT;
    char *wide = malloc(5001);

    memset(wide, 'w', 5000);
    wide[5000] = '\0';
    buf_printf(&b, "%s", "");
    tap_int((int64_t)b.len, 0, "printing an empty string");
    buf_printf(&b, "<%s|%5d>", wide, 7);
    tap_ok(b.len == 5008 && memcmp(b.data + 5001, "|    7>", 7) == 0,
           "printing a string longer than the room");
    free(wide);
    buf_release(&b);
}

static void check_base64(const char *bytes, size_t len, const char *wanted)
{
    struct buf b = BUF_INIT;
    char title[64];

    snprintf(title, sizeof title, "base64 of %zu bytes: \"%s\"", len, wanted);
    buf_put_base64(&b, bytes, len);
    tap_text(b.data, b.len, wanted, title);
    buf_release(&b);
}

static void test_base64(void)
{
    // RFC 4648, section 10
    check_base64("", 0, "");
    check_base64("f", 1, "Zg==");
    check_base64("fo", 2, "Zm8=");
    check_base64("foo", 3, "Zm9v");
    check_base64("foob", 4, "Zm9vYg==");
    check_base64("fooba", 5, "Zm9vYmE=");
    check_base64("foobar", 6, "Zm9vYmFy");
    // section 9
    check_base64("\x14\xfb\x9c\x03\xd9\x7e", 6, "FPucA9l+");
    check_base64("\x14\xfb\x9c\x03\xd9", 5, "FPucA9k=");
    check_base64("\x14\xfb\x9c\x03", 4, "FPucAw==");
    check_base64("\0\0\0", 3, "AAAA");
    check_base64("\xff\xff\xff\xff", 4, "/////w==");
}

int main(void)
{
    test_growth();
    test_reserve();
    test_numbers();
    test_printf();
    test_base64();
    return tap_done();
}
