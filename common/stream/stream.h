// SPDX-License-Identifier: BSD-2-Clause
//
// stream: the driver of every stage. It reads lines, parses them, runs the jq filter, and calls the
// tool's callbacks for records, marks and ticks. It also owns flushing, signals, rejects, the
// ledger and the exit status, so that no tool can forget one of them.
//
// A tool supplies callbacks, which return 0, or -1 after stream_fail():
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
// Marks (mark.h) keep their place among the lines. Once a hello mark has opened a stream, the
// driver checks that every mark belongs to the same run, drops a last line that has no newline, and
// fails with EX_TEMPFAIL, without calling ops->end, if the input ends without an end mark.
//
// Signals: the first SIGINT or SIGTERM stops a source; a filter still finishes its input. The
// second ends the process at once. SIGUSR1 writes the ledger.
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

// The lines that callbacks get are valid until they return.
struct stream_ops {
    bool parse;   // reject records that are not JSON
    bool sink;    // records do not go to stdout, so marks are not written there either
    int64_t tick; // milliseconds between calls of on_tick; 0 for never

    // Called before anything is read.
    int (*open)(void *ctx, struct stream *s);

    // For a source: passes each record that has arrived to stream_feed(), and waits up to
    // timeout_ms for the first one. Returns the number of records, or -1. Set *end to end the
    // input. NULL: the records are the lines of stdin.
    int (*fill)(void *ctx, struct stream *s, int timeout_ms, bool *end);

    // Called for each record, after the filter. The record is valid JSON if parse is set.
    int (*record)(void *ctx, struct stream *s, const struct line *line);

    // Called for a reject of an earlier stage. NULL: the driver writes it to stdout unchanged.
    int (*pass)(void *ctx, struct stream *s, const struct line *line);

    // Called for each mark, after all records before it. Emit everything derived from earlier
    // records, and persist it if promised, before returning; the driver then writes the mark and
    // flushes. A sink's driver does not write it: line is the mark as it came, so that a sink can
    // pass on its bytes. NULL: nothing is held back.
    int (*mark)(void *ctx, struct stream *s, const struct mark *mark, const struct line *line);

    // Called when the input has ended in order and all records have been handed over. A stream with
    // marks ends in order at its end mark, or at a mark that says stop.
    int (*end)(void *ctx, struct stream *s);

    int (*on_tick)(void *ctx, struct stream *s);

    // Called when everything emitted so far has been written.
    void (*flushed)(void *ctx, struct stream *s);

    // Called when stdout has been blocked for about a second, and every second after that.
    void (*stalled)(void *ctx, struct stream *s);

    // Called last, also after a failure, but not if open failed.
    void (*close)(void *ctx, struct stream *s);
};

struct stream_options {
    struct filter_options filter;
    const char *rejects; // a file, or "-" for stdout; NULL for stderr
    const char *stats;   // the file for the ledger, or "-" for stderr; NULL for none
    uint64_t max_line;   // bytes
    bool strict;         // end with EX_DATAERR at the first reject
};

#define STREAM_OPTIONS_INIT                                                                        \
    {                                                                                              \
        .max_line = LINE_MAX_DEFAULT                                                               \
    }

// The options that set a struct stream_options, but for strict; a table for opt_parse().
extern const struct opt stream_opts[];
extern const size_t stream_opt_count;

// Runs the stage until its input ends or a callback fails, and returns the exit status.
int stream_run(const struct stream_ops *ops, void *ctx, const struct stream_options *options);

// For sources: takes one record. line->data must have JSON_PADDING readable bytes behind it.
int stream_feed(struct stream *s, const struct line *line);

// --- Verbs. Each record that a stage takes ends in exactly one of these calls, which counts it in
// the ledger; so a tool cannot break the ledger's sum. ---

// Writes a record to stdout, as one line. The data has no newline; a record that begins like a mark
// gets a space behind its brace.
int stream_emit(struct stream *s, const char *data, size_t len);

// Writes a line that the stage makes itself, such as an insight, in addition to the records it
// took. Append the line, without its newline, to the buffer that stream_emit_begin() returns; then
// call stream_emit_made().
struct buf *stream_emit_begin(struct stream *s);
int stream_emit_made(struct stream *s);

// Counts a record as aggregated: its values are part of insights, and the record goes no further.
void stream_absorb(struct stream *s);

// Counts a record as filtered: the user did not want it.
void stream_drop(struct stream *s);

// Counts records as undelivered: the stage took them and can neither write nor reject them. The
// exit status must then not be EX_OK.
void stream_lose(struct stream *s, uint64_t count);

// Writes a reject and counts the record as rejected, or as late.
int stream_reject(struct stream *s, const struct reject *reject, const struct line *line);
int stream_reject_late(struct stream *s, const struct reject *reject, const struct line *line);

// For sinks: counts records as out, and adds the bytes to the ledger's bytes_out.
void stream_deliver(struct stream *s, uint64_t count, size_t bytes);

// For sinks: moves a reject of an earlier stage from passed to in, because it could not be passed
// on. It is then a record of this stage, and ends in one of the verbs.
void stream_reclaim(struct stream *s);

// --- Other calls ---

// Counts a field that the stage filled in. field is NULL to count only the reason or source, from.
// Both texts must outlive the stream.
void stream_count_filled(struct stream *s, const char *field, const char *from);

// Writes a line without counting it, because it is counted already: a record that a sink has
// delivered, or a reject of an earlier stage.
int stream_write(struct stream *s, const char *data, size_t len);

// For sources: writes a mark after everything that was emitted, and flushes.
int stream_emit_mark(struct stream *s, const struct mark *mark);

// Returns whether a hello mark has opened the stream.
bool stream_has_marks(const struct stream *s);

// Ends the run with an exit status and a message, "what: why", once the callback has returned. Only
// the first failure counts. Returns -1.
__attribute__((format(printf, 3, 4))) int stream_fail(struct stream *s, int status, const char *fmt,
                                                      ...);
int stream_fail_err(struct stream *s, const struct err *err);

// Sets the exit status of a run that does not fail. Only the first call counts.
void stream_set_status(struct stream *s, int status);

// The current record, parsed; NULL if it is not JSON, which cannot happen if ops->parse is set.
struct json *stream_json(struct stream *s);

const struct ledger *stream_ledger(const struct stream *s);

// Writes everything that is buffered: rejects first, then stdout.
int stream_flush(struct stream *s);

#endif
