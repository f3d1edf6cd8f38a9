// SPDX-License-Identifier: BSD-2-Clause
//
// producer: a producer that is connected to its topics. The topics exist, or are created on
// request.
//
//     const struct producer_settings settings = {.config = &options.kafka, .defaults = defaults,
//                                                .topics = names, .topic_count = 2,
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

struct producer_settings {
    const struct config_options *config;
    const struct config_setting *defaults; // as for config_new()
    const char *codec;                     // for compression; NULL for none
    char *const *topics;
    size_t topic_count;
    bool create;                 // create missing topics with these numbers
    int partitions, replication; // or METADATA_BROKER_DEFAULT
    void (*on_report)(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque);
    void *ctx; // on_report gets a struct client as its opaque, and this as its ctx
};

struct producer {
    struct client client;
    const struct producer_settings *settings;
    rd_kafka_topic_t **topic;     // in the order of settings->topics
    int64_t largest_batch;        // bytes that all of the topics accept
    const char *transactional_id; // NULL without transactions
};

// Connects. settings stay borrowed. Returns 0, or -1 with *err set; release it in both cases.
int producer_open(struct producer *p, const struct producer_settings *settings, struct err *err);
void producer_release(struct producer *p);

// Reconnects with a transactional id, which stays borrowed. librdkafka then refuses a record that
// is too large for the topics before sending it, since the broker's refusal would end the
// transaction. Returns 0, or -1 with *err set.
int producer_make_transactional(struct producer *p, const char *id, struct err *err);

#endif
