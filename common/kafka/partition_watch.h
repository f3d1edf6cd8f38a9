// SPDX-License-Identifier: BSD-2-Clause
//
// partition_watch: notices partitions that are added to topics. It asks for the number of
// partitions in the background, now and then.
//
//     struct partition_watch w = {.interval = 10000};
//     partition_watch_add(&w, &client, "user-login", 4);
//     ...
//     if (partition_watch_answered(&w)) // call it often
//         ... w.topic[0].found is the number of partitions of the first topic now
//     partition_watch_release(&w); // before client_release()
#ifndef KAFKA_PARTITION_WATCH_H
#define KAFKA_PARTITION_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/background.h"
#include "kafka/client.h"

struct watched_topic {
    char *name;
    int partitions;           // when it was added
    int found;                // when last asked
    rd_kafka_topic_t *handle; // a request for metadata covers the topics that have one
};

struct partition_watch {
    int64_t interval; // ms between requests
    struct watched_topic *topic;
    size_t count;

    // The members below are private.
    struct client *client;
    int64_t due;
    struct background background;
};

// Watches a topic, unless it is watched already.
void partition_watch_add(struct partition_watch *w, struct client *client, const char *topic,
                         int partitions);

// Returns whether an answer has arrived since the last call. The topics may be read until the next
// call. Asks again when that is due.
bool partition_watch_answered(struct partition_watch *w);

// Waits for a request that is under way, for two seconds at most.
void partition_watch_release(struct partition_watch *w);

#endif
