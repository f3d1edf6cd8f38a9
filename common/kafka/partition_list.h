// SPDX-License-Identifier: BSD-2-Clause
//
// partition_list: parses which partitions of a topic to read: a list for -p, a share for --shard.
//
//     int32_t *ids;
//     int count = partition_list_parse("0,2-4", &ids); // 4
//     char *name = partition_list_name(ids, count);    // "0,2-4"
//     free(name);
//     free(ids);
#ifndef KAFKA_PARTITION_LIST_H
#define KAFKA_PARTITION_LIST_H

#include <stdbool.h>
#include <stdint.h>

// Parses a list such as "0,2-4". Returns the number of ids, or -1 when the text is malformed. The
// caller frees *ids.
int partition_list_parse(const char *text, int32_t **ids);

// Parses a share "I/N", such as "0/2". Returns 0, or -1 when the text is malformed.
int partition_list_parse_shard(const char *text, int64_t *shard, int64_t *shards);

// Returns whether a partition belongs to the share.
bool partition_list_in_shard(int32_t id, int64_t shard, int64_t shards);

// Return the canonical name of a list, such as "0,2-4", and of a share, such as "0/2". The first
// one sorts the ids. The caller frees the name.
char *partition_list_name(int32_t *ids, int count);
char *partition_list_shard_name(int64_t shard, int64_t shards);

#endif
