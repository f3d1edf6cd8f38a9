// SPDX-License-Identifier: BSD-2-Clause
//
// shared_set: which partitions a consumer reads when the members of its group share them. Takes
// what the group assigns, and gives up what it revokes.
//
//     struct shared_set set = {.ops = ops, .ctx = owner, .client = &client, .offsets = &offsets,
//                              .topics = &counts, .messages = queue, .names = &topics};
//     shared_set_rebalance(&set, code, list); // in the client's rebalance_cb
//     ...
//     shared_set_release(&set);
#ifndef KAFKA_SHARED_SET_H
#define KAFKA_SHARED_SET_H

#include <stdbool.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/err.h"
#include "base/opt.h"
#include "kafka/client.h"
#include "kafka/consumer_offsets.h"
#include "stream/topic_counts.h"

struct shared_set_ops {
    // Returns whether the owner still reads partitions.
    bool (*reads)(void *ctx);

    // Called when partitions have been assigned, before any of their records is read. Returns 0, or
    // -1 with *err set.
    int (*begin)(void *ctx, struct err *err);

    // Called before partitions are given up. If `lost` is true, another member may already own
    // them.
    void (*revoke)(void *ctx, bool lost);
};

struct shared_set {
    // The owner sets these.
    struct shared_set_ops ops;
    void *ctx;
    struct client *client;            // fails if an assignment cannot be taken
    struct consumer_offsets *offsets; // of the group
    rd_kafka_queue_t *messages;       // receives the records
    const struct opt_list *names;     // the topics; one that begins with ^ is a pattern
    bool keeps;                       // another process commits: find `member` and *topics
    struct topic_counts *topics;      // receives how many partitions the topics have

    // Set by shared_set_rebalance():
    bool assigned;       // the set is valid; it may be empty
    uint64_t assignment; // grows with each change
    char *member;        // the membership with which the partitions' offsets can be committed; see
                         // membership.h. NULL if there is none

    // The members below are private.
    bool handling;                         // a rebalance
    bool is_next;                          // another rebalance follows:
    rd_kafka_topic_partition_list_t *next; // its assigned partitions; NULL if it revokes them
};

// Handles a rebalance: code and list are those of the rebalance_cb. If another one comes meanwhile,
// only the last one counts.
void shared_set_rebalance(struct shared_set *set, rd_kafka_resp_err_t code,
                          const rd_kafka_topic_partition_list_t *list);

void shared_set_release(struct shared_set *set);

#endif
