// SPDX-License-Identifier: BSD-2-Clause
//
// refill: makes librdkafka fetch again as soon as its queue has room.
//
// When the queue is full (queued.min.messages, queued.max.messages.kbytes), librdkafka stops
// fetching. The thread that fetches from a broker then looks at the queue again only once something
// wakes it, or after a second, so a consumer whose reader is slow would stand still for most of
// that time (seen in 2.0.2: rd_kafka_broker_consumer_serve()). Any request to the broker wakes the
// thread. So this module asks for the end offsets in the background each time that the queue has
// become half as long.
//
//     struct refill r = {0};
//     while (...) {
//         int taken = rd_kafka_consume_callback_queue(queue, ...);
//         refill_check(&r, rk, queue, taken > 0 ? (size_t)taken : 0, &partitions);
//     }
//     refill_release(&r);
#ifndef KAFKA_REFILL_H
#define KAFKA_REFILL_H

#include <stddef.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/background.h"
#include "kafka/partition.h"

// All members are private.
struct refill {
    struct background background;
    rd_kafka_t *rk;
    rd_kafka_topic_partition_list_t *list; // what to ask for
    size_t longest;                        // messages in the queue since the last request
    int64_t due;
};

// Asks if the queue is now at most half as long as it was since the last request, and if any
// assigned partition is not at its end. `taken` is the number of messages that have just been taken
// from the queue. Never waits.
void refill_check(struct refill *r, rd_kafka_t *rk, rd_kafka_queue_t *queue, size_t taken,
                  const struct partition_set *set);

// Waits for a request that is under way, for some 20 ms at most.
void refill_release(struct refill *r);

#endif
