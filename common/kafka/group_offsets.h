// SPDX-License-Identifier: BSD-2-Clause
//
// kafka_group: the offsets that a group has committed, as a mark, which has offsets, and the seq
// and run that are in the offsets' metadata (of the highest seq, where they differ; 0 and no run
// where there is none).
//
//     struct client reader;
//     group_offsets_open(&reader, &options.kafka, "g", &err);
//     code = group_offsets_read(&reader, &hello, 5000, &mark); // of the partitions that are in
//     hello client_release(&reader);
//
// They are read by rd_kafka_committed(). The admin call for it, ListConsumerGroupOffsets, aborts
// the process when the broker goes away meanwhile (issues 3663 and 4605 of librdkafka).
#ifndef KAFKA_GROUP_OFFSETS_H
#define KAFKA_GROUP_OFFSETS_H

#include "kafka/client.h"
#include "stream/mark.h"

// The position of a mark for committing, with its metadata. The caller destroys the list.
rd_kafka_topic_partition_list_t *group_offsets_of_mark(const struct mark *mark);

// The seq and run of the mark that was committed with an offset, where there is one and its seq is
// higher than *seq.
void group_offsets_newer_mark(const rd_kafka_topic_partition_t *entry, uint64_t *seq,
                              char run[MARK_RUN_SIZE]);

// A consumer that is there only to be asked for its group's offsets. Returns 0, or -1 with *err
// set; release it with client_release() in both cases.
int group_offsets_open(struct client *k, const struct config_options *options, const char *group,
                       struct err *err);

// Asks a consumer of the group for the offsets of the partitions of a mark, waiting up to
// timeout_ms for the broker, and for a transaction that is to change them. Without error *found,
// which holds nothing or another mark, is filled with the partitions that have an offset.
rd_kafka_resp_err_t group_offsets_read(struct client *k, const struct mark *partitions,
                                       int timeout_ms, struct mark *found);

#endif
