// SPDX-License-Identifier: BSD-2-Clause
#include "base/utf8.h"

#include <stdint.h>

#include "json/json.h"
#include "tap.h"

// Encodes a number as RFC 3629 says, also those that are not characters.
static size_t encode(uint32_t c, char *to)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    const size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = len - 1; i > 0; i--, c >>= 6)
        to[i] = (char)(0x80 | (c & 0x3f));
    to[0] = (char)(lead[len] | c);
    return len;
}

// Compares with simdjson's judgement.
static void test_all(void)
{
    int wrong = 0;
    char text[4];
    uint32_t found;

    for (uint32_t c = 0; c < 0x200000; c++) {
        const size_t len = encode(c, text);
        const bool valid = json_utf8_valid(text, len);
        wrong += (utf8_decode(text, len, &found) == len) != valid || (valid && found != c);
        wrong += len > 1 && utf8_decode(text, len - 1, &found) != 0;
    }
    tap_int(wrong, 0, "all encoded numbers, and their beginnings, are told apart");
}

static void test_three_bytes(void)
{
    int wrong = 0;
    char text[3];
    uint32_t found;

    for (uint32_t c = 0; c < 0x1000000; c++) {
        text[0] = (char)(c >> 16);
        text[1] = (char)(c >> 8);
        text[2] = (char)c;
        const size_t len = utf8_decode(text, 3, &found);
        wrong += len == 3 ? !json_utf8_valid(text, 3) : len > 3;
    }
    tap_int(wrong, 0, "three bytes are a character only if they are UTF-8");
    tap_int((int64_t)utf8_decode("", 0, &found), 0, "no text begins with no character");
    tap_int((int64_t)utf8_decode("\0x", 2, &found), 1, "NUL is a character");
}

int main(void)
{
    test_all();
    test_three_bytes();
    return tap_done();
}
