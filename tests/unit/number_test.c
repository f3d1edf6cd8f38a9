// SPDX-License-Identifier: BSD-2-Clause
#include <stddef.h>

#include "base/number.h"
#include "tap.h"

#define BAD UINT64_C(0xbad0bad0bad0bad0)

static uint64_t number(const char *text, unsigned k)
{
    uint64_t n;
    return number_parse(text, k, &n) == 0 ? n : BAD;
}

static void test_numbers(void)
{
    static const struct {
        const char *text;
        unsigned k;
        uint64_t n;
    } cases[] = {{"0", 1000, 0},
                 {"1", 1000, 1},
                 {"007", 1000, 7},
                 {"10k", 1000, 10000},
                 {"10K", 1000, 10000},
                 {"10k", 1024, 10240},
                 {"5M", 1000, 5000000},
                 {"16M", 1024, 16 << 20},
                 {"2G", 1000, UINT64_C(2000000000)},
                 {"2G", 1024, UINT64_C(2) << 30},
                 {"0G", 1024, 0},
                 {"18446744073709551615", 1000, UINT64_MAX},
                 {"18446744073709551k", 1000, UINT64_C(18446744073709551000)}};
    static const char *const bad[] = {"",
                                      " ",
                                      "k",
                                      "-1",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1.5",
                                      "1kk",
                                      "1kB",
                                      "1m",
                                      "1g",
                                      "1T",
                                      "0x10",
                                      "1e3",
                                      "ten",
                                      "1,000",
                                      "1_0",
                                      "18446744073709551616",
                                      "18446744073709552k",
                                      "99999999999G"};
    char title[80];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(title, sizeof title, "number %s, k being %u", cases[i].text, cases[i].k);
        tap_int((int64_t)number(cases[i].text, cases[i].k), (int64_t)cases[i].n, title);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        tap_ok(number(bad[i], 1000) == BAD, "not a number: '%s'", bad[i]);
}

static void test_integers(void)
{
    static const char *const bad[] = {"",
                                      " ",
                                      "-",
                                      "+",
                                      " 1",
                                      "1 ",
                                      "1.0",
                                      "1e3",
                                      "0x10",
                                      "1k",
                                      "\t1",
                                      "--1",
                                      "9223372036854775808",
                                      "-9223372036854775809"};
    int64_t n = 0;

    tap_ok(number_parse_int("9223372036854775807", &n) == 0 && n == INT64_MAX,
           "the highest integer");
    tap_ok(number_parse_int("-9223372036854775808", &n) == 0 && n == INT64_MIN,
           "the lowest integer");
    tap_ok(number_parse_int("0", &n) == 0 && n == 0, "zero");
    tap_ok(number_parse_int("-12", &n) == 0 && n == -12, "a negative integer");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        n = 77;
        tap_ok(number_parse_int(bad[i], &n) != 0 && n == 77, "not an integer: '%s'", bad[i]);
    }
}

int main(void)
{
    test_numbers();
    test_integers();
    return tap_done();
}
