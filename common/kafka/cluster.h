// SPDX-License-Identifier: BSD-2-Clause
//
// cluster: what a cluster holds: its brokers, its topics, and the partitions with their first and
// last offsets. It reads only: it creates no topic, and joins no group.
//
//     struct client client;
//     struct cluster cluster;
//     if (cluster_open(&client, &options.kafka, NULL, &err) != 0 ||
//         cluster_read(&cluster, &client, &options.topics, &err) != 0)
//         ...
//     cluster_find_offsets(&cluster, &client);
//     cluster_release(&cluster);
//     client_release(&client);
#ifndef KAFKA_CLUSTER_H
#define KAFKA_CLUSTER_H

#include <librdkafka/rdkafka.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/opt.h"
#include "kafka/client.h"

struct cluster_partition {
    const struct rd_kafka_metadata_partition *is; // leader, replicas and those in sync
    int64_t first, end;                           // -1 if not known
    rd_kafka_resp_err_t err;                      // of the partition or of its offsets
};

struct cluster_topic {
    const struct rd_kafka_metadata_topic *is;
    struct cluster_partition *partitions; // by number
    size_t count;
};

struct cluster {
    char *id;           // NULL if the brokers do not say it
    int32_t controller; // -1 if there is none
    const struct rd_kafka_metadata *brokers;
    struct cluster_topic *topics; // by name
    size_t count;
    const struct rd_kafka_metadata **answers; // which the topics and brokers point into
    size_t answer_count;
    int status; // of the first topic that was named and is not in the cluster; or EX_OK
};

// Connects for reading about the cluster. `group`, which may be NULL, is the group whose offsets
// will be asked for. With the setting isolation.level=read_committed, the end of a partition is the
// beginning of its first open transaction. Returns 0, or -1 with *err set; call client_release() in
// both cases.
int cluster_open(struct client *client, const struct config_options *options, const char *group,
                 struct err *err);

// Asks about the topics in the list, or about all topics if the list is empty. A name that begins
// with ^ is a regular expression. A topic that is missing, or refused, is logged as an error, and
// sets `status`. Waits only for a broker, for client->wait. Returns 0, or -1 with *err set; call
// cluster_release() in both cases.
int cluster_read(struct cluster *cluster, struct client *client, const struct opt_list *topics,
                 struct err *err);
void cluster_release(struct cluster *cluster);

// Returns a topic that was read, or NULL.
const struct cluster_topic *cluster_find_topic(const struct cluster *cluster, const char *name);

// Asks for the first and last offsets of all partitions.
void cluster_find_offsets(struct cluster *cluster, struct client *client);

// Returns the partitions that have a leader, as offsets_find() takes them. The caller destroys the
// list.
rd_kafka_topic_partition_list_t *cluster_partitions(const struct cluster *cluster);

#endif
