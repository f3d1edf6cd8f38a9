// SPDX-License-Identifier: BSD-2-Clause
//
// guarantee: a delivery guarantee says what a pipe promises about its records when a stage dies. It
// has two halves: an object for the source (kcat-in) and one for the sink (kcat-out).
//
//     file             source                sink                what the pipe promises
//     plain.c          plain_source          plain_sink          records in the pipe may be lost
//     tee.c                                  tee_sink            the promise of the last sink
//     acked.c          acked_source          acked_sink          at least once
//     transactional.c  transactional_source  transactional_sink  exactly once
//
// tee_sink also passes delivered lines on to a later sink. That later sink gives the guarantee for
// both.
//
//     source:  marks ---------------> stages ---------------> marks  :sink
//        ^                                                      |
//        |  acked: each mark comes back through a FIFO when     |
//        |  all lines before it are delivered; the source       |
//        |  then commits the mark's offsets                     |
//        +------------------------------------------------------+
//           transactional: the sink commits the lines and the mark's offsets in one transaction
//
// A tool chooses its object once, when it checks its options. After that it only calls that object:
//
//     struct source source = {
//         .guarantee = &acked_source, .options = &options, .stream = stream, .ctx = tool};
//     source.guarantee->open(&source);
//
// All functions that return int return 0, or -1 after stream_fail(), unless their comment says
// otherwise.
#ifndef KAFKA_GUARANTEE_H
#define KAFKA_GUARANTEE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/datetime.h"
#include "base/err.h"
#include "base/metrics.h"
#include "base/line.h"
#include "json/json.h"
#include "kafka/consumer.h"
#include "kafka/delivery.h"
#include "kafka/health.h"
#include "kafka/inflight.h"
#include "kafka/mark_source.h"
#include "kafka/partition.h"
#include "stream/mark.h"
#include "stream/stream.h"

struct source_guarantee;
struct sink_guarantee;

struct source_options {
    const char *acks; // the FIFO of acked_source
    // Of plain_source: whether it commits no offsets, and otherwise how often, in ms; 0 for only at
    // rebalances and at the end.
    bool commits_nothing;
    int64_t commit_interval;
    struct mark_source_options marks;
};

// The source's side of a pipe. The tool sets the first three members and ctx, and opens the
// consumer.
struct source {
    const struct source_guarantee *guarantee;
    const struct source_options *options;
    struct stream *stream;
    struct consumer consumer;
    struct mark_source marks; // unused by plain_source
    void *ctx;                // the tool's
    void *own;                // the guarantee's
};

// Returns the consumer's callbacks. `record` is the tool's; the other callbacks call the guarantee.
// Their ctx is the struct source.
struct consumer_ops source_consumer_ops(int (*record)(void *source, struct partition *p,
                                                      const struct line *line));

struct source_guarantee {
    int64_t tick; // ms between ticks, at which serve() and then mark() are called
    bool keeps;   // partitions of a group are not let go while stdout is blocked
    bool commits; // it is the source that commits offsets, not the sink

    // Called before the first record of newly assigned partitions is read, perhaps before open().
    // Commits the offsets at which these partitions start, if the guarantee needs that, so that a
    // run after a crash starts there too. Returns 0, or -1 with *err set.
    int (*begin)(struct source *s, struct err *err);

    // Called once the consumer is assigned or subscribed. Opens the stream with a hello mark, if
    // the guarantee uses marks.
    int (*open)(struct source *s);

    // Called after a group has changed the assigned partitions, before the next record; see
    // consumer_ops. The member itself is NULL if the guarantee need not know.
    int (*assigned)(struct source *s);

    // Called for each record that is about to be written. Returns whether it may be. The member
    // itself is NULL if every record may.
    bool (*accepts)(struct source *s, const struct json *record);

    // Called after each record. Notes the record's time. `record` is NULL if the record is not JSON
    // or is too long to parse. The member itself is NULL if the guarantee needs no times.
    void (*saw)(struct source *s, struct partition *p, const struct json *record);

    // Called at each tick and after each batch of records. Writes a mark if one is due.
    int (*mark)(struct source *s);

    // Called at each tick and, with blocked set, every second while stdout is blocked. Commits what
    // may be committed by now. Does not write to stdout, and does not wait for a commit.
    int (*serve)(struct source *s, bool blocked);

    // Called before partitions are revoked; see consumer_ops.
    int (*revoke)(struct source *s, bool blocked, bool lost);

    // Called with the result of an asynchronous commit; see consumer_ops.
    void (*committed)(struct source *s, rd_kafka_resp_err_t code,
                      const rd_kafka_topic_partition_list_t *list);

    // Called when reading has stopped. `ended` says that the source has read everything it was
    // asked to read; otherwise the process was told to stop. Writes the last mark, if the guarantee
    // uses marks. acked_source then waits until the mark is acknowledged, and commits it.
    // transactional_source waits until the mark is committed, if it has to leave a group. Both wait
    // for 5 minutes at most after an end mark, and for 20 seconds otherwise.
    int (*settle)(struct source *s, bool ended);

    // Called last, even after a failure, before the consumer is closed. Makes the guarantee's final
    // commit, if it has one.
    int (*close)(struct source *s);

    // Called after consumer_release(). Frees what the guarantee owns. May be called even if open()
    // was not.
    void (*release)(struct source *s);
};

struct sink_options {
    bool tee, exactly_once;       // ask for tee_sink, for transactional_sink
    const char *acks;             // the FIFO of acked_sink
    const char *transactional_id; // NULL: made from the hello mark's group, and its shard or run
    int64_t commit_every; // ms between commits of transactional_sink; < 0: as the hello mark says
    const char *health;   // the file of kafka/health.h; NULL for none
    const char *undelivered;     // the file for lines that failed; NULL for none
    int64_t transaction_timeout; // ms; the broker aborts a transaction that is open for longer
};

#define SINK_OPTIONS_INIT                                                                          \
    {                                                                                              \
        .commit_every = -1                                                                         \
    }

// The sink's side of a pipe. The tool sets the first two members and opens the delivery. It uses
// the sink by sink.h.
struct sink {
    const struct sink_guarantee *guarantee;
    const struct sink_options *options;
    struct stream *stream;
    struct delivery delivery;
    struct health health;             // updated by guarantees that confirm marks
    struct metrics_durations commits; // of transactions
    void *own;                        // the guarantee's
};

struct sink_guarantee {
    bool passes_on; // delivered lines are written to stdout

    // The sink takes a line of a stream with marks only once another line or a mark follows it; see
    // stream_ops. transactional_sink does not need that: it commits only at marks, so half a line
    // at the end of a broken stream is part of a transaction that is aborted.
    bool holds_last;

    // Called when the delivery is open and nothing has been read yet. Prepares the sink. Returns 0,
    // or -1 with *err set.
    int (*open)(struct sink *s, struct err *err);

    // Called before each line is handed to delivery_produce(). Waits for room, and sets *segment to
    // the number that the line's report will carry.
    int (*before)(struct sink *s, const struct line *line, uint32_t *segment);

    // Called for the hello mark, for assign marks, and for each other mark. `line` is the mark's
    // unchanged text. All lines before the mark have been handed to delivery_produce(), but some
    // may not be delivered yet.
    int (*hello)(struct sink *s, const struct mark *mark, const struct line *line);
    int (*assign)(struct sink *s, const struct mark *mark, const struct line *line);
    int (*mark)(struct sink *s, const struct mark *mark, const struct line *line);

    // Called at each tick. Handles what has been delivered by now, without waiting.
    int (*serve)(struct sink *s);

    // Called when a line was delivered or refused, or has failed. Counts it, by delivery_count() or
    // in another way. The functions of delivery.h call this, on the tool's thread.
    void (*reported)(struct sink *s, const struct delivery_report *report);

    // Called when the input has ended in order. Delivers what is left.
    int (*end)(struct sink *s);

    // Called last, even after a failure. Gives up the lines that are still in flight.
    void (*close)(struct sink *s);

    // Frees what the guarantee owns. May be called even if open() was not.
    void (*release)(struct sink *s);
};

// --- Parts that several guarantees share ---

// How long a source waits for the last mark of its partitions, in ms: after an end mark, and after
// a signal or before a revoke.
#define GUARANTEE_END_WAIT (5 * MS_MINUTE)
#define GUARANTEE_STOP_WAIT (20 * MS_SECOND)

// An accepts() that refuses records which a later stage could turn into marks.
bool guarantee_accepts(struct source *s, const struct json *record);

// A saw() that notes the record's time for the watermark of the marks.
void guarantee_saw(struct source *s, struct partition *p, const struct json *record);

// Functions for members that have nothing to do. They return 0.
int guarantee_source_nothing(struct source *s);
int guarantee_sink_nothing(struct sink *s);

// Fails with EX_USAGE, in the name of an option, if a line has come before any mark.
int guarantee_require_marks(struct sink *s, const char *option);

// Fails with EX_TEMPFAIL if the input has ended without any mark.
int guarantee_require_end(struct sink *s);

// Waits until another line or mark can be in flight. Calls serve() meanwhile.
int guarantee_await_room(struct sink *s, const struct inflight *inflight);

// A close() that gives up the lines in flight. In a stream with marks it first waits for them, for
// DELIVERY_LAST_WAIT at most.
void guarantee_abandon(struct sink *s);

#endif
