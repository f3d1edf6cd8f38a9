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
//         rd_kafka_produce(p.topic[0], ...);
//     producer_release(&p);
#ifndef KAFKA_PRODUCER_H
#define KAFKA_PRODUCER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kafka/client.h"
#include "kafka/new_topic.h"

struct producer_settings {
    const struct config_options *config;
    const struct config_setting *defaults; // as for config_new()
    const char *codec;                     // for compression; NULL for none
    char *const *topics;
    size_t topic_count;
    const struct new_topic_options *new_topics;
    void (*on_report)(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque);
    void *ctx; // on_report gets a struct client as `opaque`, whose ctx is this
};

struct producer {
    struct client client;
    const struct producer_settings *settings;
    rd_kafka_topic_t **topic;     // in the order of settings->topics
    int64_t largest_batch;        // bytes; the largest batch that all topics accept
    const char *transactional_id; // NULL without transactions
    struct buf names;             // the topics, for messages
    char *cluster;                // the id of the cluster; NULL if it is unknown
};

// Connects. Borrows the settings. Returns 0, or -1 with *err set; release the producer in both
// cases.
int producer_open(struct producer *p, const struct producer_settings *settings, struct err *err);
void producer_release(struct producer *p);

// Reconnects with a transactional id, which is borrowed. From then on librdkafka refuses a record
// that is too large for the topics, and does not send it, since the broker's refusal would end the
// transaction. Returns 0, or -1 with *err set.
int producer_make_transactional(struct producer *p, const char *id, struct err *err);

#endif
