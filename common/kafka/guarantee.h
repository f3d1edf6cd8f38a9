// SPDX-License-Identifier: BSD-2-Clause
//
// guarantee: what a pipe promises about its records when a stage dies, as two objects: one half for
// the source (kcat-in), one for the sink (kcat-out). The two halves of one guarantee belong
// together:
//
//     file             source                    sink                   the pipe's promise
//     plain.c          plain_source              plain_sink             none beyond the stage
//     tee.c                                      tee_sink               none; lines go on when
//     delivered acked.c          acked_source              acked_sink             at least once
//     transactional.c  transactional_source      transactional_sink     exactly once
//
//     source:  marks ---------------> stages ---------------> marks  :sink
//        ^                                                      |
//        |  acked: each mark comes back through a FIFO when     |
//        |  all lines before it are delivered; the source       |
//        |  then commits the mark's offsets                     |
//        +------------------------------------------------------+
//           transactional: the sink commits the lines and the mark's offsets in one transaction;
//           the source commits nothing
//
// A tool chooses its object once, when it checks its options, and only calls it from then on:
//
//     struct source source = {.guarantee = &acked_source, .options = &options};
//     source.guarantee->open(&source);
//
// All functions that return int return 0, or -1 after stream_fail(), unless they say otherwise.
#ifndef KAFKA_GUARANTEE_H
#define KAFKA_GUARANTEE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/line.h"
#include "json/json.h"
#include "kafka/consumer.h"
#include "kafka/delivery.h"
#include "kafka/mark_source.h"
#include "kafka/partition.h"
#include "stream/mark.h"
#include "stream/stream.h"

struct source_guarantee;
struct sink_guarantee;

struct source_options {
    const char *acks; // the FIFO of acked_source
    struct mark_source_options marks;
};

// The source's side of a pipe. The tool sets the first three members and opens the consumer.
struct source {
    const struct source_guarantee *guarantee;
    const struct source_options *options;
    struct stream *stream;
    struct consumer consumer;
    struct mark_source marks; // unused by plain_source
    void *ctx;                // the tool's
    void *own;                // the guarantee's
};

// The consumer's callbacks: the tool's for records, the guarantee's for all else. Their ctx is the
// struct source.
struct consumer_ops source_consumer_ops(int (*record)(void *source, struct partition *p,
                                                      const struct line *line));

struct source_guarantee {
    int64_t tick; // ms between calls of serve() and mark()

    // Before the first record of partitions that were just assigned, possibly before open(): makes
    // sure that a crash does not move their start. Returns 0, or -1 with *err set.
    int (*begin)(struct source *s, struct err *err);

    // The consumer is assigned or subscribed. Opens a stream of marks with a hello mark.
    int (*open)(struct source *s);

    // After each record: notes its time. record is NULL when it is not JSON or too long to parse.
    // NULL when the guarantee has no use for it.
    void (*saw)(struct source *s, struct partition *p, const struct json *record);

    // Between records: writes a mark if one is due.
    int (*mark)(struct source *s);

    // Regularly, also while stdout is blocked: commits what may be committed by now, without
    // waiting, and without writing to stdout.
    int (*serve)(struct source *s);

    // Partitions are about to be revoked; see consumer_ops.
    int (*revoke)(struct source *s, bool blocked, bool lost);

    // The result of a commit that was not waited for; see consumer_ops.
    void (*committed)(struct source *s, rd_kafka_resp_err_t code,
                      const rd_kafka_topic_partition_list_t *list);

    // Reading has stopped: the input ended by request (ended), or the process was told to stop.
    // Writes the last mark and waits, with a limit, until its offsets are committed.
    int (*settle)(struct source *s, bool ended);

    // At the very end, also after failures, before the consumer is closed.
    int (*close)(struct source *s);

    // Frees what the guarantee owns; also when open() was never called.
    void (*release)(struct source *s);
};

struct sink_options {
    const char *acks;             // the FIFO of acked_sink
    const char *transactional_id; // NULL: made of the hello mark's group and shard
};

// The sink's side of a pipe. The tool sets the first three members and opens the delivery.
struct sink {
    const struct sink_guarantee *guarantee;
    const struct sink_options *options;
    struct stream *stream;
    struct delivery delivery;
    void *own; // the guarantee's
};

struct sink_guarantee {
    bool passes_on; // delivered lines go to stdout

    // The delivery is open and nothing has been read. Returns 0, or -1 with *err set.
    int (*open)(struct sink *s, struct err *err);

    // Before each line is handed to delivery_produce(): waits for room, and puts the tag that the
    // line's report will carry into *segment.
    int (*before)(struct sink *s, const struct line *line, uint32_t *segment);

    // The hello mark, and any later mark, with its line as it came. All lines before the mark have
    // been handed over, but not necessarily delivered.
    int (*hello)(struct sink *s, const struct mark *mark, const struct line *line);
    int (*mark)(struct sink *s, const struct mark *mark, const struct line *line);

    // Regularly: acts on what is delivered by now, without waiting.
    int (*serve)(struct sink *s);

    // A line was delivered, refused, or failed. Counts it, by delivery_count() or its own way.
    // Called on the tool's thread from within the functions of delivery.h.
    void (*reported)(struct sink *s, const struct delivery_report *report);

    // The input has ended in order: delivers what is left.
    int (*end)(struct sink *s);

    // At the very end, also after failures: gives up lines that are still in flight.
    void (*close)(struct sink *s);

    // Frees what the guarantee owns; also when open() was never called.
    void (*release)(struct sink *s);
};

#endif
