// SPDX-License-Identifier: BSD-2-Clause
//
// new_topic: how missing topics are created: the options --create and --topic-config.
//
//     struct new_topic_options options = NEW_TOPIC_OPTIONS_INIT; // set by new_topic_opts
//     if (new_topic_check(&options, names, 2, &err) == 0 && options.create)
//         metadata_create_topic(&client, "login-insights", &options, &err);
#ifndef KAFKA_NEW_TOPIC_H
#define KAFKA_NEW_TOPIC_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/opt.h"

struct new_topic_options {
    bool create;                     // otherwise the members below have no effect
    int64_t partitions, replication; // -1: the broker chooses the number
    struct opt_list configs;         // [TOPIC:]NAME=VALUE; "partitions" and "replication" too
};

#define NEW_TOPIC_OPTIONS_INIT                                                                     \
    {                                                                                              \
        .partitions = -1, .replication = -1                                                        \
    }

// The option table for struct new_topic_options.
extern const struct opt new_topic_opts[];
extern const size_t new_topic_opt_count;

// Checks the settings, and that each names one of the topics or none. A topic may have its own
// number of partitions and replicas: "login-partials:partitions=1". Returns 0, or -1 with
// EX_USAGE.
int new_topic_check(const struct new_topic_options *options, char *const *topics, size_t count,
                    struct err *err);

// Makes librdkafka's description of a topic. A setting for this topic wins over one for all topics,
// and a later one over an earlier one. Destroy it with rd_kafka_NewTopic_destroy(). Returns NULL
// with EX_USAGE if the topic cannot be created so.
rd_kafka_NewTopic_t *new_topic_make(const struct new_topic_options *options, const char *topic,
                                    struct err *err);

#endif
