// SPDX-License-Identifier: BSD-2-Clause
//
// kafka_admin: what is asked of the cluster itself. kafka_find_controller() comes before.
#ifndef KAFKA_METADATA_H
#define KAFKA_METADATA_H

#include "base/err.h"
#include "kafka/client.h"

#define KAFKA_BROKER_DEFAULT (-1)

// Creates a topic; one that exists is left as it is. A cluster without a controller is
// taken as success, since asking for the topic's metadata then creates it. Returns 0, or -1 with
// *err set.
int kafka_create_topic(struct kafka *k, const char *topic, int partitions, int replication,
                       struct err *err);

// The size in bytes of the largest batch that all of the topics take. INT64_MAX where the broker
// does not say, as it may not to those who must not describe topics.
int64_t kafka_largest_batch(struct kafka *k, char *const *topics, size_t count);

#endif
