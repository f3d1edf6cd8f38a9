// SPDX-License-Identifier: BSD-2-Clause
//
// group_offsets: reads a group's committed offsets into a mark. The mark lists the partitions that
// have an offset. Its seq and run come from the offset whose metadata has the highest seq. Without
// metadata, seq is 0 and run is empty.
//
//     struct client reader;
//     group_offsets_open(&reader, &options.kafka, "g", &err);
//     code = group_offsets_read(&reader, &hello, 5000, &found); // of the partitions in hello
//     client_release(&reader);
//
// rd_kafka_committed() reads them. The admin request ListConsumerGroupOffsets would abort the
// process if the broker disconnected meanwhile (librdkafka issues 3663 and 4605).
#ifndef KAFKA_GROUP_OFFSETS_H
#define KAFKA_GROUP_OFFSETS_H

#include "kafka/client.h"
#include "stream/mark.h"

// Returns a list of a mark's offsets to commit, with the mark's seq and run as metadata. The caller
// destroys the list.
rd_kafka_topic_partition_list_t *group_offsets_of_mark(const struct mark *mark);

// Sets *seq and `run` to those of the mark with which the offset was committed, if that mark's seq
// is higher than *seq.
void group_offsets_newer_mark(const rd_kafka_topic_partition_t *entry, uint64_t *seq,
                              char run[MARK_RUN_SIZE]);

// Opens a client that only reads its group's offsets. Returns 0, or -1 with *err set; call
// client_release() in both cases.
int group_offsets_open(struct client *client, const struct config_options *options,
                       const char *group, struct err *err);

// As rd_kafka_committed(), for a consumer that has not subscribed. If the broker refuses the group,
// librdkafka asks for its coordinator until the timeout, and only says why in the consumer's queue,
// which this reads.
rd_kafka_resp_err_t group_offsets_committed(struct client *client,
                                            rd_kafka_topic_partition_list_t *list, int timeout_ms);

// Reads the offsets of the partitions in a mark into *found, which must be initialised. `client` is
// a consumer of the group. Waits up to timeout_ms for the broker, and for an open transaction that
// includes the offsets. After an error the content of *found is unspecified.
rd_kafka_resp_err_t group_offsets_read(struct client *client, const struct mark *partitions,
                                       int timeout_ms, struct mark *found);

#endif
