// SPDX-License-Identifier: BSD-2-Clause
//
// partition: keeps how far each partition has been read, written and committed.
//
//     committed <= written <= next <= stop
//
// `next` is the offset after the last record that was passed to the owner. `written` is the offset
// after the last record whose bytes have left the process. No offset above `written` may be
// committed.
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
    bool done;                // `next` has reached `stop`
    bool at_end;              // it was read to its end, and no record has come since
    bool idle;                // only if at_end: a broker has confirmed that no record has come
    int64_t end;              // only if at_end: the offset of its end
    int64_t end_since;        // only if at_end: since when, by time_monotonic()
    bool unanswered;          // a broker was asked for the end, and gave no answer yet
    int64_t told_end;         // the end as a broker has told it last (lag.h), or -1
    bool offset_regressed;    // a record with an offset below `next` has arrived
    int64_t newest;           // the highest record time that is believed, or PARTITION_NO_TIME
    rd_kafka_topic_t *handle; // used to read a fixed set; NULL for a group's partitions
};

struct partition_set {
    struct partition **item;
    size_t count;
    // The partition that was found last. Consecutive records are mostly from one partition.
    struct partition *recent;
    rd_kafka_topic_t *recent_handle;
};

void partition_set_release(struct partition_set *set);

// Returns the partition, which the set owns. Adds it to the set if it is missing.
struct partition *partition_get(struct partition_set *set, const char *topic, int32_t id);

// Returns the partition of a message, or NULL when it is not in the set.
struct partition *partition_of(struct partition_set *set, const rd_kafka_message_t *message);

// Returns whether all assigned partitions are done.
bool partitions_done(const struct partition_set *set);

// Notes that everything read so far has been written.
void partitions_written(struct partition_set *set);

// Notes that the partition has been read to its end, which is at this offset.
void partition_reached_end(struct partition *p, int64_t end);

// Notes that there are no more records before the partition's stop, and goes there. In between
// there may be a gap: transaction markers, aborted and compacted records have offsets too.
void partition_finish(struct partition *p);

// Returns whether the partition can hold back no watermark: whether it is done or idle.
bool partition_is_quiet(const struct partition *p);

// Returns whether all assigned partitions are quiet, and there is at least one.
bool partitions_are_quiet(const struct partition_set *set);

// Puts the watermark into *watermark: the lowest of the assigned partitions' `newest` times. Quiet
// partitions are left out; if all are quiet, the watermark is the highest `newest` time. Returns
// false when the watermark is unknown: when no record time is known at all, or when a partition
// that is not quiet has no `newest` time.
bool partitions_watermark(const struct partition_set *set, int64_t *watermark);

// Returns whether any assigned partition has a `written` offset that is not committed yet.
bool partitions_uncommitted(const struct partition_set *set);

// Returns the `written` offsets of the assigned partitions that are not committed yet, and notes
// them as committed. Returns NULL when there are none. The caller destroys the list.
rd_kafka_topic_partition_list_t *partitions_to_commit(struct partition_set *set);

#endif
