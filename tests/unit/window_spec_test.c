// SPDX-License-Identifier: BSD-2-Clause
#include "insight/window_spec.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/datetime.h"
#include "tap.h"

static struct window_spec parse(const char *text)
{
    struct window_spec spec;
    struct err err;

    if (window_spec_parse(text, &spec, &err) != 0)
        err_die(&err);
    return spec;
}

static int64_t at(const char *text)
{
    int64_t ms = 0;

    if (time_parse(text, strlen(text), &ms) != 0)
        tap_ok(false, "%s is not a time", text);
    return ms;
}

static void test_parse(void)
{
    static const char *const wrong[] = {
        "",     "h",     "0",    "0s",       "1x",     "1h/",  "/5m",   "n",   "0n",
        "1h/0", "5m/1h", "-1h",  "1h/5m/1m", "all ",   "ALL",  "1.5h",  "-5n", "5nn",
        "5n,",  "5n,0s", "5n,x", ",30s",     "30s,5n", "101y", "99999d"};
    struct window_spec spec = parse("1h");
    struct err err;

    tap_ok(spec.kind == WINDOW_TIME && spec.size == MS_HOUR && spec.step == MS_HOUR,
           "1h is windows of an hour, one after the other");
    spec = parse("1h/5m");
    tap_ok(spec.kind == WINDOW_TIME && spec.size == MS_HOUR && spec.step == 5 * MS_MINUTE,
           "1h/5m is windows of an hour, one every five minutes");
    spec = parse("1h30m");
    tap_ok(spec.size == 90 * MS_MINUTE, "durations may be sums");
    spec = parse("2kn");
    tap_ok(spec.kind == WINDOW_RECORDS && spec.records == 2000, "2kn is two thousand records");
    tap_ok(parse("all").kind == WINDOW_ALL, "all is all");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        tap_ok(window_spec_parse(wrong[i], &spec, &err) == -1 && err.status == EX_USAGE,
               "'%s' is refused", wrong[i]);
    }
}

static void test_bounds(void)
{
    struct window_spec hour = parse("1h"), hopping = parse("1h/25m"), day = parse("1d");
    int64_t time = at("2023-09-12T00:45:51Z");
    int64_t start = window_spec_start(&hour, time);

    tap_ok(start == at("2023-09-12T00:00:00Z") && window_spec_end(&hour, start) == start + MS_HOUR,
           "a window of an hour starts with the hour");
    tap_ok(window_spec_start(&hour, start) == start &&
               window_spec_start(&hour, start - 1) == start - MS_HOUR,
           "the start is in the window, the end is not");
    tap_ok(window_spec_start(&hour, -1) == -MS_HOUR &&
               window_spec_start(&hour, -MS_HOUR) == -MS_HOUR,
           "this holds before 1970 too");
    tap_ok(window_spec_start(&day, time) == at("2023-09-12"), "days are those of UTC");
    start = window_spec_start(&hopping, time);
    tap_ok(start % (25 * MS_MINUTE) == 0 && start <= time && start + 25 * MS_MINUTE > time,
           "overlapping windows start at multiples of the step");
    int count = 0;
    for (; window_spec_end(&hopping, start) > time; start = window_spec_previous(&hopping, start))
        count++;
    tap_ok(count == 2 || count == 3, "a record is in two or three windows of 1h/25m");
    tap_ok(window_spec_previous(&hour, 0) == -MS_HOUR,
           "the previous window starts an hour earlier");
}

static bool puts_as(const char *text, int64_t start, const char *key, const char *json)
{
    struct window_spec spec = parse(text);
    struct buf b = BUF_INIT;

    window_spec_put_key(&b, &spec, start);
    buf_putc(&b, ' ');
    window_spec_put_json(&b, &spec, start, at("2023-09-12T00:45:51Z"), at("2023-09-12T00:46:20Z"));
    size_t key_len = strlen(key), json_len = strlen(json);
    bool same = b.len == key_len + 1 + json_len && memcmp(b.data, key, key_len) == 0 &&
                memcmp(b.data + key_len + 1, json, json_len) == 0;
    if (!same)
        printf("# %.*s\n", (int)b.len, b.data);
    buf_release(&b);
    return same;
}

static void test_put(void)
{
    tap_ok(puts_as("1h", at("2023-09-12"), "1h/2023-09-12T00:00:00Z",
                   "{\"start\":\"2023-09-12T00:00:00Z\",\"end\":\"2023-09-12T01:00:00Z\"}"),
           "a window of time has its start in the key");
    tap_ok(puts_as("1h/5m", at("2023-09-12T00:05:00Z"), "1h/5m/2023-09-12T00:05:00Z",
                   "{\"start\":\"2023-09-12T00:05:00Z\",\"end\":\"2023-09-12T01:05:00Z\"}"),
           "the key has the window as it was written");
    tap_ok(puts_as("250ms", 250, "250ms/1970-01-01T00:00:00.250Z",
                   "{\"start\":\"1970-01-01T00:00:00.250Z\",\"end\":\"1970-01-01T00:00:00.500Z\"}"),
           "windows may be shorter than a second");
    tap_ok(puts_as("500n", 3, "500n/3",
                   "{\"start\":null,\"end\":null,\"number\":3,\"first\":"
                   "\"2023-09-12T00:45:51Z\",\"last\":\"2023-09-12T00:46:20Z\"}"),
           "a window of records has its number and the times of its records");
    tap_ok(puts_as("500n,30s", 3, "500n,30s/3",
                   "{\"start\":null,\"end\":null,\"number\":3,\"first\":"
                   "\"2023-09-12T00:45:51Z\",\"last\":\"2023-09-12T00:46:20Z\"}"),
           "a window of records with a span has them too");
    tap_ok(puts_as("all", 0, "all",
                   "{\"start\":null,\"end\":null,\"first\":\"2023-09-12T00:45:51Z\",\"last\":"
                   "\"2023-09-12T00:46:20Z\"}"),
           "all has the times of its records");
}

int main(void)
{
    test_parse();
    test_bounds();
    test_put();
    return tap_done();
}
