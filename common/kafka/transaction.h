// SPDX-License-Identifier: BSD-2-Clause
//
// transaction: makes one Kafka transaction after another. Each contains lines and the offsets of
// the mark that follows them. There may be other marks among the lines.
//
//     struct transaction t = {.client = &producer.client, .options = &options.kafka};
//     transaction_open(&t, &err);            // fences older producers of the same id
//     transaction_check(&t, &hello, &err);   // no other pipeline has moved the group's offsets
//     while (...) {
//         transaction_begin(&t, &err);       // before each line; does nothing in a transaction
//         rd_kafka_produce(...);
//         transaction_commit(&t, &mark, &err);
//     }
//     transaction_release(&t);               // aborts an open transaction
//
// After any failure the transaction is aborted and the stage must end. The next run reads again the
// records that were not committed.
#ifndef KAFKA_TRANSACTION_H
#define KAFKA_TRANSACTION_H

#include <stdbool.h>
#include <stdint.h>

#include "kafka/client.h"
#include "kafka/group_offsets.h"
#include "stream/mark.h"

struct transaction {
    struct client *client;                // a transactional producer
    const struct config_options *options; // of the client

    // The members below are private.
    bool open, begun;
    char *group;
    struct buf topics;         // of the hello mark, for messages
    struct client_needs needs; // to read or commit the group's offsets
    struct client reader;      // reads the group's offsets
    struct group_known known;  // as this pipeline has left them
    bool shared;               // the broker fences `member`, so nobody else can commit
    rd_kafka_consumer_group_metadata_t *member; // for which offsets are committed
    struct mark committed;                      // the last committed mark
    int64_t committed_at;                       // a time_monotonic()
};

// Initializes the producer's transactions. This fences older producers with the same id and aborts
// their open transaction. Returns 0, or -1 with *err set.
int transaction_open(struct transaction *t, struct err *err);

// Checks that the hello mark has the offsets that the group has committed, and continues from the
// mark that was committed with them. Then, if a partition has no committed offset, commits the
// hello mark's offsets. If the source shares partitions, does nothing of this: the source has read
// the offsets as a member of the group, and the broker accepts commits of members only. Returns 0,
// or -1 with *err set: EX_TEMPFAIL when another pipeline has moved the offsets, EX_CONFIG when they
// are gone.
int transaction_check(struct transaction *t, const struct mark *hello, struct err *err);

// Commits for other partitions from now on, as the member of the group that the assign mark names.
// Returns 0, or -1 with EX_DATAERR if the mark is malformed.
int transaction_assign(struct transaction *t, const struct mark *assign, struct err *err);

// Begins a transaction, unless one is open. Returns 0, or -1 with *err set.
int transaction_begin(struct transaction *t, struct err *err);

// Returns whether there is something to commit at a mark: lines, other offsets, or the same offsets
// again after 30 s, which keeps the group's offsets from expiring.
bool transaction_has_work(const struct transaction *t, const struct mark *mark);

// Commits the produced lines together with the mark's offsets. No line may be in flight when it is
// called. For fixed partitions, first reads the group's offsets again. Returns 0, or -1 with *err
// set: EX_DATAERR when the mark's partitions are not those of the hello mark or of the last assign
// mark, EX_TEMPFAIL when another pipeline has committed since the last commit, or when the group
// has given shared partitions to another member, EX_CONFIG when the offsets are gone.
int transaction_commit(struct transaction *t, const struct mark *mark, struct err *err);

// Returns why a line of the open transaction has failed. Once a request was refused, librdkafka
// gives up the other lines of the transaction, and their own errors (`code`) only say that.
rd_kafka_resp_err_t transaction_cause(const struct transaction *t, rd_kafka_resp_err_t code);

// Aborts an open transaction.
void transaction_release(struct transaction *t);

#endif
