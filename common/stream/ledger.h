// SPDX-License-Identifier: BSD-2-Clause
//
// ledger: counts what became of each record of a stage, to prove that none was lost:
//
//     in + made = out + filtered + rejected + late + aggregated + undelivered
//
// This holds whenever a stage exits, and `out` of one stage equals `in` of the next. In-band
// rejects of earlier stages that are passed on count only as `passed`.
//
//     struct buf b = BUF_INIT;
//     ledger_format(&ledger, "loginclean", &b); // {"tool":"loginclean","in":1000,...}
//     ledger_put_metrics(&ledger, &metrics);    // the same numbers for Prometheus
#ifndef STREAM_LEDGER_H
#define STREAM_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/metrics.h"
#include "stream/mark.h"
#include "stream/tally.h"

struct ledger {
    // Records
    uint64_t in;         // read
    uint64_t made;       // added by the stage: insights, and a jq program's outputs after the first
    uint64_t out;        // written to stdout, or delivered
    uint64_t filtered;   // dropped by the jq program
    uint64_t rejected;   // written as rejects
    uint64_t late;       // too late for their window; written as rejects
    uint64_t aggregated; // counted in insights and not passed on
    uint64_t undelivered; // neither written nor delivered; then the exit status is not 0

    uint64_t passed;          // rejects of earlier stages, passed on unchanged
    uint64_t marks;           // read or written
    char run[MARK_RUN_SIZE];  // the run of the marks; empty if there are none
    uint64_t bytes_in;        // of the lines read, without their newlines
    uint64_t bytes_out;       // written to stdout, or delivered
    struct tally by_reason;   // rejected and late, by reason
    struct tally filled;      // the fields that loginclean filled in, by name
    struct tally filled_from; // by what was there before, and by where the value came from
    int64_t started;          // time_monotonic() at the start

    // Appends the members that only one stage has, after these. NULL if it has none.
    void (*put_more)(void *ctx, struct buf *b);
    void *ctx; // for put_more
};

// Appends the ledger as one JSON object, without a newline.
void ledger_format(const struct ledger *l, const char *tool, struct buf *b);

// Appends the ledger as metrics.
void ledger_put_metrics(const struct ledger *l, struct metrics *m);

#endif
