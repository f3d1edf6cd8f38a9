// SPDX-License-Identifier: BSD-2-Clause
//
// stream: the driver of every stage. It owns reading, parsing, the jq filter, dispatch, flushing,
// signals, rejects, the ledger and the exit status, so that no tool can forget one of them.
//
// A tool gives callbacks, which return 0, or -1 after stream_fail():
//
//     static int record(void *ctx, struct stream *s, const struct line *line)
//     {
//         struct thing *thing = ctx;
//         ...
//         return stream_emit(s, line->data, line->len);
//     }
//     static const struct stream_ops ops = {.parse = true, .record = record};
//     return stream_run(&ops, &thing, &options.stream);
//
// Marks (mark.h) keep their place among the lines. In a stream that a hello mark has opened, the
// driver holds all others to its run, drops a last line that has no newline, and takes an end of
// the input without an end mark for a failure (EX_TEMPFAIL): ops->end is not called then.
//
// Signals: a first SIGINT or SIGTERM makes a source stop and leaves a filter to finish its input;
// a second one ends the process at once. SIGUSR1 writes the ledger.
#ifndef STREAM_STREAM_H
#define STREAM_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/line.h"
#include "base/opt.h"
#include "json/filter.h"
#include "json/json.h"
#include "stream/ledger.h"
#include "stream/mark.h"
#include "stream/reject.h"

struct stream;

struct stream_ops {
    bool parse;   // records must be JSON
    bool sink;    // records do not go to stdout, so it does not matter who reads that
    int64_t tick; // how often on_tick is wanted, in ms; 0 for never

    // Before anything is read.
    int (*open)(void *ctx, struct stream *s);

    // For a source: hands over what has come with stream_feed(), waiting up to timeout_ms for the
    // first. Returns how many records came, or -1. *end ends the input. NULL: lines of stdin.
    int (*fill)(void *ctx, struct stream *s, int timeout_ms, bool *end);

    // One record: valid JSON when parse is set, after the filter.
    int (*record)(void *ctx, struct stream *s, const struct line *line);

    // A reject of an earlier stage. NULL: it is passed on to stdout.
    int (*pass)(void *ctx, struct stream *s, const struct line *line);

    // A mark, after all records before it. Emit everything derived from those, and persist it if
    // that is promised, before returning; the driver then writes the mark and flushes. A sink's
    // mark is not written: line is the mark as it came, for a sink that has to pass it on.
    // NULL: nothing is held back.
    int (*mark)(void *ctx, struct stream *s, const struct mark *mark, const struct line *line);

    // The input has ended, in a stream with marks by its end mark, and all records were handed
    // over.
    int (*end)(void *ctx, struct stream *s);

    int (*on_tick)(void *ctx, struct stream *s);

    // All that was emitted so far has been written.
    void (*flushed)(void *ctx, struct stream *s);

    // stdout has been blocked for about a second; called again each further second.
    void (*stalled)(void *ctx, struct stream *s);

    // At the very end, also after failures, unless open failed.
    void (*close)(void *ctx, struct stream *s);
};

struct stream_options {
    struct filter_options filter;
    const char *rejects; // file, "-" for stdout; NULL for stderr
    const char *stats;   // file for the ledger; NULL for none
    uint64_t max_line;   // bytes
    bool strict;         // end with EX_DATAERR at the first reject
};

#define STREAM_OPTIONS_INIT                                                                        \
    {                                                                                              \
        .max_line = LINE_MAX_DEFAULT                                                               \
    }

// The options above but strict, for opt_parse().
extern const struct opt stream_opts[];
extern const size_t stream_opt_count;

// Runs the stage to its end and returns the exit status.
int stream_run(const struct stream_ops *ops, void *ctx, const struct stream_options *options);

// For sources: one record from outside. line->data must have JSON_PADDING behind it.
int stream_feed(struct stream *s, const struct line *line);

// --- Verbs. Each record that a stage takes ends in exactly one of them, which counts it in the
// ledger, so that no tool can break the ledger's sum. ---

// Writes one record as a line to stdout.
int stream_emit(struct stream *s, const char *data, size_t len);

// stream_emit() in pieces: append the record, without a newline, to stream_emit_begin()'s buffer,
// then call stream_emit_end(). stream_emit_made() ends a line that the stage adds to the records it
// took, such as an insight.
struct buf *stream_emit_begin(struct stream *s);
int stream_emit_end(struct stream *s);
int stream_emit_made(struct stream *s);

// Counts a record as aggregated: its values are part of insights, and it goes no further.
void stream_absorb(struct stream *s);

// Counts a record as filtered: it was not wanted.
void stream_drop(struct stream *s);

// Counts a record as undelivered: it was taken and cannot be handled. The exit status must not be
// EX_OK then.
void stream_lose(struct stream *s, uint64_t count);

// Writes a reject and counts the record as rejected, or as late.
int stream_reject(struct stream *s, const struct reject *reject, const struct line *line);
int stream_reject_late(struct stream *s, const struct reject *reject, const struct line *line);

// Counts a field that the stage filled in; from says why or from which field.
void stream_count_filled(struct stream *s, const char *field, const char *from);

// For sinks: counts records as out, and bytes as delivered.
void stream_deliver(struct stream *s, uint64_t count, size_t bytes);

// For sinks: a reject of an earlier stage, counted as passed, becomes a record of this stage, since
// it could not be passed on.
void stream_reclaim(struct stream *s);

// Writes a line that is counted already: a record that a sink has delivered, or a reject of an
// earlier stage.
int stream_write(struct stream *s, const char *data, size_t len);

// For sources: writes a mark, behind all that was emitted, and flushes.
int stream_emit_mark(struct stream *s, const struct mark *mark);

// Whether a hello mark has come.
bool stream_has_marks(const struct stream *s);

// Ends the run after this callback returns, with a status and "what: why". Returns -1.
__attribute__((format(printf, 3, 4))) int stream_fail(struct stream *s, int status, const char *fmt,
                                                      ...);
int stream_fail_err(struct stream *s, const struct err *err);

// Sets the exit status of a run that otherwise ends well.
void stream_set_status(struct stream *s, int status);

// The current record, parsed. NULL when it is not JSON, which cannot be when ops->parse is set.
struct json *stream_json(struct stream *s);

const struct ledger *stream_ledger(const struct stream *s);

// Writes out all that is buffered: rejects first, then stdout.
int stream_flush(struct stream *s);

#endif
