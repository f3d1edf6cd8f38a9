// SPDX-License-Identifier: BSD-2-Clause
//
// producer: a Kafka producer and its topics. Topics that are missing are created if the settings
// say so.
//
//     const struct producer_settings settings = {.config = &options.kafka, .defaults = defaults,
//                                                .topics = names, .topic_count = 2,
//                                                .new_topics = &options.new_topics,
//                                                .on_report = on_delivery, .ctx = tool};
//     struct producer p = {0};
//     if (producer_open(&p, &settings, &err) == 0)
//         rd_kafka_produce(p.topic[0].handle, producer_partition(&p, 0, key, key_len), ...);
//     producer_release(&p);
#ifndef KAFKA_PRODUCER_H
#define KAFKA_PRODUCER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kafka/client.h"
#include "kafka/halt.h"
#include "kafka/new_topic.h"
#include "kafka/topic_rules.h"

struct producer_settings {
    const struct config_options *config;
    const struct config_setting *defaults; // as for config_new()
    const char *codec;                     // for compression; NULL for none
    char *const *topics;
    size_t topic_count;
    const struct new_topic_options *new_topics;
    bool transactions; // producer_make_transactional() follows
    void (*on_report)(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque);
    void *ctx; // on_report gets a struct client as `opaque`, whose ctx is this
};

struct producer_topic {
    rd_kafka_topic_t *handle;
    atomic_int partitions; // as librdkafka, or the broker at the start, has said last
    bool ask;              // let librdkafka choose the next partition, and so tell the number
};

struct producer {
    struct client client;
    const struct producer_settings *settings;
    struct producer_topic *topic; // in the order of settings->topics
    struct topic_rules *rules;    // in the same order
    struct halt halt;             // without transactions
    bool murmur2;                 // keys choose partitions as in Kafka's Java client
    int64_t largest_batch;        // bytes; the largest batch that all topics accept
    int requests;                 // in flight for each broker at a time; 0 for librdkafka's default
    const char *transactional_id; // NULL without transactions
    struct buf names;             // the topics, for messages
    char *cluster;                // the id of the cluster; NULL if it is unknown
};

// Connects. Borrows the settings. Returns 0, or -1 with *err set; release the producer in both
// cases.
int producer_open(struct producer *p, const struct producer_settings *settings, struct err *err);
void producer_release(struct producer *p);

// Connects anew, with new handles of the topics. No line may be in flight. Returns 0, or -1 with
// *err set, and then keeps the old client.
int producer_reopen(struct producer *p, struct err *err);

// Reconnects with a transactional id, which is borrowed. From then on librdkafka refuses a record
// that is too large for the topics, and does not send it, since the broker's refusal would end the
// transaction. Returns 0, or -1 with *err set.
int producer_make_transactional(struct producer *p, const char *id, struct err *err);

// Returns the partition for a key, which may be NULL, in the topic with this index. Returns
// RD_KAFKA_PARTITION_UA if librdkafka must choose it: there is no key, a setting names another
// partitioner, or the number of partitions is not known or must be confirmed. All lines before one
// with a key must then be produced first, and this one next.
int32_t producer_partition(struct producer *p, size_t topic, const void *key, size_t key_len);

// Returns whether the topic with this index has the partition, which may be RD_KAFKA_PARTITION_UA.
bool producer_has_partition(const struct producer *p, size_t topic, int32_t partition);

// Makes sure that added partitions are noticed: librdkafka chooses the next partition in each
// topic for a line with a key, and tells the number of partitions. Call it a few times a second.
void producer_ask_partitions(struct producer *p);

#endif
