// SPDX-License-Identifier: BSD-2-Clause
//
// mark_source: when a source should write a mark, and what the mark says. It reads the consumer's
// position and writes nothing itself.
//
//     struct mark_source m;
//     mark_source_open(&m, &consumer, &options); // once the consumer is assigned or subscribed
//     stream_emit_mark(s, mark_source_make(&m, MARK_HELLO));
//     for (...) { // about ten times a second, and after each batch of records
//         if ((mark = mark_source_due(&m)) != NULL)
//             stream_emit_mark(s, mark);
//     }
//     stream_emit_mark(s, mark_source_make_last(&m, true));
//     mark_source_release(&m);
//
// Times are milliseconds. A mark that is returned dies when the next one is made.
#ifndef KAFKA_MARK_SOURCE_H
#define KAFKA_MARK_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json/json.h"
#include "kafka/consumer.h"
#include "kafka/partition.h"
#include "stream/mark.h"

struct mark_source_options {
    int64_t interval;       // ms; 0 when no marks are wanted
    const char *shard;      // the name of a fixed set of partitions; NULL when it is not fixed
    const char *time_field; // where a record has its time
};

struct mark_source {
    const struct consumer *consumer;
    const struct mark_source_options *options;
    struct mark last;   // the last mark made
    int64_t due;        // when the next mark is due
    int64_t made;       // when the last mark was made
    size_t written;     // bytes of records since then
    int fills;          // how many more marks may come early because of bytes written
    int64_t refill_due; // when that number grows by one
    struct json_key time_key;
    bool time_is_path; // the time field may be inside of objects
    int64_t latest;    // the latest record time to believe
};

// Everything is borrowed. Begins a run with a new id.
void mark_source_open(struct mark_source *m, const struct consumer *consumer,
                      const struct mark_source_options *options);
void mark_source_release(struct mark_source *m);

// Whether the partitions are a fixed set and are read for a group, so that a later run can resume
// from what is committed.
bool mark_source_is_fixed(const struct mark_source *m);

// The run's id, and the last mark that was made.
const char *mark_source_run(const struct mark_source *m);
const struct mark *mark_source_last(const struct mark_source *m);

// Notes the time of a record of the partition. record is NULL when it is not JSON.
void mark_source_saw(struct mark_source *m, struct partition *p, const struct json *record);

// Notes that bytes of records were written.
void mark_source_wrote(struct mark_source *m, size_t bytes);

// Notes that the mark with this seq is committed. Later marks say so.
void mark_source_committed(struct mark_source *m, uint64_t seq);

// Makes the next mark, of the consumer's position now. The caller writes it at once.
const struct mark *mark_source_make(struct mark_source *m, enum mark_kind kind);

// Makes the last mark: an end mark when the input ended by request; otherwise a mark that says that
// the source was told to stop.
const struct mark *mark_source_make_last(struct mark_source *m, bool ended);

// Makes a mark if one is due, else returns NULL. A mark is due after an interval with progress,
// after the heartbeat (5 s) without, or early, after 256 KiB of records. At most 16 marks come
// early in a row, then one an interval: so the first stretch of a backlog reaches a slow stage in
// pieces, and marks stay rare at full speed. Call it between records.
const struct mark *mark_source_due(struct mark_source *m);

#endif
