// SPDX-License-Identifier: BSD-2-Clause
//
// ledger: what became of every record of a stage, so that nothing can vanish.
//
//     in + made = out + filtered + rejected + late + aggregated + undelivered
//
// holds at every exit, and what one stage has under `out` the next has under `in`. Lines that
// only pass (rejects of earlier stages, in-band) are in neither; they are under `passed`.
#ifndef STREAM_LEDGER_H
#define STREAM_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "stream/mark.h"
#include "stream/tally.h"

struct ledger {
    uint64_t in;              // records taken
    uint64_t made;            // records that the stage added: jq with several outputs, insights
    uint64_t out;             // records written to stdout, or delivered
    uint64_t filtered;        // dropped by the jq program
    uint64_t rejected;        // written as rejects
    uint64_t late;            // too late for their window; they are kept among the rejects
    uint64_t aggregated;      // taken up into insights and not passed on
    uint64_t undelivered;     // accepted and then neither written nor delivered: the exit is not 0
    uint64_t passed;          // rejects of earlier stages, passed on untouched
    uint64_t marks;           // passed, made or taken
    char run[MARK_RUN_SIZE];  // that the marks are of; empty without them
    uint64_t bytes_in;        // of the lines that were read, without their newlines
    uint64_t bytes_out;       // written to stdout, or delivered
    struct tally by_reason;   // of rejected and late
    struct tally filled;      // by field: what loginclean filled in
    struct tally filled_from; // by why or whence
    int64_t started;          // time_monotonic() at the start
};

// Appends the ledger as one JSON object, without a newline.
void ledger_format(const struct ledger *l, const char *tool, struct buf *b);

#endif
