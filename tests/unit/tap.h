// SPDX-License-Identifier: BSD-2-Clause
//
// tap: the checks of a unit test. Each check prints one line of the Test Anything Protocol. This is
// a whole test:
//
//     #include "base/datetime.h"
//     #include "tap.h"
//
//     int main(void)
//     {
//         int64_t ms = 0;
//
//         tap_ok(duration_parse("1m", &ms) == 0, "1m is a duration");
//         tap_int(ms, 60000, "a minute has 60,000 ms");
//         return tap_done();
//     }
#ifndef TESTS_UNIT_TAP_H
#define TESTS_UNIT_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int tap_count, tap_failures;

__attribute__((format(printf, 2, 3))) static inline bool tap_ok(bool passed, const char *fmt, ...)
{
    va_list ap;

    printf("%sok %d - ", passed ? "" : "not ", ++tap_count);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
    fflush(stdout); // the next check may crash
    tap_failures += !passed;
    return passed;
}

static inline void tap_int(int64_t got, int64_t wanted, const char *title)
{
    if (!tap_ok(got == wanted, "%s", title))
        printf("# wanted %lld, got %lld\n", (long long)wanted, (long long)got);
}

// Prints the data, with bytes that are not printable as hexadecimal numbers.
static inline void tap_show(const char *what, const char *data, size_t len)
{
    printf("# %s: ", what);
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)data[i];
        if (c < 0x20 || c > 0x7e)
            printf("<%02x>", c);
        else
            putchar(c);
    }
    putchar('\n');
}

static inline void tap_bytes(const char *got, size_t got_len, const char *wanted, size_t wanted_len,
                             const char *title)
{
    if (tap_ok(got_len == wanted_len && (got_len == 0 || memcmp(got, wanted, got_len) == 0), "%s",
               title))
        return;
    tap_show("wanted", wanted, wanted_len);
    tap_show("got   ", got, got_len);
}

static inline void tap_text(const char *got, size_t len, const char *wanted, const char *title)
{
    tap_bytes(got, len, wanted, strlen(wanted), title);
}

// Prints the number of checks, and returns the exit status.
static inline int tap_done(void)
{
    printf("1..%d\n", tap_count);
    return tap_failures == 0 ? 0 : 1;
}

#endif
