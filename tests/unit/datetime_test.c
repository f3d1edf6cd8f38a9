// SPDX-License-Identifier: BSD-2-Clause
#include <stdlib.h>
#include <time.h>

#include "base/datetime.h"
#include "tap.h"

#define BAD INT64_MIN // the text is refused

static int64_t duration(const char *text)
{
    int64_t ms;
    return duration_parse(text, &ms) == 0 ? ms : BAD;
}

static int64_t moment(const char *text)
{
    int64_t ms;
    return time_parse(text, strlen(text), &ms) == 0 ? ms : BAD;
}

static void test_durations(void)
{
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {{"0", 0},
                 {"0ms", 0},
                 {"7", 7000},
                 {"500ms", 500},
                 {"30s", 30000},
                 {"5m", 300000},
                 {"1h", 3600000},
                 {"7d", 604800000},
                 {"2w", 1209600000},
                 {"1h30m", 5400000},
                 {"1d2h3m4s5ms", 93784005},
                 {"30m1h", 5400000},
                 {"007s", 7000},
                 {"9223372036854775807ms", INT64_MAX},
                 {"9223372036854775s", INT64_C(9223372036854775000)},
                 {"9223372036854775s807ms", INT64_MAX}};
    static const char *const bad[] = {"",
                                      " ",
                                      "s",
                                      "-1s",
                                      "+1s",
                                      "1.5s",
                                      "1 s",
                                      " 1s",
                                      "1s ",
                                      "1y",
                                      "1x",
                                      "1sm",
                                      "1hh",
                                      "1e3s",
                                      "0x10s",
                                      "ms1",
                                      "1h-30m",
                                      "s1",
                                      "inf",
                                      "1s,2s",
                                      "1S",
                                      "1H",
                                      "٣s",
                                      "9223372036854775808ms",
                                      "9223372036854776s",
                                      "15250284453w",
                                      "99999999999999999999",
                                      "9223372036854775s808ms"};
    char title[80];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(title, sizeof title, "duration %s", cases[i].text);
        tap_int(duration(cases[i].text), cases[i].ms, title);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        tap_ok(duration(bad[i]) == BAD, "not a duration: '%s'", bad[i]);
}

static void test_times(void)
{
    // The numbers are those of date(1).
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {{"1970-01-01T00:00:00Z", 0},
                 {"2023-09-12T00:45:51Z", INT64_C(1694479551000)},
                 {"2023-09-12t00:45:51z", INT64_C(1694479551000)},
                 {"2023-09-12 00:45:51Z", INT64_C(1694479551000)},
                 {"2023-09-12T02:45:51+02:00", INT64_C(1694479551000)},
                 {"2023-09-11T19:15:51-05:30", INT64_C(1694479551000)},
                 {"2023-09-12T00:45:51-00:00", INT64_C(1694479551000)},
                 {"2023-09-12T00:45:51.5Z", INT64_C(1694479551500)},
                 {"2023-09-12T00:45:51.007Z", INT64_C(1694479551007)},
                 {"2023-09-12T00:45:51.123456789Z", INT64_C(1694479551123)},
                 {"2023-09-12T00:45:51.99999999999999999999999999Z", INT64_C(1694479551999)},
                 {"2023-09-12", INT64_C(1694476800000)},
                 {"2024-02-29", INT64_C(1709164800000)},
                 {"2000-02-29T23:59:59Z", INT64_C(951868799000)},
                 {"1969-12-31T23:59:59Z", -1000},
                 {"1969-12-31T23:59:59.999Z", -1},
                 {"1970-01-01T00:00:00+23:59", -86340000},
                 {"1900-03-01", INT64_C(-2203891200000)},
                 {"0000-01-01", INT64_C(-62167219200000)},
                 {"0000-02-29", INT64_C(-62162121600000)},
                 {"0001-01-01T00:00:00Z", INT64_C(-62135596800000)},
                 {"9999-12-31T23:59:59.999Z", INT64_C(253402300799999)},
                 // RFC 3339, section 5.8
                 {"1985-04-12T23:20:50.52Z", INT64_C(482196050520)},
                 {"1996-12-19T16:39:57-08:00", INT64_C(851042397000)},
                 {"1990-12-31T23:59:60Z", INT64_C(662688000000)},
                 {"1990-12-31T15:59:60-08:00", INT64_C(662688000000)},
                 {"1937-01-01T12:00:27.87+00:20", INT64_C(-1041337172130)}};
    static const char *const bad[] = {"",
                                      "2023",
                                      "2023-09",
                                      "2023-9-12",
                                      "23-09-12",
                                      "2023-13-01",
                                      "2023-00-01",
                                      "2023-01-00",
                                      "2023-01-32",
                                      "2023-04-31",
                                      "2023-02-29",
                                      "1900-02-29",
                                      "2100-02-29",
                                      "2023-09-12T",
                                      "2023-09-12T00:45",
                                      "2023-09-12T00:45Z",
                                      "2023-09-12T00:45:51",
                                      "2023-09-12T24:00:00Z",
                                      "2023-09-12T00:60:00Z",
                                      "2023-09-12T00:00:61Z",
                                      "2023-09-12T00:45:51.Z",
                                      "2023-09-12T00:45:51,5Z",
                                      "2023-09-12T00:45:51ZZ",
                                      "2023-09-12T00:45:51 Z",
                                      "2023-09-12T00:45:51+0200",
                                      "2023-09-12T00:45:51+02",
                                      "2023-09-12T00:45:51+24:00",
                                      "2023-09-12T00:45:51+02:60",
                                      "2023-09-12T00:45:51+2:000",
                                      "2023-09-12_00:45:51Z",
                                      " 2023-09-12",
                                      "2023-09-12 ",
                                      "+2023-09-12",
                                      "-2023-09-12",
                                      "20230912",
                                      "2023/09/12",
                                      "12023-09-12",
                                      "yesterday"};
    char title[80];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(title, sizeof title, "time %s", cases[i].text);
        tap_int(moment(cases[i].text), cases[i].ms, title);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        tap_ok(moment(bad[i]) == BAD, "not a time: '%s'", bad[i]);
    int64_t ms;
    tap_ok(time_parse("2023-09-12\0", 11, &ms) != 0, "not a time: a NUL byte after it");
    tap_ok(time_parse("2023-09-12T00:45:51Z", 19, &ms) != 0, "no byte after the length is read");
}

static void test_time_format(void)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {{0, "1970-01-01T00:00:00Z"},
                 {INT64_C(1694479551000), "2023-09-12T00:45:51Z"},
                 {INT64_C(1694479551050), "2023-09-12T00:45:51.050Z"},
                 {-1, "1969-12-31T23:59:59.999Z"},
                 {-1000, "1969-12-31T23:59:59Z"},
                 {INT64_C(951782400000), "2000-02-29T00:00:00Z"},
                 {INT64_C(-62167219200000), "0000-01-01T00:00:00Z"},
                 {INT64_C(253402300799999), "9999-12-31T23:59:59.999Z"},
                 {INT64_MAX, "292278994-08-17T07:12:55.807Z"},
                 {INT64_MIN, "-292275055-05-16T16:47:04.192Z"}};
    struct buf b = BUF_INIT;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        buf_clear(&b);
        time_format(&b, cases[i].ms);
        tap_text(b.data, b.len, cases[i].text, cases[i].text);
    }
    buf_release(&b);
}

// About every 11th hour of 9,999 years, compared with the C library.
static void test_against_libc(void)
{
    struct buf b = BUF_INIT;
    char wanted[40];
    int64_t wrong = 0, lost = 0, ms;

    for (int64_t s = INT64_C(-62167219200); s < INT64_C(253402300800); s += 3999991) {
        time_t seconds = (time_t)s;
        struct tm tm;
        gmtime_r(&seconds, &tm);
        snprintf(wanted, sizeof wanted, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
                 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
        buf_clear(&b);
        time_format(&b, s * MS_SECOND);
        wrong += b.len != 20 || memcmp(b.data, wanted, 20) != 0;
        lost += time_parse(b.data, b.len, &ms) != 0 || ms != s * MS_SECOND;
    }
    tap_int(wrong, 0, "times of all years are the same as with gmtime_r");
    tap_int(lost, 0, "times are read back as the same moments");
    buf_release(&b);
}

static void test_clocks(void)
{
    int64_t before = time_monotonic();
    int64_t drift = time_now() - (int64_t)time(NULL) * MS_SECOND;

    tap_ok(drift > -2000 && drift < 2000, "time_now is the wall clock");
    tap_ok(time_monotonic() >= before, "the monotonic clock does not go back");
}

int main(void)
{
    test_durations();
    test_times();
    test_time_format();
    test_against_libc();
    test_clocks();
    return tap_done();
}
