// SPDX-License-Identifier: BSD-2-Clause
//
// metadata: asks whether topics exist, how many partitions they have, and how large a batch may be;
// and creates topics.
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

// Appends to names each topic that matches the POSIX extended regular expression, except Kafka's
// internal topics. The caller frees each name. Returns 0, or -1 with EX_USAGE or EX_UNAVAILABLE.
int metadata_match_topics(struct client *client, const char *regex, struct opt_list *names,
                          struct err *err);

// Sets client->brokers, and client->has_controller to whether the cluster has a controller. The
// requests of metadata_create_topic() and metadata_largest_batch() need one. The mock cluster of
// librdkafka 2.0.2 names a controller that does not exist. Returns 0, or -1 with EX_UNAVAILABLE.
int metadata_find_controller(struct client *client, struct err *err);

// Creates a topic, unless it exists. Does nothing if there is no controller, because such a cluster
// creates a topic when its metadata is requested. Call metadata_find_controller() first. Returns 0,
// or -1 with *err set.
int metadata_create_topic(struct client *client, const char *topic,
                          const struct new_topic_options *options, struct err *err);

// Returns the size in bytes of the largest batch that all of the topics accept, or INT64_MAX when
// the broker does not say, for example because the client may not describe topics. Call
// metadata_find_controller() first.
int64_t metadata_largest_batch(struct client *client, char *const *topics, size_t count);

#endif
