// SPDX-License-Identifier: BSD-2-Clause
//
// membership: passes a consumer's membership of its group to another process, so that a producer
// there can commit offsets as this member. The broker refuses them once the membership is over.
//
//     char *text = membership_text(consumer);                                    // in one process
//     rd_kafka_consumer_group_metadata_t *member = membership_read(text);        // in the other
//     rd_kafka_send_offsets_to_transaction(producer, offsets, member, timeout_ms);
//
// The text is base64 of librdkafka's own format, which other versions of librdkafka may not know.
#ifndef KAFKA_MEMBERSHIP_H
#define KAFKA_MEMBERSHIP_H

#include <stdbool.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/err.h"

// Returns the text, which the caller frees. Returns NULL if the client is not a member of a group.
char *membership_text(rd_kafka_t *consumer);

// Asks the broker whether the group has assigned just these partitions to the membership. Read the
// text before the offsets at which reading starts. librdkafka may join the group anew while it
// waits until its owner takes an assignment, for example because partitions were added. The
// membership is then that of the next assignment, with which offsets of this one could be committed
// although another member owns the partitions. Returns 1 if the membership is that of these
// partitions, and 0 if not; another assignment follows then. Returns -1 with *err set if the broker
// does not answer.
int membership_confirm(rd_kafka_t *consumer, const char *group, const char *text,
                       const rd_kafka_topic_partition_list_t *partitions, int64_t wait_ms,
                       struct err *err);

// Returns whether the group has members now. Returns false if no broker says so.
bool membership_exists(rd_kafka_t *rk, const char *group);

// Returns the membership, which the caller destroys. Returns NULL if the text is malformed.
rd_kafka_consumer_group_metadata_t *membership_read(const char *text);

#endif
