// SPDX-License-Identifier: BSD-2-Clause
//
// kafka_consumer: reading partitions, by assignment or as a member of a group, with bounds on
// what is prefetched and on where to end.
//
// Messages come through a queue of their own, rebalances and errors through the client's. So the
// latter can be served, and membership of the group kept, while messages wait for a slow reader.
//
//     struct consumer c = {.ops = &ops, .ctx = tool, .group = "g", .range = range};
//     consumer_init(&c, &options.kafka, defaults, &err);
//     consumer_subscribe(&c, topics, &err) or consumer_assign(&c, topics, ids, count, &err);
//     while (!consumer_done(&c))
//         consumer_poll(&c, 100, &err);         // calls ops->message for each
//     consumer_close(&c, &err);                 // commits what is marked as written
//
// Offsets are committed (with a group) only for what the owner has declared written by
// partitions_written(). With owner_commits nothing is, but for where a group without offsets
// begins, and not even that with others_commit and an assignment; the owner commits the position of
// a mark by consumer_commit_mark().
#ifndef KAFKA_CONSUMER_H
#define KAFKA_CONSUMER_H

#include <stdbool.h>
#include <stdint.h>

#include "kafka/client.h"
#include "kafka/offset_spec.h"
#include "kafka/partition.h"
#include "stream/mark.h"

struct consumer_ops {
    // One message. Returns 0, or -1 to stop reading. It may call consumer_yield().
    int (*message)(void *ctx, struct partition *p, const rd_kafka_message_t *message);

    // Partitions are about to be given up: write out what has been read, now, unless blocked is
    // set, which says that the owner is in consumer_serve(). With owner_commits, commit it too,
    // and forget what has not been; not possible any more when lost is set. Returns 0 or -1.
    int (*give_up)(void *ctx, bool blocked, bool lost);

    // The result of a consumer_commit_mark() that was not waited for. NULL without owner_commits.
    void (*committed)(void *ctx, rd_kafka_resp_err_t code);
};

struct consumer {
    const struct consumer_ops *ops;
    void *ctx;
    const char *group;         // NULL: nothing is committed
    struct offset_range range; // from: only where the group has no offset
    bool stop_at_end;          // as it is when the partition is first seen
    int64_t shard, shards;     // for consumer_assign(): only this share of each topic; 0 for all
    bool owner_commits;        // by consumer_commit_mark(), or somebody else does
    bool others_commit;        // with owner_commits: it is somebody else

    // What follows is the consumer's own.
    struct kafka kafka;
    struct partition_set partitions;
    rd_kafka_queue_t *messages;
    struct opt_list names; // of topics that a pattern stood for
    bool subscribed;
    bool assigned;            // by the group, possibly with nothing
    bool serving;             // in consumer_serve()
    bool stopped;             // ops->message has said so
    uint64_t seq;             // the highest that was committed with the offsets where it begins
    char from[MARK_RUN_SIZE]; // and the run that it is of; empty for none
};

// Returns 0, or -1 with *err set. defaults are those of kafka_conf_new().
int consumer_init(struct consumer *c, const struct kafka_options *options,
                  const struct kafka_setting *defaults, struct err *err);

// Joins the group and shares the topics' partitions with its members. A topic that begins with ^
// is a pattern.
int consumer_subscribe(struct consumer *c, const struct opt_list *topics, struct err *err);

// Reads all partitions of the topics, or those of the given ids.
int consumer_assign(struct consumer *c, const struct opt_list *topics, const int32_t *ids,
                    int id_count, struct err *err);

// Hands over messages, waiting up to timeout_ms for the first. Returns 0; -1 with *err set after
// an error, or with err->status EX_OK when ops->message has returned -1.
int consumer_poll(struct consumer *c, int timeout_ms, struct err *err);

// From ops->message: end this consumer_poll() after this message.
void consumer_yield(struct consumer *c);

// Serves rebalances and errors, but no messages: for use while the owner is blocked.
void consumer_serve(struct consumer *c);

// Whether all partitions have come to where they shall end.
bool consumer_done(const struct consumer *c);

// Commits what is written, without waiting for the answer.
void consumer_commit(struct consumer *c);

// Fills at with the next offset to read of every partition that is assigned.
void consumer_position(const struct consumer *c, struct mark *mark);

// Commits the position of a mark for the partitions that are assigned, with its seq and run as
// metadata. Without waiting, the result comes by ops->committed when something was to be committed
// (then true is put into *asked); returns no error then.
rd_kafka_resp_err_t consumer_commit_mark(struct consumer *c, const struct mark *mark, bool wait,
                                         bool *asked);

// Commits what is written, waiting for it, and leaves the group. Returns 0, or -1 with *err set
// when the commit failed. The consumer can then only be released.
int consumer_close(struct consumer *c, struct err *err);
void consumer_release(struct consumer *c);

// Within the module, in kafka_progress.c:

// Finds where each partition of the list begins and ends, and puts the beginning into the list.
int consumer_prepare(struct consumer *c, rd_kafka_topic_partition_list_t *list, struct err *err);

// Returns -1 with EX_CONFIG in *err when the partition does not reach to an offset that was read
// before, not within kafka->wait either: it was recreated, or cut off.
int consumer_check_reach(struct consumer *c, const struct partition *p, int64_t offset,
                         struct err *err);

// Commits what is written of the partitions that are assigned.
rd_kafka_resp_err_t consumer_commit_written(struct consumer *c, bool wait);

// Takes the result of a commit that was not waited for.
void consumer_on_commit(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                        rd_kafka_topic_partition_list_t *list, void *opaque);

#endif
