// SPDX-License-Identifier: BSD-2-Clause
//
// partition_list: parses which partitions of a topic to read: a list for -p, a share for --shard.
// And names a set of partitions, so that the same set always has the same name.
//
//     int32_t *ids;
//     int count = partition_list_parse("2,0", &ids); // 2
//     const struct partition_choice choice = {ids, count, 4};
//     char *name = partition_list_name(&choice, 1); // "0/2": every second one of 4 partitions
//     free(name);
//     free(ids);
#ifndef KAFKA_PARTITION_LIST_H
#define KAFKA_PARTITION_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Parses a list such as "0,2-4". Returns the number of ids, or -1 when the text is malformed. The
// caller frees *ids.
int partition_list_parse(const char *text, int32_t **ids);

// Parses a share "I/N", such as "0/2". Returns 0, or -1 when the text is malformed.
int partition_list_parse_shard(const char *text, int64_t *shard, int64_t *shards);

// Returns whether a partition belongs to the share.
bool partition_list_in_shard(int32_t id, int64_t shard, int64_t shards);

// The partitions that are read of a topic.
struct partition_choice {
    int32_t *ids;
    size_t count;
    int32_t partitions; // that the topic has
};

// Returns the canonical name of a set of partitions, which has at least one. It is the share "I/N"
// with the lowest N that is this set in each of the topics; or, if there is none, the list of the
// first topic, such as "0,2-4". Sorts the ids, which must not repeat. The caller frees the name.
char *partition_list_name(const struct partition_choice *topics, size_t count);

// Returns the name of a share, "I/N". The caller frees it.
char *partition_list_shard_name(int64_t shard, int64_t shards);

#endif
