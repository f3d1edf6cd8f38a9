// SPDX-License-Identifier: BSD-2-Clause
//
// window_spec: how records are grouped into windows. The user writes it after --window:
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
// up to its end, but not the end itself. Windows start at multiples of the step (without a step, of
// the size) after 1970-01-01T00:00:00Z. So hours and days are those of UTC, and weeks start on a
// Thursday. Windows of records are numbered from 1, and have the number instead of a start.
#ifndef INSIGHT_WINDOW_SPEC_H
#define INSIGHT_WINDOW_SPEC_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum window_kind { WINDOW_TIME, WINDOW_RECORDS, WINDOW_ALL };

struct window_spec {
    const char *text; // as the user wrote it; borrowed
    enum window_kind kind;
    int64_t size, step; // of WINDOW_TIME; they are equal unless windows overlap
    uint64_t records;   // of WINDOW_RECORDS
    int64_t span;       // of WINDOW_RECORDS: the event times span less than this; 0 for no limit
};

// Parses a text into a spec, which borrows the text. Returns 0, or -1 with *err set (EX_USAGE).
int window_spec_parse(const char *text, struct window_spec *spec, struct err *err);

// Returns the start (or number) of the previous window, for WINDOW_TIME and WINDOW_RECORDS.
int64_t window_spec_previous(const struct window_spec *spec, int64_t start);

// Return the start of the last window that contains a time, and the end of a window. Only for
// WINDOW_TIME. If windows overlap, earlier windows may contain the time too: those that end after
// it.
int64_t window_spec_start(const struct window_spec *spec, int64_t time);
int64_t window_spec_end(const struct window_spec *spec, int64_t start);

// Appends the key of a window, such as 1h/2023-09-12T00:00:00Z, 500n/1 or all.
void window_spec_put_key(struct buf *b, const struct window_spec *spec, int64_t start);

// Appends a window as a JSON object: {"start":"2023-09-12T00:00:00Z","end":"2023-09-12T01:00:00Z"}.
// For the other kinds, start and end are null. They are followed by the number, if there is one,
// and by the times of the first and the last record:
// {"start":null,"end":null,"number":1,"first":"2023-09-12T00:45:51Z","last":"2023-09-12T00:46:20Z"}.
void window_spec_put_json(struct buf *b, const struct window_spec *spec, int64_t start,
                          int64_t first, int64_t last);

#endif
