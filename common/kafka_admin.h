// SPDX-License-Identifier: BSD-2-Clause
//
// kafka_admin: changes to the cluster.
#ifndef COMMON_KAFKA_ADMIN_H
#define COMMON_KAFKA_ADMIN_H

#include "err.h"
#include "kafka.h"

#define KAFKA_BROKER_DEFAULT (-1)

// Creates a topic; one that exists is left as it is. A broker without the CreateTopics API is
// taken as success, since asking for the topic's metadata then creates it. Returns 0, or -1 with
// *err set.
int kafka_create_topic(struct kafka *k, const char *topic, int partitions, int replication,
                       struct err *err);

#endif
