// SPDX-License-Identifier: BSD-2-Clause
#include "json/event_time.h"
#include "tap.h"

#define BAD INT64_MIN

static struct json_value text_value(const char *text, size_t len)
{
    struct json_value value = {.type = JSON_STRING};

    value.string.data = text;
    value.string.len = len;
    return value;
}

static struct json_value int_value(int64_t n)
{
    return (struct json_value){.type = JSON_INT, .integer = n};
}

static int64_t read_as(enum time_unit unit, struct json_value value)
{
    int64_t ms;
    return event_time(&value, unit, &ms) ? ms : BAD;
}

static int64_t read_moment(struct json_value value)
{
    return read_as(TIME_UNIT_AUTO, value);
}

static int64_t text_moment(const char *text)
{
    return read_moment(text_value(text, strlen(text)));
}

static void test_units(void)
{
    static const struct {
        const char *name;
        int64_t ms; // of 1694479551123
    } cases[] = {{"auto", INT64_C(1694479551123)},
                 {"ms", INT64_C(1694479551123)},
                 {"us", 1694479551},
                 {"ns", 1694479},
                 {"s", BAD}}; // in the year 53,000
    enum time_unit unit;
    struct err err;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tap_int(time_unit_parse(cases[i].name, &unit, &err), 0, cases[i].name);
        tap_int(read_as(unit, int_value(INT64_C(1694479551123))), cases[i].ms, "an integer");
        tap_int(read_as(unit, text_value("1694479551123", 13)), cases[i].ms, "a string of digits");
        tap_int(read_as(unit, text_value("2023-09-12T00:45:51Z", 20)), INT64_C(1694479551000),
                "RFC 3339 has no unit");
    }
    tap_int(time_unit_parse("m", &unit, &err), -1, "minutes are not a unit");
    tap_int(err.status, EX_USAGE, "the error is one of usage");
    tap_int(read_as(TIME_UNIT_S, int_value(INT64_MAX)), BAD, "seconds that overflow");
    tap_int(read_as(TIME_UNIT_S, int_value(INT64_MIN)), BAD, "negative seconds that overflow");
    tap_int(read_as(TIME_UNIT_NS, int_value(-1)), -1, "finer units are rounded down");
    tap_int(read_as(TIME_UNIT_MS, int_value(5)), 5, "a low number of milliseconds");
}

static void test_moment(void)
{
    tap_int(read_moment(int_value(1694479551)), INT64_C(1694479551000), "seconds");
    tap_int(read_moment(int_value(INT64_C(1694479551123))), INT64_C(1694479551123), "milliseconds");
    tap_int(read_moment(int_value(INT64_C(1694479551123999))), INT64_C(1694479551123),
            "microseconds");
    tap_int(read_moment(int_value(INT64_C(1694479551123999999))), INT64_C(1694479551123),
            "nanoseconds");
    tap_int(text_moment("1694479551123"), INT64_C(1694479551123), "a string of digits");
    tap_int(text_moment("2023-09-12T00:45:51Z"), INT64_C(1694479551000), "RFC 3339");
    tap_int(read_moment(int_value(0)), 0, "1970");
    tap_int(read_moment(int_value(-1)), -1000, "before 1970");
    tap_int(read_moment(int_value(INT64_C(99999999999))), INT64_C(99999999999000),
            "the greatest integer that is seconds");
    tap_int(read_moment(int_value(INT64_C(100000000000))), INT64_C(100000000000),
            "the least that is milliseconds");
    tap_int(read_moment(int_value(INT64_C(99999999999999))), INT64_C(99999999999999),
            "the greatest that is milliseconds");
    tap_int(read_moment(int_value(INT64_C(100000000000000))), INT64_C(100000000000),
            "the least that is microseconds");
    tap_int(read_moment(int_value(INT64_C(-100000000000001))), INT64_C(-100000000001),
            "finer units are rounded down");
    tap_int(read_moment(int_value(INT64_MAX)), INT64_C(9223372036854), "the highest integer");
    tap_int(read_moment(int_value(INT64_MIN)), INT64_C(-9223372036855), "the lowest integer");
    tap_int(text_moment("2023-09-12"), INT64_C(1694476800000), "a date alone");
    tap_int(text_moment("soon"), BAD, "event_time() refuses other text");
    tap_int(text_moment(""), BAD, "an empty string");
    tap_int(text_moment("9223372036854775808"), BAD, "a string beyond 64 bits");
    tap_int(text_moment("99999999999999999999"), BAD, "a string of 20 digits");
    tap_int(text_moment("0001694479551"), INT64_C(1694479551000), "leading zeros are allowed");
    tap_int(read_moment(text_value("12345", 2)), 12000, "the length of the text counts");
    tap_int(text_moment("-1"), BAD, "a sign in a string is refused");
    tap_int(text_moment("1.0"), BAD, "a fraction in a string");
    tap_int(read_moment((struct json_value){.type = JSON_NULL}), BAD, "null is refused");
    tap_int(read_moment((struct json_value){.type = JSON_DOUBLE, .number = 1694479551}), BAD,
            "a number with a fraction is refused");
    tap_int(text_moment("0000-01-01T00:00:00+00:01"), BAD, "a time before the year 0 is refused");
    tap_int(text_moment("9999-12-31T23:59:59-00:01"), BAD, "a time after the year 9999 is refused");
}

int main(void)
{
    test_units();
    test_moment();
    return tap_done();
}
