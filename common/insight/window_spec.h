// SPDX-License-Identifier: BSD-2-Clause
//
// window: what a window over the records is, as the user writes it.
//
//     1h      one window after the other, an hour each
//     1h/5m   windows of an hour, a new one every five minutes: each record is in twelve
//     500n    one window after the other, 500 records each, in the order in which they come
//     500n,30s    the same, but a window also ends before a record that would make its times 30
//                 seconds or more apart: a batch
//     all     one window over everything
//
// Times are milliseconds as in datetime.h. A window holds the times from its start up to, but not
// including, its end, and starts at a multiple of its length (or of the step) since
// 1970-01-01T00:00:00Z: hours and days are those of UTC, weeks start on a Thursday.
// Windows of records are numbered from 1, and the number stands where others have their start.
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
    int64_t span;       // of WINDOW_RECORDS: its times are less than this apart; 0 for any
};

// Returns 0, or -1 with *err set (EX_USAGE). The spec borrows the text.
int window_parse(const char *text, struct window_spec *spec, struct err *err);

// The start of the window before.
int64_t window_previous(const struct window_spec *spec, int64_t start);

// For WINDOW_TIME: the start of the last window that holds a time. Those before it hold it too as
// long as window_end() is beyond it.
int64_t window_start(const struct window_spec *spec, int64_t time);
int64_t window_end(const struct window_spec *spec, int64_t start);

// Appends what tells the window from all others: "1h/2023-09-12T00:00:00Z", "500n/1", "all".
void window_put_key(struct buf *b, const struct window_spec *spec, int64_t start);

// Appends {"start":"2023-09-12T00:00:00Z","end":"2023-09-12T01:00:00Z"}; with nulls for windows
// that time does not bound, then "number":1 where they are numbered, and then the times of the
// first and the last record: "first":"2023-09-12T00:45:51Z","last":"2023-09-12T00:46:20Z".
void window_put_json(struct buf *b, const struct window_spec *spec, int64_t start, int64_t first,
                     int64_t last);

#endif
