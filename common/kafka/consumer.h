// SPDX-License-Identifier: BSD-2-Clause
//
// consumer: reads partitions, which are either a fixed set or those that a group assigns to this
// member. Each partition has an offset at which reading starts, and may have one at which it stops.
//
// Records arrive in a queue of their own; rebalances and errors arrive in the client's queue. So
// consumer_serve() can keep the group membership alive while the records wait for a slow reader.
//
//     struct consumer c = {.ops = ops, .ctx = tool, .offsets = {.group = "g"}};
//     consumer_init(&c, &options.kafka, defaults, &err);
//     consumer_start(&c, &topics, &err);
//     while (!consumer_done(&c))
//         consumer_poll(&c, 100, &err); // calls ops.record() for each record
//     consumer_close(&c);
//     consumer_release(&c);
//
// The consumer commits nothing by itself. The delivery guarantee (guarantee.h) commits c.offsets.
#ifndef KAFKA_CONSUMER_H
#define KAFKA_CONSUMER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/line.h"
#include "base/rate.h"
#include "kafka/client.h"
#include "kafka/consumer_offsets.h"
#include "kafka/fixed_set.h"
#include "kafka/message_origin.h"
#include "kafka/offset_spec.h"
#include "kafka/partition.h"
#include "kafka/refill.h"
#include "kafka/shared_set.h"
#include "kafka/value.h"
#include "stream/topic_counts.h"

struct consumer_ops {
    // Called for each record. line->number counts the records from 1. The line may contain
    // newlines; see consumer_join_lines(). Returns 0, or -1 to stop reading. May call
    // consumer_yield().
    int (*record)(void *ctx, struct partition *p, const struct line *line);

    // Called when partitions have been assigned, before any of their records is read. Returns 0, or
    // -1 with *err set.
    int (*begin)(void *ctx, struct err *err);

    // Called after the group has changed the assigned partitions, before the next record is read,
    // when the owner can write. There may be no partitions. Returns 0, or -1 to stop reading. May
    // be NULL.
    int (*assigned)(void *ctx);

    // Called before partitions are revoked. This is the last chance to write out and commit what
    // was read from them. If `blocked` is true, the owner is in consumer_serve() and cannot write.
    // If `lost` is true, another member may already own the partitions, so nothing can be
    // committed. Returns 0, or -1 to stop reading.
    int (*revoke)(void *ctx, bool blocked, bool lost);

    // Called with the result of an asynchronous commit of these offsets.
    void (*committed)(void *ctx, rd_kafka_resp_err_t code,
                      const rd_kafka_topic_partition_list_t *list);
};

struct consumer {
    struct consumer_ops ops;
    void *ctx;
    uint64_t max_line; // bytes; see value_read()
    struct rate rate;  // of the records that are passed on; the owner sets count and period

    // One of the two is used. The owner sets what the fixed set is, and whether the shared one
    // keeps its partitions within consumer_serve().
    struct fixed_set set;
    struct shared_set shared;

    // The owner sets group, range and stop_at_end.
    struct consumer_offsets offsets;

    // Set by consumer_start(): the canonical name of the set of partitions, if the set is fixed;
    // see partition_list_name(). NULL if the group's members share the partitions.
    char *share;
    // The topics of which all partitions are read, by this consumer or by others of the group or of
    // the other shares. None if the ids were given.
    struct topic_counts topics;

    // The members below are private.
    struct client client;
    struct partition_set partitions;
    rd_kafka_queue_t *messages;
    const rd_kafka_message_t *message; // the current record
    struct refill refill;
    struct value value;
    struct message_origin origin;
    uint64_t records;          // read so far
    struct buf topic_names;    // as they were given, for messages
    uint64_t announced;        // the assignment of which ops.assigned() knows
    uint64_t due;              // with a rate: records that this consumer_poll() may still pass on
    rd_kafka_queue_t *nothing; // always empty
    bool serving;              // within consumer_serve()
    bool stopped;              // ops.record() returned -1
    bool closing;              // consumer_close() or consumer_release() was called
};

// Returns 0, or -1 with *err set. defaults are those of config_new().
int consumer_init(struct consumer *c, const struct config_options *options,
                  const struct config_setting *defaults, struct err *err);

// Begins to read the topics. A topic that begins with ^ is a pattern. If there is a group, but no
// ids and no shards, the consumer shares the partitions with the group's other members. Otherwise
// it reads a fixed set: all partitions, those with the given ids, or those of its shard. If there
// is a group, its shard may be empty: the consumer then waits for partitions that are added.
// Borrows the topics.
// Returns 0, or -1 with *err set.
int consumer_start(struct consumer *c, const struct opt_list *topics, struct err *err);

// Passes records to ops.record(), and waits up to timeout_ms for the first one. With a rate, it
// passes on those that are due, and else handles rebalances and errors while it waits. Returns 0,
// or -1 with *err set after an error. When a callback has asked to stop, it returns -1 with
// err->status EX_OK.
int consumer_poll(struct consumer *c, int timeout_ms, struct err *err);

// Ends the current consumer_poll() after this record. Only ops.record() may call it.
void consumer_yield(struct consumer *c);

// Returns the current record's timestamp in Kafka, in ms since 1970, or -1 if it has none. Only
// ops.record() may call it.
int64_t consumer_timestamp(const struct consumer *c);

// Returns the current record. Only ops.record() may call it.
static inline const rd_kafka_message_t *consumer_message(const struct consumer *c)
{
    return c->message;
}

// Returns whether the line stands for the value of a tombstone: the current record has no value,
// and no filter has made another line of it. Only ops.record() may call it.
static inline bool consumer_is_tombstone(const struct consumer *c, const struct line *line)
{
    return c->message->payload == NULL && line->data == c->value.text.data;
}

// Joins the lines of the current record into one; see value_join().
static inline size_t consumer_join_lines(struct consumer *c, const struct line *line)
{
    return value_join(&c->value, line);
}

// Handles rebalances and errors, but passes on no records. Call it while the owner is blocked. If
// c->shared.keeps is set, it only keeps the membership of the group alive: the group's other
// members wait until the owner calls consumer_poll() again, for max.poll.interval.ms at most.
void consumer_serve(struct consumer *c);

// Returns whether partitions that belong to the fixed set were added to a topic, and puts a message
// into *err. Call it often. It asks the broker every ten seconds, or as often as
// topic.metadata.refresh.interval.ms says if that is more often. A list of ids does not grow. A
// group assigns added partitions itself.
bool consumer_grown(struct consumer *c, struct err *err);

// Returns whether all partitions have been read up to the offset where they stop. If they stop
// nowhere, the answer is always false.
bool consumer_done(const struct consumer *c);

// Stops reading and leaves the group, without calling ops.revoke(). The consumer can then only be
// released.
void consumer_close(struct consumer *c);

// Frees everything. May be called without consumer_close(); it does not call ops.revoke() either.
void consumer_release(struct consumer *c);

#endif
