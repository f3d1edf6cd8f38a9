// SPDX-License-Identifier: BSD-2-Clause
//
// partition_list: which partitions of a topic to read: a list as in -p, or a share as in --shard.
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

// Parses a share such as "0/2", I of N. Returns 0, or -1 when the text is malformed.
int partition_list_parse_shard(const char *text, int64_t *shard, int64_t *shards);

// Whether a partition belongs to the share.
bool partition_list_in_shard(int32_t id, int64_t shard, int64_t shards);

// The canonical name of a list in any order ("0,2-4"; sorts the ids), and of a share ("0/2"). The
// caller frees the name.
char *partition_list_name(int32_t *ids, int count);
char *partition_list_shard_name(int64_t shard, int64_t shards);

#endif
