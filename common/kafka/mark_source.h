// SPDX-License-Identifier: BSD-2-Clause
//
// mark_source: decides when a source should write a mark, and makes the mark from the consumer's
// position. The owner writes the mark.
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
// Times are in milliseconds. A returned mark is valid until the next one is made.
#ifndef KAFKA_MARK_SOURCE_H
#define KAFKA_MARK_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json/json.h"
#include "base/datetime.h"
#include "base/log_limit.h"
#include "base/opt.h"
#include "json/event_time.h"
#include "kafka/consumer.h"
#include "kafka/idle.h"
#include "kafka/partition.h"
#include "stream/mark.h"

_Static_assert(PARTITION_NO_TIME == MARK_NO_TIME, "a mark's time is that of its partition");

struct mark_source_options {
    int64_t interval;       // ms; 0 when no marks are wanted
    const char *time_field; // the name of the field that holds a record's time
    enum time_unit time_unit;
    int64_t ahead; // ms; a time further ahead of the record's Kafka timestamp is not believed
    int64_t idle;  // ms at its end after which a partition is left out; 0 for never
    bool live;     // the input has no end: once all partitions are idle, the watermark follows the
                   // clock, `idle` behind it
};

#define MARK_SOURCE_OPTIONS_INIT                                                                   \
    {                                                                                              \
        .time_field = "timestamp", .ahead = 10 * MS_MINUTE, .idle = 10 * MS_SECOND                 \
    }

// The option table for the members about times, from time_field to idle.
extern const struct opt mark_source_opts[];
extern const size_t mark_source_opt_count;

enum { MARK_SOURCE_TIME, MARK_SOURCE_RESERVED, MARK_SOURCE_KEYS };

struct mark_source {
    struct consumer *consumer;
    const struct mark_source_options *options;
    bool shared;        // the group's members share the partitions, and the sink commits for them
    struct mark last;   // the last mark made
    int64_t due;        // when the next mark is due
    int64_t made;       // when the last mark was made
    size_t written;     // bytes of records since the last mark was made
    int fills;          // how many early marks may still be made
    int64_t refill_due; // when `fills` grows by one

    struct json_key key[MARK_SOURCE_KEYS];     // of the fields that are looked for in a record
    struct json_value field[MARK_SOURCE_KEYS]; // of the record that was looked through last
    bool looked; // mark_source_accepts() has looked through the current record

    bool kafka_time;   // a record's time is its timestamp in Kafka
    bool time_is_path; // the time field's name has dots, so it may be a path
    int64_t latest;    // the clock allowed record times up to this one when it was last read
    struct idle idle;
    struct log_limit ahead; // of times that were not believed
};

// Begins a run with a new id. Borrows the consumer and the options. If `shared` is true, the marks
// say as which member of the group the source reads; see mark.h.
void mark_source_open(struct mark_source *m, struct consumer *consumer,
                      const struct mark_source_options *options, bool shared);
void mark_source_release(struct mark_source *m);

// Returns whether the partitions are a fixed set and are read for a group. Only then can a later
// run resume from the committed marks.
bool mark_source_is_fixed(const struct mark_source *m);

// Return the run's id, and the last mark that was made.
const char *mark_source_run(const struct mark_source *m);
const struct mark *mark_source_last(const struct mark_source *m);

// Returns whether a record may be written: whether it has no top-level member "@mark". A later
// stage could write such a record as {"@mark"..., which is how marks begin.
bool mark_source_accepts(struct mark_source *m, const struct json *record);

// Notes the time of the consumer's current record, which is of this partition. `record` is NULL if
// it is not JSON or too long. A time that is further ahead than options->ahead is not believed: it
// does not count for the watermark, since it would make later records late. It may be that far
// ahead of the record's Kafka timestamp, so that a replay decides as the live run did. It may be no
// further ahead of the clock either, since a producer whose clock is wrong sets both times.
void mark_source_saw(struct mark_source *m, struct partition *p, const struct json *record);

// Adds to the bytes of records written since the last mark.
void mark_source_wrote(struct mark_source *m, size_t bytes);

// Notes that the mark of this run with this seq is committed. Later marks report that.
void mark_source_committed(struct mark_source *m, uint64_t seq);

// Makes the next mark, with the consumer's current position. The caller must write it at once.
const struct mark *mark_source_make(struct mark_source *m, enum mark_kind kind);

// Makes a mark with "now":true, for whose commit the source waits.
const struct mark *mark_source_make_now(struct mark_source *m);

// Makes the last mark: an end mark if `ended` is true, because the source has read everything it
// was asked to read; otherwise a mark with "stop":true, because the source was told to stop.
const struct mark *mark_source_make_last(struct mark_source *m, bool ended);

// Makes a mark if one is due, else returns NULL. Call it between records.
//
// A mark is due one interval after the last one if the position or the watermark has changed, and
// otherwise when the last one is 5 s old. While all partitions are idle, the watermark changes
// about every 5 s; see idle.h. A mark is due earlier if 256 KiB of records were written since the
// last one. At most 16 early marks are made in quick succession. After that, one more is allowed in
// each interval. So a slow stage receives the start of a backlog in small parts, and marks are
// still rare at full speed.
const struct mark *mark_source_due(struct mark_source *m);

#endif
