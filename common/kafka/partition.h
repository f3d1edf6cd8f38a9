// SPDX-License-Identifier: BSD-2-Clause
//
// partition: how far a reader has come in each partition it knows.
//
//     committed <= written <= next <= stop
//
// A record is read when it has been handed on (next), and written when the bytes of all records up
// to it have left the process (written). Only then may its offset be committed.
//
//     struct partition_set set = {0};
//     struct partition *p = partition_get(&set, "user-login", 0);
//     ...
//     partition_set_release(&set);
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
    int64_t next;             // the next offset to read; lower offsets are dropped
    int64_t written;          // all lower offsets have left the process
    int64_t committed;        // the last committed offset, or PARTITION_NOT_COMMITTED
    int64_t stop;             // the first offset not to read
    bool assigned;            // this process reads and commits the partition now
    bool done;                // next has reached stop
    bool at_end;              // the broker had no more records when last asked
    bool offset_regressed;    // a record below next has arrived
    int64_t newest;           // the highest record time seen, or PARTITION_NO_TIME
    rd_kafka_topic_t *handle; // the consumer's, when it reads by assignment
};

struct partition_set {
    struct partition **item;
    size_t count;
    // The last one found: records arrive in runs of one partition.
    struct partition *recent;
    rd_kafka_topic_t *recent_handle;
};

void partition_set_release(struct partition_set *set);

// Returns the partition, and adds it first when it is missing. The set owns it.
struct partition *partition_get(struct partition_set *set, const char *topic, int32_t id);

// The partition of a message, or NULL when it is not in the set.
struct partition *partition_of(struct partition_set *set, const rd_kafka_message_t *message);

// Whether all assigned partitions are done.
bool partitions_done(const struct partition_set *set);

// Notes that everything read so far has been written.
void partitions_written(struct partition_set *set);

// Puts the watermark into *watermark: the lowest, over the assigned partitions, of the newest
// record time seen. Partitions read to their end do not hold it back; when all are at their end it
// is the highest time seen. Returns false when it is unknown: no partition is assigned, or one that
// has records has not shown a time yet.
bool partitions_watermark(const struct partition_set *set, int64_t *watermark);

// Returns the offsets that are written and assigned but not committed, and treats them as committed
// from now on; NULL when there are none. The caller destroys the list.
rd_kafka_topic_partition_list_t *partitions_to_commit(struct partition_set *set);

#endif
