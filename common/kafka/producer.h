// SPDX-License-Identifier: BSD-2-Clause
//
// kafka_producer: a producer that is connected to its topics, which are there, or made on demand.
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
    bool create; // topics that are missing, with so many partitions and replicas
    int partitions, replication;
    void (*on_report)(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque);
    void *ctx; // of the struct client that on_report gets as its opaque
};

struct producer {
    struct client client;
    const struct producer_settings *settings;
    rd_kafka_topic_t **topic;     // in the order of settings->topics
    int64_t largest_batch;        // in bytes, that all of the topics take
    const char *transactional_id; // NULL without transactions
};

// settings stay borrowed. Returns 0, or -1 with *err set; release it in both cases.
int producer_open(struct producer *p, const struct producer_settings *settings, struct err *err);
void producer_release(struct producer *p);

// Connects anew, for transactions under this name, which stays borrowed. A record that the topics
// do not take is then refused at once, since the broker's refusal would end the transaction.
int producer_make_transactional(struct producer *p, const char *id, struct err *err);

#endif
