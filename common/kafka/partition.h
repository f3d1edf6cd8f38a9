// SPDX-License-Identifier: BSD-2-Clause
//
// kafka_partition: how far a reader has come in each partition, from reading to committing.
//
//     committed <= written <= next <= stop
//
// A record counts as read when it is handed on (next), as written when the bytes of all records
// up to it have left (written), and only then may its offset be committed.
#ifndef KAFKA_PARTITION_H
#define KAFKA_PARTITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#define PARTITION_NO_STOP INT64_MAX
#define PARTITION_NOT_COMMITTED INT64_C(-1)
#define PARTITION_NO_TIME INT64_MIN

struct partition {
    char *topic;
    int32_t id;
    int64_t next;             // the next offset to read; what comes below it is dropped
    int64_t written;          // all below have left the process
    int64_t committed;        // last committed, PARTITION_NOT_COMMITTED before the first time
    int64_t stop;             // the first offset that is not wanted
    bool assigned;            // ours to read and commit at present
    bool done;                // stop is reached
    bool at_end;              // there was nothing more when the broker was asked last
    bool went_back;           // a record has come from below next
    int64_t newest;           // the highest time in a record, PARTITION_NO_TIME before the first
    rd_kafka_topic_t *handle; // where it is read by assignment; the consumer's
};

struct partition_set {
    struct partition **item;
    size_t count;
    // The last one that was looked up: records come in runs of one partition.
    struct partition *recent;
    rd_kafka_topic_t *recent_handle;
};

void partition_set_release(struct partition_set *set);

// The partition, made if it is not there yet.
struct partition *partition_get(struct partition_set *set, const char *topic, int32_t id);

// The partition of a message, NULL if it is not in the set.
struct partition *partition_of(struct partition_set *set, const rd_kafka_message_t *message);

// Whether all partitions that are assigned are done.
bool partitions_done(const struct partition_set *set);

// All that was read is written.
void partitions_written(struct partition_set *set);

// A time up to about which all that is assigned has been read: the lowest, over the partitions, of
// the newest time seen. Those that are read to their end do not hold it back; when all are, it
// is the highest. Returns false when some partition with records has not come to a time yet, or
// there are none.
bool partitions_watermark(const struct partition_set *set, int64_t *watermark);

// What is written and assigned but not committed yet, and taken as committed from now on; the
// caller destroys the list. NULL when there is nothing.
rd_kafka_topic_partition_list_t *partitions_to_commit(struct partition_set *set);

// Whether the partition of that number belongs to share number shard of shards.
bool partition_in_shard(int32_t id, int64_t shard, int64_t shards);

// Reads a share such as "0/2", I of N. Returns 0, or -1 when it is none.
int partition_shard_parse(const char *text, int64_t *shard, int64_t *shards);

// Reads a list such as "0,2-4". Returns its count, or -1 when it is no such list. The caller
// frees *ids.
int partition_list_parse(const char *text, int32_t **ids);

// The one name that a share, or a list in any order, has: "0/2", "0,2-4". The caller frees it.
char *partition_shard_name(int64_t shard, int64_t shards);
char *partition_list_name(int32_t *ids, int count); // sorts the ids

#endif
