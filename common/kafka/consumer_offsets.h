// SPDX-License-Identifier: BSD-2-Clause
//
// consumer_offsets: the offsets at which a consumer starts and stops in each partition, and the
// offsets that it commits for its group.
//
//     struct consumer_offsets offsets = {.client = &client, .partitions = &set, .group = "g",
//                                        .range = range};
//     consumer_offsets_prepare(&offsets, list, &err);  // where each partition starts and stops
//     ... read and write records ...
//     consumer_offsets_commit_written(&offsets, true);
//
// The delivery guarantee (guarantee.h) decides which of the commits below are made, and when.
#ifndef KAFKA_CONSUMER_OFFSETS_H
#define KAFKA_CONSUMER_OFFSETS_H

#include <stdbool.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/err.h"
#include "base/metrics.h"
#include "kafka/client.h"
#include "kafka/group_offsets.h"
#include "kafka/offset_spec.h"
#include "kafka/partition.h"
#include "stream/mark.h"

struct consumer_offsets {
    struct client *client;
    struct partition_set *partitions;
    const char *group;         // NULL: no offsets are read or committed
    struct offset_range range; // range.from applies only where the group has no offset
    bool stop_at_end;          // stop at the end that a partition had when it was first assigned
    bool commits_nothing;      // read the group's offsets, but leave them as they are
    bool shared;               // the group's members share the topics' partitions

    // Set by consumer_offsets_prepare():
    uint64_t seq;             // the highest seq that was committed with the offsets; 0 for none
    char from[MARK_RUN_SIZE]; // the run of the mark with that seq; empty for none

    // How long commits took, and when the last one succeeded, by time_now(); 0 for never.
    struct metrics_durations commits;
    int64_t committed_at;
    int64_t asked_at; // for a commit without an answer, by time_monotonic(); 0 for none

    // The group's offsets as they were when the partitions were assigned, or as they were committed
    // since. The owner releases it.
    struct group_known known;
};

// Finds the offsets where each partition in the list starts and stops, marks the partition as
// assigned, and puts its start into the list. Returns 0, or -1 with *err set.
int consumer_offsets_prepare(struct consumer_offsets *o, rd_kafka_topic_partition_list_t *list,
                             struct err *err);

// Checks that the partition does not end before an offset up to which it was already read. Returns
// 0, or -1 with EX_CONFIG when it still ends before that offset after client->wait. That means that
// the topic was recreated or truncated.
int consumer_offsets_check_truncation(struct consumer_offsets *o, const struct partition *p,
                                      int64_t offset, struct err *err);

// Returns a list of the assigned partitions, without offsets. The caller destroys it.
rd_kafka_topic_partition_list_t *consumer_offsets_assigned(const struct consumer_offsets *o);

// Reads the group's offsets of the assigned partitions, for at most timeout_ms, and compares them
// with o->known; see group_known_compare(). Sets *code to the result of the reading. Returns 0, or
// -1 with *err set if the comparison failed.
int consumer_offsets_check(struct consumer_offsets *o, const struct group_allowed *allowed,
                           int timeout_ms, rd_kafka_resp_err_t *code, struct err *err);

// Returns whether written offsets of the assigned partitions are to be committed.
bool consumer_offsets_uncommitted(const struct consumer_offsets *o);

// Commits these offsets, if there are any. If `wait` is false, the client's offset_commit_cb
// receives the result.
rd_kafka_resp_err_t consumer_offsets_commit_written(struct consumer_offsets *o, bool wait);

// Counts the result of an asynchronous commit.
void consumer_offsets_committed(struct consumer_offsets *o, rd_kafka_resp_err_t code);

// Makes the next commit include the partitions in the list, whose last commit has failed.
void consumer_offsets_retry(struct consumer_offsets *o,
                            const rd_kafka_topic_partition_list_t *list);

// Commits the offsets of a mark for those of its partitions that are assigned, with the mark's seq
// and run as metadata. Sets *asked to whether there were any. If there were and `wait` is false,
// the client's offset_commit_cb receives the result. If it waits, o->known has the offsets then.
rd_kafka_resp_err_t consumer_offsets_commit_mark(struct consumer_offsets *o,
                                                 const struct mark *mark, bool wait, bool *asked);

// Commits the offsets where the assigned partitions start, before their first record is read. So a
// run after a crash starts there too, even if the start was given as "end". Returns 0, or -1 with
// *err set.
int consumer_offsets_commit_start(struct consumer_offsets *o, struct err *err);

#endif
