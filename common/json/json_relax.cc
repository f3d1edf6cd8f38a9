// SPDX-License-Identifier: BSD-2-Clause
#include <cfloat>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

extern "C" {
#include "base/buf.h"
#include "base/xalloc.h"
}
#include "json/json_relax.h"

size_t json_number_length(const char *text, const char *end)
{
    const char *at = text;
    auto digits = [&] {
        const char *from = at;
        while (at < end && *at >= '0' && *at <= '9')
            at++;
        return at - from;
    };

    if (at < end && *at == '-')
        at++;
    if (at < end && *at == '0')
        at++;
    else if (digits() == 0)
        return 0;
    if (at < end && *at == '.') {
        at++;
        if (digits() == 0)
            return 0;
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        if (digits() == 0)
            return 0;
    }
    return (size_t)(at - text);
}

// Returns whether simdjson accepts the number: an integer of at most 64 bits, or a double in range.
static bool is_representable(const char *text, size_t len)
{
    const char *end = text + len;
    int64_t integer;
    uint64_t uinteger;
    double fraction;

    for (const char *at = text; at < end; at++) {
        if (*at == '.' || *at == 'e' || *at == 'E')
            return std::from_chars(text, end, fraction).ec == std::errc();
    }
    return std::from_chars(text, end, integer).ec == std::errc() ||
           std::from_chars(text, end, uinteger).ec == std::errc();
}

// Appends the nearest finite double. Writes it with an exponent, so that it is parsed as a double.
static void put_nearest_double(struct buf *b, const char *text, size_t len)
{
    char *number = xstrndup(text, len);
    double value = strtod(number, nullptr);

    free(number);
    if (std::isinf(value))
        value = value < 0 ? -DBL_MAX : DBL_MAX;
    char digits[40];
    int n = snprintf(digits, sizeof digits, "%.17e", value);
    buf_append(b, digits, (size_t)n);
}

// Returns the UTF-16 unit of the escape \uXXXX at the start of the text, or -1 if there is none.
static int hex4(const char *text, const char *end)
{
    unsigned unit;

    if (end - text < 6 || text[0] != '\\' || text[1] != 'u')
        return -1;
    auto result = std::from_chars(text + 2, text + 6, unit, 16);
    return result.ec == std::errc() && result.ptr == text + 6 ? (int)unit : -1;
}

// Appends the string at the start of the text, quotes included, with U+FFFD for lone surrogates.
// Returns the length of the original string. Copies other errors in the string.
static size_t copy_string(struct buf *b, const char *text, const char *end)
{
    const char *at = text + 1;

    buf_putc(b, '"');
    while (at < end && *at != '"') {
        int unit = *at == '\\' ? hex4(at, end) : -1;
        size_t take = *at == '\\' && end - at > 1 ? 2 : 1;
        if (unit >= 0xd800 && unit < 0xdc00) {
            int low = end - at > 6 ? hex4(at + 6, end) : -1;
            if (low >= 0xdc00 && low < 0xe000) {
                take = 12;
                unit = -1;
            }
        }
        if (unit >= 0xd800 && unit < 0xe000) {
            buf_puts(b, "\\ufffd");
            at += 6;
            continue;
        }
        buf_append(b, at, take);
        at += take;
    }
    if (at < end) {
        buf_putc(b, '"');
        at++;
    }
    return (size_t)(at - text);
}

void json_relax(struct buf *b, const char *text, size_t len)
{
    const char *end = text + len;

    buf_reserve(b, len);
    for (const char *at = text; at < end;) {
        size_t number;
        if (*at == '"') {
            at += copy_string(b, at, end);
        } else if ((number = json_number_length(at, end)) > 0) {
            if (is_representable(at, number))
                buf_append(b, at, number);
            else
                put_nearest_double(b, at, number);
            at += number;
        } else {
            buf_putc(b, *at++);
        }
    }
}
