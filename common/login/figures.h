// SPDX-License-Identifier: BSD-2-Clause
//
// figures: how many records a pipeline and all of its members have handled, and how far behind it
// is, out of the metrics of their stages; in words for a person.
//
//     struct figures now = {0}, before = {0};
//     figures_update(&now, members, count, &merged);
//     ... // later
//     before = now;
//     figures_update(&now, members, count, &merged_anew);
//     figures_put_line(&now, &before, 60 * MS_SECOND, time_now(), &b);
//
// appends
//
//     72,000 records in the last minute (1,200/s): 71,300 clean, 700 rejected, 0 late; lag 3,400;
//     watermark 2026-11-22T10:00:00Z, 12 s behind
#ifndef LOGIN_FIGURES_H
#define LOGIN_FIGURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/metrics_merge.h"

enum figures_counter {
    FIGURES_CAME, // read by kcat-in
    FIGURES_CLEAN,
    FIGURES_REJECTED,
    FIGURES_LATE,
    FIGURES_FILTERED,
    FIGURES_UNDELIVERED,
    FIGURES_COUNTERS
};

struct figures_member {
    const char *name; // the label "member"
    bool merges;      // reads partials, and not records
    // Private: what its stages have counted. Their counters begin at 0 again after a restart.
    double seen[FIGURES_COUNTERS];
};

struct figures {
    double counter[FIGURES_COUNTERS]; // since the beginning; they never go back
    double restarts, lag;
    int64_t watermark; // ms since 1970
    bool partials;     // the members read partials only, so these are counted
    bool has_lag, has_watermark;
    bool no_broker; // a stage says that none is reachable
};

// Takes new metrics. If there are no records in them, as while a pipeline starts, the counters
// stay.
void figures_update(struct figures *f, struct figures_member *members, size_t count,
                    const struct metrics_merge *metrics);

// Appends what has happened in `ms` since `before`, and how things are. `clock` is the time now, in
// ms since 1970.
void figures_put_line(const struct figures *now, const struct figures *before, int64_t ms,
                      int64_t clock, struct buf *b);

// Appends a short form of it: "1,200 records/s, lag 3,400, 2 restarts".
void figures_put_status(const struct figures *now, const struct figures *before, int64_t ms,
                        struct buf *b);

#endif
