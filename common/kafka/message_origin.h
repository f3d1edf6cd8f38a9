// SPDX-License-Identifier: BSD-2-Clause
//
// message_origin: the origin of a line that was read from Kafka. origin_complete() looks up the
// key, the headers and the timestamp; where no stage calls it, they cost nothing.
//
//     struct message_origin mo = {0};
//     line.origin = message_origin_set(&mo, message, p->topic);
//     message_origin_release(&mo);
#ifndef KAFKA_MESSAGE_ORIGIN_H
#define KAFKA_MESSAGE_ORIGIN_H

#include <stddef.h>

#include <librdkafka/rdkafka.h>

#include "stream/origin.h"

struct message_origin {
    struct origin origin;
    const rd_kafka_message_t *message;
    struct origin_header *header; // header_size of them
    size_t header_size;
};

// Returns the origin of a message. It is valid as long as the message, and until the next call.
struct origin *message_origin_set(struct message_origin *mo, const rd_kafka_message_t *message,
                                  const char *topic);

void message_origin_release(struct message_origin *mo);

#endif
