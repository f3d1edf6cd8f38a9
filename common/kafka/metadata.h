// SPDX-License-Identifier: BSD-2-Clause
//
// metadata: asks whether topics exist, how many partitions and which settings they have; and
// creates topics.
//
//     int partitions;
//     if (metadata_find_controller(&client, &err) != 0 ||
//         metadata_create_topic(&client, "login-insights", &options, &err) != 0 ||
//         metadata_wait_topic(&client, "login-insights", &partitions, &err) != 0)
//         ...
#ifndef KAFKA_METADATA_H
#define KAFKA_METADATA_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/opt.h"
#include "kafka/client.h"
#include "kafka/new_topic.h"

// Waits until the topic has partitions, and puts their number into *partitions. Returns 0; -1 with
// EX_UNAVAILABLE after client->wait; or at once -1 with EX_NOPERM, if access is denied.
int metadata_wait_topic(struct client *client, const char *topic, int *partitions, struct err *err);

// Asks once whether the topic exists, and puts the number of its partitions into *partitions: 0 if
// there is no such topic. Returns 0; -1 with EX_UNAVAILABLE if no broker answers within
// client->wait; or -1 with EX_NOPERM, if access is denied, or EX_CONFIG for an impossible name.
int metadata_find_topic(struct client *client, const char *topic, int *partitions, struct err *err);

// Ask the cluster about its brokers, and about one topic or, if `topic` is NULL, all topics that
// this user may see. Destroy the answer with rd_kafka_metadata_destroy(). An error of a topic or of
// a partition is in the answer. Return 0; -1 with EX_UNAVAILABLE if no broker answers within
// client->wait; or -1 with another status, if another attempt would fail too.
int metadata_ask_brokers(struct client *client, const struct rd_kafka_metadata **metadata,
                         struct err *err);
int metadata_ask_topics(struct client *client, const char *topic,
                        const struct rd_kafka_metadata **metadata, struct err *err);

// Appends to names each topic that matches the POSIX extended regular expression, except Kafka's
// internal topics. The caller frees each name. Returns 0, or -1 with EX_USAGE or EX_UNAVAILABLE.
int metadata_match_topics(struct client *client, const char *regex, struct opt_list *names,
                          struct err *err);

// The same for topics that the cluster has been asked about. Returns 0, or -1 with EX_USAGE.
int metadata_match(const struct rd_kafka_metadata *metadata, const char *regex,
                   struct opt_list *names, struct err *err);

// Sets client->brokers, and client->has_controller to whether the cluster has a controller. The
// requests of metadata_create_topic() and metadata_describe_topics() need one. The mock cluster of
// librdkafka 2.0.2 names a controller that does not exist. Returns 0, or -1 with EX_UNAVAILABLE.
int metadata_find_controller(struct client *client, struct err *err);

// Creates a topic, unless it exists. Does nothing if there is no controller, because such a cluster
// creates a topic when its metadata is requested. Call metadata_find_controller() first. Returns 0,
// or -1 with *err set.
int metadata_create_topic(struct client *client, const char *topic,
                          const struct new_topic_options *options, struct err *err);

typedef void metadata_setting_fn(void *ctx, const char *topic, const char *name, const char *value);

// Asks once for the settings of topics, and passes on each one. Passes on none if the broker does
// not say, for example because the client may not describe the settings. Call
// metadata_find_controller() first.
void metadata_describe_topics(struct client *client, char *const *topics, size_t count,
                              metadata_setting_fn *setting, void *ctx);

#endif
