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
// Which of the commits below are made, and when, is up to the delivery guarantee (guarantee.h).
#ifndef KAFKA_CONSUMER_OFFSETS_H
#define KAFKA_CONSUMER_OFFSETS_H

#include <stdbool.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/err.h"
#include "kafka/client.h"
#include "kafka/offset_spec.h"
#include "kafka/partition.h"
#include "stream/mark.h"

struct consumer_offsets {
    struct client *client;
    struct partition_set *partitions;
    const char *group;         // NULL: no offsets are read or committed
    struct offset_range range; // range.from applies only where the group has no offset
    bool stop_at_end;          // stop at the end as it is when the partition is first seen
    bool shared;               // the group's members share the topics' partitions

    // Set by consumer_offsets_prepare():
    uint64_t seq;             // the highest mark among the committed offsets; 0 for none
    char from[MARK_RUN_SIZE]; // the run of that mark; empty for none
};

// Finds the start and the stop of each partition in the list, marks it as assigned, and puts its
// start into the list. Returns 0, or -1 with *err set.
int consumer_offsets_prepare(struct consumer_offsets *o, rd_kafka_topic_partition_list_t *list,
                             struct err *err);

// Checks that the partition still reaches up to an offset that was read before. Returns 0, or -1
// with EX_CONFIG when it stays shorter for as long as client->wait: the topic was recreated or
// truncated.
int consumer_offsets_check_truncation(struct consumer_offsets *o, const struct partition *p,
                                      int64_t offset, struct err *err);

// Appends to the mark the next offset of each assigned partition.
void consumer_offsets_position(const struct consumer_offsets *o, struct mark *mark);

// Commits the written offsets of the assigned partitions. Without wait, the result comes through
// the client's offset_commit_cb.
rd_kafka_resp_err_t consumer_offsets_commit_written(struct consumer_offsets *o, bool wait);

// Makes the offsets in the list, whose commit has failed, part of the next commit.
void consumer_offsets_retry(struct consumer_offsets *o,
                            const rd_kafka_topic_partition_list_t *list);

// Commits the offsets of a mark for those of its partitions that are assigned, with the mark's seq
// and run as metadata. *asked says whether there were any; without wait, the result then comes
// through the client's offset_commit_cb.
rd_kafka_resp_err_t consumer_offsets_commit_mark(struct consumer_offsets *o,
                                                 const struct mark *mark, bool wait, bool *asked);

// Commits the starts of the assigned partitions before their first record is read, so that a crash
// does not move a start such as "end". Returns 0, or -1 with *err set.
int consumer_offsets_commit_start(struct consumer_offsets *o, struct err *err);

#endif
