// SPDX-License-Identifier: BSD-2-Clause
//
// resend: sends the lines of a refused batch again, in ever smaller parts, until those that the
// broker really refuses have been refused alone. Their neighbours are delivered.
//
// A broker refuses a whole batch because of a single record. The lines that follow the batch in
// their partition are called back and held, so that the order is kept.
//
//     struct resend r = {.batcher = &batcher, .halt = &producer.halt};
//     in each report:  if (resend_takes(&r, message)) return;  // this was not the last report
//     between lines:   resend_run(&r);
//     resend_release(&r);
#ifndef KAFKA_RESEND_H
#define KAFKA_RESEND_H

#include <stdbool.h>
#include <stddef.h>

#include "kafka/batcher.h"
#include "kafka/halt.h"

struct resend {
    struct batcher *batcher;
    struct halt *halt; // NULL: takes no line, since a refused batch ends a transaction

    // The members below are private.
    rd_kafka_message_t *held;
    size_t count, capacity;
    bool found; // a line was refused alone
    // All lines of the present call of resend_run().
    rd_kafka_message_t *message;
    size_t total;
    int refusals; // since the client was opened
    bool running;
};

// Takes a reported message if it will be sent again: its batch was refused, or it was called back.
// Returns whether it did.
bool resend_takes(struct resend *r, const rd_kafka_message_t *message);

// Sends again what was taken. Waits for refused lines, but not for those that follow them. Does
// nothing within its own call, which the batcher's waiting() may cause.
void resend_run(struct resend *r);

// Gives the lines that it has to the batcher's unsent().
void resend_drop(struct resend *r);

// All lines must be gone.
void resend_release(struct resend *r);

#endif
