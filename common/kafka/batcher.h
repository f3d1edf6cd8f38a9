// SPDX-License-Identifier: BSD-2-Clause
//
// batcher: gathers lines for each partition, and hands them to librdkafka in batches.
//
// librdkafka looks up the topic and takes its lock once for a batch, instead of once for each line.
// The order of lines with the same key is kept.
//
//     struct batcher b = {
//         .producer = &p, .unsent = on_unsent, .waiting = on_waiting, .ctx = tool};
//     batcher_init(&b);
//     batcher_add(&b, &outgoing);  // hands over what is full
//     batcher_send(&b, true);      // hands over the rest
//     ...
//     batcher_done(&b, message->_private); // in the report of a message
//     batcher_release(&b);
#ifndef KAFKA_BATCHER_H
#define KAFKA_BATCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kafka/line_pool.h"
#include "kafka/producer.h"

struct batch;

struct batcher {
    struct producer *producer;
    const rd_kafka_headers_t *headers; // of a message without headers of its own; NULL for none
    // Called with a line that librdkafka has refused, or that it was not offered. The reason is in
    // message->err. May be called by batcher_add() and batcher_send(). message->_private is the
    // kept line, and must be given to batcher_done().
    void (*unsent)(void *ctx, const rd_kafka_message_t *message);
    // Called every 50 ms or so while lines wait for room.
    void (*waiting)(void *ctx);
    void *ctx;

    // The members below are private.
    struct line_pool pool;
    size_t in_flight;          // bytes of lines that librdkafka has and has not reported
    size_t batches;            // in memory
    struct batch_topic *topic; // in the order of the producer's topics
    bool unassigned;           // librdkafka chooses the partitions of the lines in batches
    uint64_t added;            // lines
    struct batch *pending;     // a list that has all batches with lines
};

// The producer must have its topics.
void batcher_init(struct batcher *b);

// Frees the memory. Each line must have been given to batcher_done(), unless the producer has been
// released.
void batcher_release(struct batcher *b);

// Adds a copy of a message, and takes its headers. If it asks for a partition that the topic does
// not have, it goes to that of its key. If a batch is full, hands it over.
void batcher_add(struct batcher *b, const struct outgoing *o);

// Hands over all lines. While there is no room for them, serves the producer and waits, or gives
// the lines to unsent() if `wait` is false or the client has failed.
void batcher_send(struct batcher *b, bool wait);

// Returns the message of a kept line.
rd_kafka_message_t batcher_message(rd_kafka_topic_t *topic, int32_t partition,
                                   struct kept_line *kept);

// Hands over lines again, which are all for one partition, before those that are gathered. Their
// report must have come, and they must not have been given to batcher_done(). Changes the errors of
// the messages. Otherwise as batcher_send() with `wait`.
void batcher_resend(struct batcher *b, rd_kafka_message_t *message, size_t count);

// Connects anew, as producer_reopen(), and gives the messages the new handles of their topics.
int batcher_reopen(struct batcher *b, rd_kafka_message_t *message, size_t count, struct err *err);

// Frees a line whose report has been handled.
void batcher_done(struct batcher *b, struct kept_line *kept);

#endif
