// SPDX-License-Identifier: BSD-2-Clause
//
// kafka_group: the offsets that a group has committed, as a mark, which has offsets, and the seq
// and run that are in the offsets' metadata (of the highest seq, where they differ; 0 and no run
// where there is none).
//
//     struct group_query q = {.kafka = &k, .group = "g"};
//     group_query_start(&q, &hello, true, 5000);      // of the partitions that are in hello
//     while (!group_query_take(&q, 100, &mark, &code))
//         ...
//     group_query_release(&q);
#ifndef COMMON_KAFKA_GROUP_H
#define COMMON_KAFKA_GROUP_H

#include <stdbool.h>

#include "kafka.h"
#include "mark.h"

// The position of a mark for committing, with its metadata. The caller destroys the list.
rd_kafka_topic_partition_list_t *kafka_offsets_of_mark(const struct mark *mark);

struct group_query {
    struct kafka *kafka;
    const char *group;
    rd_kafka_queue_t *queue; // the module's own; NULL when nothing is asked
};

// Asks for the offsets of the partitions of a mark, without waiting. stable: not before a
// transaction that is to change them is over. An earlier question is dropped.
void group_query_start(struct group_query *q, const struct mark *partitions, bool stable,
                       int timeout_ms);

// Whether it was asked and not answered yet.
bool group_query_pending(const struct group_query *q);

// Takes the answer, waiting up to wait_ms. Returns whether it has come: *code says how it went, and
// without error *found is filled with the partitions that have an offset.
bool group_query_take(struct group_query *q, int wait_ms, struct mark *found,
                      rd_kafka_resp_err_t *code);

void group_query_release(struct group_query *q);

#endif
