// SPDX-License-Identifier: BSD-2-Clause
//
// kafka_marks: the marks of a stream that a consumer is the source of: when one is due, what it
// says, and, where they are acknowledged, what is committed for it.
//
//     struct mark_source m;
//     mark_source_open(&m, &consumer, &options, &err); // once it is assigned or subscribed
//     stream_emit_mark(s, mark_source_make(&m, MARK_HELLO));
//     for (...) { // ten times a second or so
//         if ((mark = mark_source_due(&m)) != NULL)
//             stream_emit_mark(s, mark);
//         mark_source_serve(&m, &err);
//     }
//     stream_emit_mark(s, mark_source_make_last(&m, true));
//     mark_source_settle(&m, wait, STDOUT_FILENO, true, &err);
//     mark_source_release(&m);
//
// The consumer must have owner_commits set. With acknowledgements, offsets are committed here;
// without, the last stage is to commit them, and with a fixed set of partitions is watched doing
// so, so that marks can say what is committed.
#ifndef KAFKA_MARK_SOURCE_H
#define KAFKA_MARK_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json/json.h"
#include "kafka/ack_fifo.h"
#include "kafka/consumer.h"
#include "stream/mark.h"

struct mark_source_options {
    int64_t interval;  // ms; 0 when there are to be none
    const char *acks;  // FIFO; NULL for none
    const char *shard; // what hello calls the fixed set of partitions; NULL when it is not fixed
    const char *time_field; // of a record, where its time is
};

struct mark_source {
    struct consumer *consumer;
    const struct mark_source_options *options;
    struct mark last;   // that was made
    int64_t due;        // when the next one is
    int64_t made;       // when the last one was
    size_t written;     // bytes of records since then
    int fills;          // marks that may still come before their time, for what is written
    int64_t refill_due; // when there is one more
    struct json_key time_key;
    bool time_is_path; // it may be inside of objects
    int64_t latest;    // the latest time of a record to be believed

    // Of acknowledgements.
    struct ack_reader acks;
    struct mark *pending; // not acknowledged yet, in their order
    size_t pending_count;
    struct mark acked; // the newest that is, when has_acked
    bool has_acked;    // and not committed
    uint64_t asked;    // the seq of a commit that has not been answered
    bool asking;

    // Of commits by others.
    int64_t query_due;
    int64_t query_pause; // ms from one question to the next
};

// Everything stays borrowed. Returns 0, or -1 with *err set; release it in both cases.
int mark_source_open(struct mark_source *m, struct consumer *consumer,
                     const struct mark_source_options *options, struct err *err);
void mark_source_release(struct mark_source *m);

// Remembers how far in time a partition has been read, by a record of it: parsed, NULL where it is
// no JSON.
void mark_source_saw(struct mark_source *m, struct partition *p, const struct json *record);

// The next mark, of the consumer's position, to be written at once. It dies with the next one.
const struct mark *mark_source_make(struct mark_source *m, enum mark_kind kind);

// The last one: an end mark where the input has ended by request, or else, of a run that was told
// to stop, a mark that says so.
const struct mark *mark_source_make_last(struct mark_source *m, bool ended);

// So many bytes of records were written.
void mark_source_wrote(struct mark_source *m, size_t bytes);

// The next mark, if it is time for one: an interval has passed and something has moved, or long
// enough that somebody may wonder; or 256 KiB were written since the last one. Of the latter kind
// come at most 16 at once, and then one an interval: enough that what fills the pipes at the start
// does not come as one piece that a slow stage needs long for, and few enough not to cost. Else
// NULL. To be called between records, and as often as so much may have been written.
const struct mark *mark_source_due(struct mark_source *m);

// Takes acknowledgements and commits, without waiting. Returns 0, or -1 with *err set.
int mark_source_serve(struct mark_source *m, struct err *err);

// Waits until the last mark is acknowledged, and commits it. Ends early when nobody reads from
// out_fd. With serve the consumer is served meanwhile, which must not be when it calls. Returns 0,
// also without acknowledgements; 1 when it was not acknowledged; -1 with *err set.
int mark_source_settle(struct mark_source *m, int64_t wait_ms, int out_fd, bool serve,
                       struct err *err);

// The consumer's partitions are about to go: commits what is acknowledged, unless they are lost
// already, and forgets the rest.
void mark_source_give_up(struct mark_source *m, bool lost);

// The result of a commit, for the consumer's ops.
void mark_source_committed(struct mark_source *m, rd_kafka_resp_err_t code);

#endif
