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

#include <librdkafka/rdkafka.h>

// Returns the text, which the caller frees. Returns NULL if the client is not a member of a group.
char *membership_text(rd_kafka_t *consumer);

// Returns the membership, which the caller destroys. Returns NULL if the text is malformed.
rd_kafka_consumer_group_metadata_t *membership_read(const char *text);

#endif
