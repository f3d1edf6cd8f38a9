// SPDX-License-Identifier: BSD-2-Clause
//
// fixed_set: which partitions a consumer reads that does not leave the choice to its group: all, a
// share, or a list. Names the set, and notices when it grows.
//
//     struct fixed_set set = {.shard = 0, .shards = 2};
//     rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
//     fixed_set_find(&set, &client, &topics, list, &err);
//     char *name = fixed_set_name(&set, list);
//     ...
//     if (fixed_set_grown(&set, &err)) // call it often
//         ...
//     fixed_set_release(&set); // before client_release()
#ifndef KAFKA_FIXED_SET_H
#define KAFKA_FIXED_SET_H

#include <stdbool.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/err.h"
#include "base/opt.h"
#include "kafka/client.h"
#include "kafka/partition_watch.h"

struct fixed_set {
    int64_t shard, shards; // only this share of each topic; 0/0 for all
    const int32_t *ids;    // only these partitions; NULL for all
    int id_count;

    // The members below are private, but the topics of `watch` may be read.
    struct partition_watch watch;
    struct opt_list names; // of the topics that match a pattern
};

// Adds the partitions of the set to the list. A topic that begins with ^ is a pattern. Waits for
// topics that are missing, for client->wait. The share may be empty. Returns 0, or -1 with *err
// set.
int fixed_set_find(struct fixed_set *set, struct client *client, const struct opt_list *topics,
                   rd_kafka_topic_partition_list_t *list, struct err *err);

// Returns the canonical name of the set, which has these partitions; see partition_list_name(). An
// empty share keeps the name that the user gave it. The caller frees the name.
char *fixed_set_name(const struct fixed_set *set, const rd_kafka_topic_partition_list_t *list);

// Returns whether partitions that belong to the set were added to a topic, and puts a message into
// *err. A list of ids does not grow.
bool fixed_set_grown(struct fixed_set *set, struct err *err);

void fixed_set_release(struct fixed_set *set);

#endif
