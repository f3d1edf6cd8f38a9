// SPDX-License-Identifier: BSD-2-Clause
//
// stream_internal: what the source files of stream share. Only they include it; the contract is
// stream.h.
//
//     stream.c           start, the loop that reads and serves ticks and signals, end
//     stream_dispatch.c  takes lines apart, and hands records and marks to the tool
//     stream_emit.c      writes records, rejects and marks, and counts them
//     stream_report.c    tells others how far it is: ledger, metrics, progress
#ifndef STREAM_STREAM_INTERNAL_H
#define STREAM_STREAM_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/line.h"
#include "base/metrics.h"
#include "base/out.h"
#include "base/progress.h"
#include "json/json.h"
#include "stream/envelope.h"
#include "stream/filter_pool.h"
#include "stream/input.h"
#include "stream/ledger.h"
#include "stream/mark.h"
#include "stream/reject_writer.h"
#include "stream/stream.h"

#define STREAM_DEFERRED_MAX (4u << 20) // bytes that may be buffered while a mark is deferred

struct stream {
    const struct stream_ops *ops;
    void *ctx;
    const struct stream_options *options;
    struct ledger ledger;
    struct input in;
    bool plain;  // the input has no marks and no rejects
    bool enough; // stream_end_input() was called
    struct out out;
    struct reject_writer rejects;
    struct json *json;      // parses input lines
    struct json *made_json; // parses outputs of the jq program
    struct json *parsed;    // the one of the two that holds the current record; NULL if none does
    const struct line *current;
    struct envelope envelope;   // the one that was read last; used only with options->envelope
    struct buf sealed;          // the envelope that a source has put around a message
    const struct line *wrapper; // the envelope around the current record; NULL if there is none
    struct line record;         // the current record within it
    struct mark mark;           // the last one that was read
    struct mark_follower marks;
    int saved_fd; // can be read when the deferred mark is saved; -1 if no mark is deferred
    size_t deferred_at, deferred_len; // the deferred mark in the buffer of `out`
    struct filter_pool *filter;       // NULL if there is no jq program
    bool ahead;                       // lines are read before they are handled
    int64_t next_tick;
    int64_t started;     // by time_now()
    int64_t watermark;   // up to which the records have come, or MARK_NO_TIME
    bool own_watermark;  // the stage has set it; otherwise it is that of the last mark
    uint64_t input_size; // bytes; 0 if it is not known
    struct metrics_file metrics;
    struct progress progress;
    uint64_t texts; // records that stream_emit_text() has buffered since the last flush
    bool failed;
    bool reader_gone; // the reader of stdout has closed it: stop quietly
    struct err err;
    int status; // the exit status if the run does not fail
};

// --- stream_dispatch.c ---

// Handles all lines that have been read, until there are enough.
int stream_dispatch_lines(struct stream *s);

// Fails because the input has ended without its last mark. Returns -1.
int stream_ended_early(struct stream *s);

// --- stream_emit.c ---

// Checks that a mark may follow the last one, and counts it. Returns 0, or -1 with *err set.
int stream_follow_mark(struct stream *s, const struct mark *mark, struct err *err);

int stream_flush_rejects(struct stream *s);

// Records why writing to stdout has failed. Returns -1.
int stream_output_failed(struct stream *s);

// --- stream_report.c ---

// Writes the ledger; at the end also to stderr, with -v.
int stream_write_ledger(struct stream *s, bool at_exit);

// Called when the stage has begun. Writes the first metrics, and sees how much there is to do.
void stream_begin_reports(struct stream *s);

// Writes the file of --metrics, if there is one. Cannot fail.
void stream_write_metrics(struct stream *s);

// Writes metrics and shows progress, if they are due. Cannot fail.
void stream_show(struct stream *s);

// Returns the time in ms until stream_show() has something to do, or -1 if it never has.
int64_t stream_show_wait(const struct stream *s);

// Leaves the last line of --progress on the screen.
void stream_end_progress(struct stream *s);

// --- For all ---

// Flushes when enough is buffered. Call this after appending a whole line. A source flushes only
// between two calls of fill(), when it is not inside a call of its Kafka library.
static inline int stream_flush_when_full(struct stream *s)
{
    size_t limit = s->saved_fd < 0 ? OUT_FLUSH : STREAM_DEFERRED_MAX;

    return s->out.buf.len < limit || s->ops->fill != NULL ? 0 : stream_flush(s);
}

static inline int stream_end_line(struct stream *s)
{
    buf_putc(&s->out.buf, '\n');
    return stream_flush_when_full(s);
}

#endif
