// SPDX-License-Identifier: BSD-2-Clause
//
// group_offsets: reads a group's committed offsets into a mark. The mark lists the partitions that
// have an offset. Its seq and run come from the offset whose metadata has the highest seq. Without
// metadata, seq is 0 and run is empty.
//
//     struct client reader;
//     group_offsets_open(&reader, &options.kafka, "g", &err);
//     list = group_offsets_partitions(&hello);
//     code = group_offsets_read(&reader, list, 5000);
//     group_offsets_take(list, &found);
//     client_release(&reader);
//
// It also keeps what this pipeline knows about the offsets, and compares them with what the group
// has now. So a pipeline notices another one that commits for the same partitions, and offsets that
// are gone.
//
// rd_kafka_committed() reads the offsets. The admin request ListConsumerGroupOffsets would abort
// the process if the broker disconnected meanwhile (librdkafka issues 3663 and 4605).
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

// Returns a list of a mark's partitions, without offsets. The caller destroys the list.
rd_kafka_topic_partition_list_t *group_offsets_partitions(const struct mark *mark);

// Returns the highest seq of a run with which an offset was committed, or 0.
uint64_t group_offsets_newest_of(const rd_kafka_topic_partition_list_t *list, const char *run);

// Reads the offsets and metadata of the partitions in the list. `client` is a consumer of the
// group. Waits up to timeout_ms for the broker, and for an open transaction that includes the
// offsets.
rd_kafka_resp_err_t group_offsets_read(struct client *client, rd_kafka_topic_partition_list_t *list,
                                       int timeout_ms);

// The same for a consumer that has not subscribed. If the broker refuses the group, librdkafka asks
// for its coordinator until the timeout, and only says why in the consumer's queue, which this
// reads.
rd_kafka_resp_err_t group_offsets_read_unsubscribed(struct client *client,
                                                    rd_kafka_topic_partition_list_t *list,
                                                    int timeout_ms);

// Takes what was read into *found, which must be initialised.
void group_offsets_take(const rd_kafka_topic_partition_list_t *list, struct mark *found);

// --- What the pipeline knows about the group's offsets ---

// An offset below 0 means that the group had none. A zeroed struct knows nothing.
struct group_known {
    rd_kafka_topic_partition_list_t *list; // offsets and metadata
};

void group_known_release(struct group_known *known);

// Notes that the group has the offsets and metadata of the list.
void group_known_set(struct group_known *known, const rd_kafka_topic_partition_list_t *list);

// Notes that a mark is committed.
void group_known_set_mark(struct group_known *known, const struct mark *mark);

// What the group's offsets may have been changed to.
struct group_allowed {
    const char *run; // this run's commits; NULL for none
    // The commit of this run's start, in the name of an earlier run; NULL for none.
    const char *from;
    uint64_t from_seq;
    bool unmarked; // offsets without a mark's metadata: of a sink of the user's own
};

// Compares the group's offsets with the known ones. If `allowed` is NULL, every change is allowed,
// but no offset may be gone. Returns 0, or -1 with *err set: EX_CONFIG if an offset is gone,
// EX_TEMPFAIL if another pipeline has changed one.
int group_known_compare(const struct group_known *known, const char *group,
                        const struct group_allowed *allowed,
                        const rd_kafka_topic_partition_list_t *found, struct err *err);

#endif
