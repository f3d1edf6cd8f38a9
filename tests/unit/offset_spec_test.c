// SPDX-License-Identifier: BSD-2-Clause
//
// Checks what -o accepts. tests/kcat-in.bats checks the offsets that it stands for.
#include "kafka/offset_spec.h"
#include "tap.h"

#define NOW INT64_C(1700000000000)

static void describe(const struct offset_point *point, char *text, size_t size)
{
    static const char *const name[] = {[OFFSET_NONE] = "none", [OFFSET_BEGINNING] = "beginning",
                                       [OFFSET_END] = "end",   [OFFSET_STORED] = "stored",
                                       [OFFSET_AT] = "at",     [OFFSET_TAIL] = "tail",
                                       [OFFSET_TIME] = "time"};

    snprintf(text, size, "%s %lld", name[point->kind], (long long)point->value);
}

static void check_after(struct offset_range *range, const char *text, const char *wanted)
{
    char from[64], to[64], both[140];
    struct err err;

    if (offset_spec_parse(text, NOW, range, &err) != 0) {
        tap_ok(false, "%s: %s", text, err.text);
        return;
    }
    describe(&range->from, from, sizeof from);
    describe(&range->to, to, sizeof to);
    snprintf(both, sizeof both, "%s, %s", from, to);
    tap_text(both, strlen(both), wanted, text);
}

static void check(const char *text, const char *wanted)
{
    struct offset_range range = {{OFFSET_NONE, 0}, {OFFSET_NONE, 0}};

    check_after(&range, text, wanted);
}

static void test_points(void)
{
    check("beginning", "beginning 0, none 0");
    check("end", "end 0, none 0");
    check("stored", "stored 0, none 0");
    check("0", "at 0, none 0");
    check("1234", "at 1234, none 0");
    check("9223372036854775807", "at 9223372036854775807, none 0");
    check("-1", "tail 1, none 0");
    check("-500", "tail 500, none 0");
    check("-0", "tail 0, none 0");
    check("@1694479551000", "time 1694479551000, none 0");
    check("@0", "time 0, none 0");
    check("@1h", "time 1699996400000, none 0");
    check("@1h30m", "time 1699994600000, none 0");
    check("@2023-09-12T00:45:51Z", "time 1694479551000, none 0");
    check("@2023-09-12T02:45:51.5+02:00", "time 1694479551500, none 0");
    check("@2023-09-12", "time 1694476800000, none 0");
    check("@1969-12-31", "time -86400000, none 0");
}

static void test_ranges(void)
{
    check("beginning:end", "beginning 0, end 0");
    check(":end", "none 0, end 0");
    check("stored:end", "stored 0, end 0");
    check("5:", "at 5, none 0");
    check("5:10", "at 5, at 10");
    check("-10:-5", "tail 10, tail 5");
    check("-10:end", "tail 10, end 0");
    check("@1h:@30m", "time 1699996400000, time 1699998200000");
    check("@1h:", "time 1699996400000, none 0");
    check(":@1h", "none 0, time 1699996400000");
    check("@1694479551000:@1694479552000", "time 1694479551000, time 1694479552000");
    check("@2023-09-12T00:45:51Z:@2023-09-12T01:00:00Z", "time 1694479551000, time 1694480400000");
    check("@2023-09-12T02:45:51+02:00:end", "time 1694479551000, end 0");
    check("@2023-09-12T00:45:51Z:", "time 1694479551000, none 0");
    check(":@2023-09-12T00:45:51Z", "none 0, time 1694479551000");
    check("beginning:@2023-09-12T02:45:51+02:00", "beginning 0, time 1694479551000");
}

static void test_kcat(void)
{
    struct offset_range range = {{OFFSET_NONE, 0}, {OFFSET_NONE, 0}};

    check("s@1694479551000", "time 1694479551000, none 0");
    check("e@1694479551000", "none 0, time 1694479551000");
    check_after(&range, "e@2000", "none 0, time 2000");
    check_after(&range, "s@1000", "time 1000, time 2000");
    check_after(&range, "s@1h", "time 1699996400000, time 2000");
    check_after(&range, "5", "at 5, none 0");
}

static void test_bad(void)
{
    static const char *const bad[] = {"",
                                      " ",
                                      ":",
                                      "::",
                                      "begin",
                                      "Beginning",
                                      "latest",
                                      "1 ",
                                      " 1",
                                      "1.5",
                                      "1k",
                                      "--1",
                                      "-",
                                      "@",
                                      "@-1",
                                      "@yesterday",
                                      "@1x",
                                      "@ 1h",
                                      "s@",
                                      "e@",
                                      "s@soon",
                                      "s",
                                      "1:2:3",
                                      "end:x",
                                      "x:end",
                                      "@2023-02-29",
                                      "@2023-09-12T00:45",
                                      ":stored",
                                      "beginning:stored",
                                      "9223372036854775808",
                                      "-9223372036854775808",
                                      "@9223372036854775808",
                                      "1-2",
                                      "1,2"};
    struct offset_range range = {{OFFSET_NONE, 0}, {OFFSET_NONE, 0}};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct err err = {0};
        tap_ok(offset_spec_parse(bad[i], NOW, &range, &err) != 0 && err.status == EX_USAGE &&
                   strlen(err.text) > 10,
               "no offset: '%s'", bad[i]);
    }
}

int main(void)
{
    test_points();
    test_ranges();
    test_kcat();
    test_bad();
    return tap_done();
}
