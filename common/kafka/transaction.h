// SPDX-License-Identifier: BSD-2-Clause
//
// kafka_transaction: what a producer writes between two marks, and the position of the second
// one, committed as one.
//
//     struct transaction t = {.client = &producer.client, .options = &options.kafka};
//     transaction_open(&t, &err);            // older producers of the name are fenced
//     transaction_check(&t, &hello, &err);   // nobody has moved on since hello
//     while (...) {
//         transaction_begin(&t, &err);       // before each record; begins one if none is
//         rd_kafka_produce(...);
//         transaction_commit(&t, &mark, &err);
//     }
//     transaction_release(&t);               // aborts one that is not committed
//
// After any failure the transaction is aborted and cannot go on: what was not committed is read
// again in the next run.
#ifndef KAFKA_TRANSACTION_H
#define KAFKA_TRANSACTION_H

#include <stdbool.h>
#include <stdint.h>

#include "kafka/client.h"
#include "stream/mark.h"

struct transaction {
    struct client *client;                // of a transactional producer
    const struct config_options *options; // that it was made with

    // What follows is the module's own.
    bool open, begun;
    char *group;
    struct mark committed; // the position that is
    int64_t committed_at;  // when
};

// Gets the producer its place, which ends what an older one of the same name has begun. Returns 0,
// or -1 with *err set.
int transaction_open(struct transaction *t, struct err *err);

// Compares what the group of a hello mark has committed, and of which mark, with where that begins;
// where the group has no offset yet, commits that of hello. Returns 0 when it is the same, or -1
// with *err set: EX_USAGE for a stream that cannot be committed in transactions, EX_TEMPFAIL when
// somebody else has moved on.
int transaction_check(struct transaction *t, const struct mark *hello, struct err *err);

// Begins a transaction unless one is. Returns 0, or -1 with *err set.
int transaction_begin(struct transaction *t, struct err *err);

// Whether committing a mark would change anything, or it is time to say that we are there.
bool transaction_is_due(const struct transaction *t, const struct mark *mark);

// Commits what was produced together with the position of the mark. Nothing must be under way. The
// partitions must be those of hello. Returns 0, or -1 with *err set.
int transaction_commit(struct transaction *t, const struct mark *mark, struct err *err);

void transaction_release(struct transaction *t);

#endif
