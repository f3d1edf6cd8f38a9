// SPDX-License-Identifier: BSD-2-Clause
#include "insight/windows.h"

#include <stdio.h>

#include "fixture.h"
#include "insight/partial_read.h"
#include "tap.h"

#define MINUTE MS_MINUTE

// Checks which windows are handed out, by their keys.
static void hands_out(struct fixture *f, enum windows_which which, const char *wanted,
                      const char *title)
{
    struct buf keys = BUF_INIT;

    fixture_keys(f, which, &keys);
    tap_text(keys.data, keys.len, wanted, title);
    buf_release(&keys);
}

static bool add(struct fixture *f, int64_t time)
{
    return fixture_add(f, time, "ann", "10.0.0.1");
}

static void test_watermark(void)
{
    struct fixture f;

    fixture_init(&f, 1000, "10m", NULL);
    add(&f, 3 * MINUTE);
    windows_advance(&f.windows, 3 * MINUTE);
    tap_ok(!windows_due(&f.windows), "a window is not due before its end");
    windows_advance(&f.windows, 11 * MINUTE - 1);
    tap_ok(!windows_due(&f.windows), "it is not due before the lateness has passed");
    tap_ok(add(&f, 9 * MINUTE), "records within the lateness are added");
    windows_advance(&f.windows, 11 * MINUTE);
    tap_ok(windows_due(&f.windows), "the watermark makes it due at its end");
    windows_advance(&f.windows, 5 * MINUTE);
    tap_ok(windows_due(&f.windows), "the watermark does not go back");
    hands_out(&f, WINDOWS_DUE, "10m/1970-01-01T00:00:00Z ", "the due window is handed out");
    tap_ok(!windows_due(&f.windows), "a window that was handed out as due is closed");
    hands_out(&f, WINDOWS_DUE, "", "it is handed out once");
    tap_ok(!add(&f, 9 * MINUTE), "a record of a closed window is late");
    tap_int((int64_t)f.windows.series[0].late, 1, "late records are counted");
    tap_ok(add(&f, 10 * MINUTE), "the end of a window belongs to the next one");
    tap_ok(!add(&f, -5 * MINUTE), "a record of a past window that never opened is late too");
    fixture_release(&f);
}

static void test_overlap(void)
{
    struct fixture f;

    fixture_init(&f, 1000, "10m/5m", NULL);
    add(&f, 7 * MINUTE);
    hands_out(&f, WINDOWS_OPEN, "10m/5m/1970-01-01T00:00:00Z 10m/5m/1970-01-01T00:05:00Z ",
              "a record is in each window that contains its time");
    windows_advance(&f.windows, 11 * MINUTE);
    hands_out(&f, WINDOWS_DUE, "10m/5m/1970-01-01T00:00:00Z ", "overlapping windows close in turn");
    tap_ok(add(&f, 8 * MINUTE), "a record is late only when all its windows are closed");
    tap_int((int64_t)f.windows.series[0].window[1]->set.records, 2, "the open one counts it");
    tap_int((int64_t)f.windows.series[0].window[0]->set.records, 1, "the closed one does not");
    fixture_release(&f);
}

static void test_order(void)
{
    struct fixture f;

    fixture_init(&f, 1000, "all", "5n", "20m", "10m", NULL);
    add(&f, 25 * MINUTE);
    add(&f, 1 * MINUTE);
    add(&f, 2 * MINUTE);
    windows_end(&f.windows);
    hands_out(&f, WINDOWS_DUE,
              "10m/1970-01-01T00:00:00Z 20m/1970-01-01T00:00:00Z 10m/1970-01-01T00:20:00Z "
              "20m/1970-01-01T00:20:00Z 5n/1 all ",
              "windows of time come in the order of their ends, then those of records, then all");
    fixture_release(&f);
}

static void test_changed(void)
{
    struct fixture f;

    fixture_init(&f, 1000, "10m", NULL);
    add(&f, 1 * MINUTE);
    add(&f, 12 * MINUTE);
    add(&f, 11 * MINUTE);
    const struct insight_set *set = &f.windows.series[0].window[1]->set;
    tap_ok(set->records == 2 && set->first == 11 * MINUTE && set->last == 12 * MINUTE,
           "a set knows the first and the last time of its records");
    hands_out(&f, WINDOWS_CHANGED, "10m/1970-01-01T00:00:00Z 10m/1970-01-01T00:10:00Z ",
              "new windows have changed");
    hands_out(&f, WINDOWS_CHANGED, "", "nothing has changed since");
    add(&f, 13 * MINUTE);
    hands_out(&f, WINDOWS_CHANGED, "10m/1970-01-01T00:10:00Z ", "only the one with a new record");
    hands_out(&f, WINDOWS_OPEN, "10m/1970-01-01T00:00:00Z 10m/1970-01-01T00:10:00Z ",
              "open windows are those that are not closed");
    windows_clear(&f.windows);
    hands_out(&f, WINDOWS_OPEN, "", "none is left after windows_clear()");
    fixture_release(&f);
}

static void test_records(void)
{
    struct fixture f;

    fixture_init(&f, 1000, "3n,10s", NULL);
    for (int64_t i = 0; i < 3; i++) {
        tap_ok(!windows_due(&f.windows), "a window of three is not due after %d", (int)i);
        windows_limit_span(&f.windows, i * MS_SECOND);
        add(&f, i * MS_SECOND);
    }
    tap_ok(windows_due(&f.windows), "it is due when it is full");
    hands_out(&f, WINDOWS_DUE, "3n,10s/1 ", "a window of records has a number");
    add(&f, 60 * MS_SECOND);
    windows_limit_span(&f.windows, 69 * MS_SECOND);
    tap_ok(!windows_due(&f.windows), "nine seconds are within the span");
    windows_limit_span(&f.windows, 70 * MS_SECOND);
    tap_ok(windows_due(&f.windows), "ten seconds are not");
    hands_out(&f, WINDOWS_DUE, "3n,10s/2 ", "so the window closes with one record");
    add(&f, 70 * MS_SECOND);
    windows_limit_span(&f.windows, 60 * MS_SECOND);
    tap_ok(windows_due(&f.windows), "an earlier time can exceed the span too");
    hands_out(&f, WINDOWS_DUE, "3n,10s/3 ", "the numbers continue");
    fixture_release(&f);
}

// Returns the number of records in the window before the one that is handed out last, or -1 if
// there is none.
static int64_t records_before(struct fixture *f, enum windows_which which)
{
    struct window_view view;
    int64_t records = -1;

    while (windows_next(&f->windows, which, &view)) {
        if (view.previous != NULL)
            records = (int64_t)view.previous->records;
    }
    return records;
}

static void test_previous(void)
{
    struct fixture f;

    fixture_init(&f, 1000, "10m", NULL);
    add(&f, 1 * MINUTE);
    add(&f, 2 * MINUTE);
    windows_advance(&f.windows, 11 * MINUTE);
    tap_int(records_before(&f, WINDOWS_DUE), -1, "the first window has no previous one");
    add(&f, 12 * MINUTE);
    tap_int(records_before(&f, WINDOWS_OPEN), 2, "a closed window is kept for the next one");
    windows_advance(&f.windows, 21 * MINUTE);
    tap_int(records_before(&f, WINDOWS_DUE), 2, "it is kept until the next one closes");
    tap_int((int64_t)f.windows.series[0].count, 1, "it is freed when the next one closes");
    add(&f, 35 * MINUTE);
    tap_int(records_before(&f, WINDOWS_OPEN), -1, "a window after a gap has no previous one");
    windows_advance(&f.windows, 31 * MINUTE);
    windows_sweep(&f.windows);
    tap_int((int64_t)f.windows.series[0].count, 1,
            "a sweep frees closed windows with which nothing is compared");
    fixture_release(&f);
}

static struct partial_head head_of(const char *window, int64_t start)
{
    return (struct partial_head){.window = window,
                                 .window_len = strlen(window),
                                 .start = start,
                                 .records = 7,
                                 .first = start + 1,
                                 .last = start + 2};
}

static void test_partials(void)
{
    struct partial_head ten = head_of("10m", 10 * MINUTE), odd = head_of("10m", 11 * MINUTE);
    struct partial_head other = head_of("5m", 10 * MINUTE), all = head_of("all", 0);
    struct fixture f;

    fixture_init(&f, 1000, "10m", "all", "5n", NULL);
    struct partial_head number = head_of("5n", 1);
    tap_ok(windows_knows(&f.windows, &ten) && windows_knows(&f.windows, &all),
           "the windows of partials are known by their text");
    tap_ok(!windows_knows(&f.windows, &other), "another window is not");
    tap_ok(!windows_knows(&f.windows, &odd), "a start at which no window starts is not known");
    tap_ok(!windows_knows(&f.windows, &number), "windows of records cannot be merged");
    struct insight_set *set = windows_extend(&f.windows, &ten);
    tap_ok(set != NULL && set == windows_extend(&f.windows, &ten), "a window has one set");
    tap_ok(set->records == 14 && set->first == 10 * MINUTE + 1 && set->last == 10 * MINUTE + 2,
           "the set is extended by the records and their times");
    windows_advance(&f.windows, 21 * MINUTE);
    tap_ok(windows_extend(&f.windows, &ten) == NULL, "a partial of a past window is late");
    tap_int((int64_t)f.windows.series[0].late, 7, "all its records count as late");
    tap_ok(windows_extend(&f.windows, &all) != NULL,
           "a partial is never late for the window over everything");
    fixture_release(&f);
}

int main(void)
{
    test_watermark();
    test_overlap();
    test_order();
    test_changed();
    test_records();
    test_previous();
    test_partials();
    return tap_done();
}
