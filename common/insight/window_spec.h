// SPDX-License-Identifier: BSD-2-Clause
//
// window_spec: how records are grouped into windows, as the user writes it after --window.
//
//     1h        consecutive windows of one hour
//     1h/5m     windows of one hour, one starting every five minutes: each record is in twelve
//     500n      consecutive windows of 500 records, in the order in which they arrive
//     500n,30s  the same, but a window also ends before a record that would make its event times
//               span 30 seconds or more
//     all       one window over everything
//
//     struct window_spec spec;
//     if (window_spec_parse("1h/5m", &spec, &err) != 0)
//         return -1;
//     for (int64_t start = window_spec_start(&spec, time); window_spec_end(&spec, start) > time;
//          start = window_spec_previous(&spec, start))
//         ...the window that starts at `start` contains the time...
//
// Times and sizes are in ms, as in datetime.h. A window of time contains the times from its start
// up to, but not including, its end. Starts are multiples of the step (without a step, of the size)
// since 1970-01-01T00:00:00Z: hours and days are those of UTC, and weeks start on a Thursday.
// Windows of records are numbered from 1, and the number takes the place of the start.
#ifndef INSIGHT_WINDOW_SPEC_H
#define INSIGHT_WINDOW_SPEC_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum window_kind { WINDOW_TIME, WINDOW_RECORDS, WINDOW_ALL };

struct window_spec {
    const char *text; // as the user wrote it; borrowed
    enum window_kind kind;
    int64_t size, step; // of WINDOW_TIME; equal unless windows overlap
    uint64_t records;   // of WINDOW_RECORDS
    int64_t span;       // of WINDOW_RECORDS: the event times must span less; 0 for no limit
};

// Returns 0, or -1 with *err set (EX_USAGE). The spec borrows the text.
int window_spec_parse(const char *text, struct window_spec *spec, struct err *err);

// Returns the start (or number) of the previous window, for WINDOW_TIME and WINDOW_RECORDS.
int64_t window_spec_previous(const struct window_spec *spec, int64_t start);

// For WINDOW_TIME: the start of the last window that contains a time, and the end of a window.
// Earlier windows contain the time too, as long as their end is after it.
int64_t window_spec_start(const struct window_spec *spec, int64_t time);
int64_t window_spec_end(const struct window_spec *spec, int64_t start);

// Appends the identity of a window: 1h/2023-09-12T00:00:00Z, 500n/1, all.
void window_spec_put_key(struct buf *b, const struct window_spec *spec, int64_t start);

// Appends a window as a JSON object: {"start":"2023-09-12T00:00:00Z","end":"2023-09-12T01:00:00Z"}.
// For the other kinds, start and end are null, and the times of the first and the last record
// follow, after the number if there is one:
// {"start":null,"end":null,"number":1,"first":"2023-09-12T00:45:51Z","last":"2023-09-12T00:46:20Z"}.
void window_spec_put_json(struct buf *b, const struct window_spec *spec, int64_t start,
                          int64_t first, int64_t last);

#endif
