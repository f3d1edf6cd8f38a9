// SPDX-License-Identifier: BSD-2-Clause
//
// consumer: reads partitions, a fixed set or as a member of a group, with bounds on prefetching and
// on where to stop.
//
// Records come through a queue of their own; rebalances and errors come through the client's. So
// consumer_serve() keeps the membership of the group alive while records wait for a slow reader.
//
//     struct consumer c = {.ops = ops, .ctx = tool, .offsets = {.group = "g"}};
//     consumer_init(&c, &options.kafka, defaults, &err);
//     consumer_start(&c, &topics, ids, id_count, &err);
//     while (!consumer_done(&c))
//         consumer_poll(&c, 100, &err); // calls ops.record() for each record
//     consumer_close(&c);
//     consumer_release(&c);
//
// The consumer commits nothing by itself: the owner commits c.offsets, when its delivery guarantee
// (guarantee.h) says so.
#ifndef KAFKA_CONSUMER_H
#define KAFKA_CONSUMER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/line.h"
#include "kafka/client.h"
#include "kafka/consumer_offsets.h"
#include "kafka/offset_spec.h"
#include "kafka/partition.h"
#include "kafka/value.h"

struct consumer_ops {
    // One record, numbered from 1. The line may contain newlines; see consumer_join_lines().
    // Returns 0, or -1 to stop reading. It may call consumer_yield().
    int (*record)(void *ctx, struct partition *p, const struct line *line);

    // Partitions have been assigned and none of their records read yet. Returns 0, or -1 with *err
    // set.
    int (*begin)(void *ctx, struct err *err);

    // Partitions are about to be revoked: the last chance to write out and commit what was read of
    // them. With blocked, the owner is in consumer_serve() and cannot write. With lost, another
    // member may own them already, so that no commit is possible. Returns 0 or -1.
    int (*revoke)(void *ctx, bool blocked, bool lost);

    // The result of a commit of these offsets that was not waited for.
    void (*committed)(void *ctx, rd_kafka_resp_err_t code,
                      const rd_kafka_topic_partition_list_t *list);
};

struct consumer {
    struct consumer_ops ops;
    void *ctx;
    uint64_t max_line;     // bytes; of longer values, the record has only the beginning
    int64_t shard, shards; // read only this share of each topic; 0/0 for all

    // The owner sets group, range and stop_at_end.
    struct consumer_offsets offsets;

    // What follows is the consumer's own.
    struct client client;
    struct partition_set partitions;
    rd_kafka_queue_t *messages;
    struct value value;
    uint64_t records;      // read so far
    struct opt_list names; // of the topics that match a pattern
    bool assigned;         // by the group, possibly no partition
    bool serving;          // within consumer_serve()
    bool stopped;          // ops.record() returned -1
    bool closing;          // within consumer_close()
};

// Returns 0, or -1 with *err set. defaults are those of config_new().
int consumer_init(struct consumer *c, const struct config_options *options,
                  const struct config_setting *defaults, struct err *err);

// Begins to read the topics; one that begins with ^ is a pattern. With a group, and neither ids nor
// shards, it shares the partitions with the group's members. Otherwise it reads a fixed set: all
// partitions, those with the given ids, or a share. Returns 0, or -1 with *err set.
int consumer_start(struct consumer *c, const struct opt_list *topics, const int32_t *ids,
                   int id_count, struct err *err);

// Passes records to ops.record(), waiting up to timeout_ms for the first. Returns 0; -1 with *err
// set after an error; or -1 with err->status EX_OK when ops.record() returned -1.
int consumer_poll(struct consumer *c, int timeout_ms, struct err *err);

// For use in ops.record(): ends the current consumer_poll() after this record.
void consumer_yield(struct consumer *c);

// Joins the lines of the current record, which must be valid JSON, into one.
void consumer_join_lines(struct consumer *c, struct line *line);

// Serves rebalances and errors, but no records, while the owner is blocked.
void consumer_serve(struct consumer *c);

// Whether all partitions have reached their stop.
bool consumer_done(const struct consumer *c);

// Stops reading and leaves the group, without calling ops.revoke(). The consumer can then only be
// released.
void consumer_close(struct consumer *c);
void consumer_release(struct consumer *c);

#endif
