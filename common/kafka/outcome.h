// SPDX-License-Identifier: BSD-2-Clause
//
// kafka_outcome: what becomes of each line that was handed to kafka_delivery.h. A line ends as
// delivered, as a reject with the broker's reason, or as undelivered; it is counted and kept
// accordingly.
//
//     struct outcome o = {.stream = s, .kafka = &delivery.producer.kafka};
//     outcome_open(&o, "later.ndjson", &err);
//     if (outcome_take(&o, report))  // in delivery_ops.report
//         ...write a reject...
//     outcome_close(&o, &err);       // behind delivery_abandon()
//     outcome_release(&o);
//
// In transactions a line counts as out when it is committed, and one that the broker has not taken
// ends the transaction: the next mark would commit that it is done.
#ifndef KAFKA_OUTCOME_H
#define KAFKA_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/out.h"
#include "kafka/delivery.h"
#include "stream/stream.h"

struct outcome {
    struct stream *stream; // whose ledger counts the lines
    struct kafka *kafka;   // fails when a transaction is spoilt
    bool transactions;

    // For reading: of the first line that was not delivered. EX_OK when there is none.
    int status;
    char why[256];

    // What follows is the module's own.
    uint64_t uncommitted; // lines that were delivered in the transaction
    const char *file;     // for lines that are not delivered; NULL for none
    struct out undelivered;
};

// The file is appended to; NULL for none. Returns 0, or -1 with *err set; release it in both cases.
int outcome_open(struct outcome *o, const char *file, struct err *err);
void outcome_release(struct outcome *o);

// Counts a line. Returns whether it is to become a reject, which the caller writes and counts.
bool outcome_take(struct outcome *o, const struct delivery_report *report);

// The transaction is committed.
void outcome_commit(struct outcome *o);

// Says how many lines were not delivered, if any, and closes the file. Returns 0, or -1 with *err
// set.
int outcome_close(struct outcome *o, struct err *err);

#endif
