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
// driver checks that every mark belongs to the same run. If the input then ends without a last
// mark, the driver fails with EX_TEMPFAIL and does not call ops->end. It does the same if the last
// line has no newline, and drops that line. A last mark is an end mark or one with "stop":true.
//
// Signals: the first SIGINT or SIGTERM stops a source. Every other stage still reads its input to
// the end. The second one ends the process at once. SIGUSR1 makes the driver write the ledger.
// Every ten seconds it writes the file of --metrics, first when the stage has begun.
// SIGHUP makes it open the files of --rejects and --stats anew, and those of the tool.
#ifndef STREAM_STREAM_H
#define STREAM_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/line.h"
#include "base/metrics.h"
#include "base/out.h"
#include "json/json.h"
#include "stream/ledger.h"
#include "stream/mark.h"
#include "stream/reject.h"
#include "stream/stream_options.h"

struct stream;

// The callbacks of a stage. Each but `record` may be NULL. A line that is passed to a callback is
// valid until the callback returns.
struct stream_ops {
    bool parse; // reject records that are not JSON
    bool sink;  // the driver does not write marks to stdout, since records do not go there either
    // Rejects are the records of this stage. Those that are in envelopes, if lines are envelopes;
    // the others are then rejects of an earlier stage, as always. What the stage emits is not put
    // into the envelope of a reject.
    bool takes_rejects;
    // In a stream with marks, a line is handed over only once another line has begun. At an end
    // without a last mark, the line that is left is dropped, because it may be half a line:
    // grep(1) and awk(1) put a newline behind what a writer that died has left. A mark is handed
    // over at once.
    bool holds_last;
    int64_t tick; // milliseconds between calls of on_tick; 0 for never

    // Called before anything is read.
    int (*open)(void *ctx, struct stream *s);

    // Only for sources; otherwise NULL, and the records are lines of the input. Calls stream_feed()
    // for each record that has arrived, and waits up to timeout_ms for the first one. Sets *end to
    // true to end the input. Returns the number of records, or -1.
    int (*fill)(void *ctx, struct stream *s, int timeout_ms, bool *end);

    // Only for sinks. Called for each line that is no mark and no reject, before the filter; maybe
    // more than once. Takes the record out of the line: sets record->data and record->len, and may
    // set record->origin; on entry, *record is the line. The record's bytes are those of the line,
    // or constant. May be NULL: the record is the line.
    void (*split)(void *ctx, const struct line *line, struct line *record);

    // Called for each record, after the filter. The record is valid JSON if parse is set.
    int (*record)(void *ctx, struct stream *s, const struct line *line);

    // Called for a record on which the jq program has failed, with what stream_reject() gets. If
    // the member is NULL, the driver rejects the record.
    int (*filter_failed)(void *ctx, struct stream *s, const struct reject *why,
                         const struct line *record);

    // Called for a reject of an earlier stage. If the member is NULL, the driver writes the reject
    // to stdout unchanged.
    int (*pass)(void *ctx, struct stream *s, const struct line *line);

    // Called for each mark, after all records before it. Emits everything derived from these
    // records, and saves it if the tool promises that. The driver then writes the mark and flushes.
    // In a sink the driver does not write the mark; `line` holds its bytes, so that the sink can
    // pass them on. May be NULL if the tool holds nothing back.
    int (*mark)(void *ctx, struct stream *s, const struct mark *mark, const struct line *line);

    // Called before a mark is written that stream_defer_mark() has deferred. Waits until everything
    // is saved that must be saved for this mark. If it fails, the mark is not written. May be NULL
    // if the tool defers no marks.
    int (*await_saved)(void *ctx, struct stream *s);

    // Called when the input has ended in order and all records have been handed over. A stream with
    // marks ends in order only after an end mark or a mark with "stop":true.
    int (*end)(void *ctx, struct stream *s);

    // Called when no further line has arrived yet, before the driver waits for one. A tool that
    // gathers lines sends them on. Not called in sources.
    int (*paused)(void *ctx, struct stream *s);

    // Called about every `tick` milliseconds, between lines. May be NULL if `tick` is 0.
    int (*on_tick)(void *ctx, struct stream *s);

    // Appends what only this stage counts to the ledger, as members of a JSON object. Also called
    // after close(). May be NULL.
    void (*put_ledger)(void *ctx, struct buf *b);

    // Appends what only this stage measures to its metrics. May be NULL.
    void (*put_metrics)(void *ctx, struct stream *s, struct metrics *m);

    // Says for --progress how much is done and how much there is to do, in any unit; a total of 0
    // is not known. May be NULL: then it is the bytes of the input, if this is a file.
    void (*measure)(void *ctx, struct stream *s, uint64_t *done, uint64_t *total);

    // Called after a SIGHUP. Opens the tool's own files anew, by stream_reopen(). May be NULL if it
    // has none.
    int (*reopen)(void *ctx, struct stream *s);

    // Called when everything emitted so far has been written.
    void (*flushed)(void *ctx, struct stream *s);

    // Called about every second while a write to stdout is blocked.
    void (*stalled)(void *ctx, struct stream *s);

    // Called last, even after a failure, but not if open() failed.
    void (*close)(void *ctx, struct stream *s);
};

// Runs the stage until its input ends or a callback fails, and returns the exit status.
int stream_run(const struct stream_ops *ops, void *ctx, const struct stream_options *options);

// Takes one record. Only for sources. line->data must be followed by JSON_PADDING readable bytes.
// With --envelope, the record needs an origin. The envelope is made here, before the jq program
// runs, and ops->parse has no effect.
int stream_feed(struct stream *s, const struct line *line);

// Takes one record that the source itself rejects. Only for sources. Returns 0, or -1 after a
// failure.
int stream_feed_reject(struct stream *s, const struct reject *reject, const struct line *line);

// --- The outcome of a record. For each record that it takes, a stage makes exactly one of these
// calls. The call counts the record in the ledger, so that the numbers add up. ---

// Writes a record to stdout, as one line. The data must not contain a newline, unless the record
// came in an envelope. If the line begins like a mark, a space is added after its brace. A record
// that came in an envelope is written in it.
int stream_emit(struct stream *s, const char *data, size_t len);

// Write a line that the stage makes itself, such as an insight, in addition to the records it took.
// First append the line, without its newline, to the buffer that stream_emit_begin() returns. Then
// call stream_emit_made().
struct buf *stream_emit_begin(struct stream *s);
int stream_emit_made(struct stream *s);

// Writes a record to stdout as a text of any form, which need not be a line. First append the text
// to the buffer that stream_emit_begin() returns.
int stream_emit_text(struct stream *s);

// Counts a record as aggregated: its values are counted in insights, and the record is not passed
// on.
void stream_absorb(struct stream *s);

// Counts a record as filtered: the user did not want it.
void stream_drop(struct stream *s);

// Counts records as undelivered: the stage took them, and can neither write nor reject them. The
// stage must then end with an exit status other than EX_OK.
void stream_lose(struct stream *s, uint64_t count);

// Write a reject, and count the record as rejected or as late.
int stream_reject(struct stream *s, const struct reject *reject, const struct line *line);
int stream_reject_late(struct stream *s, const struct reject *reject, const struct line *line);

// Writes a reject for the current record, for which stream_json() has returned NULL, with what is
// wrong with the text.
int stream_reject_not_json(struct stream *s, const struct line *line);

// Counts records as out, and adds the bytes to the ledger's bytes_out. Only for sinks.
void stream_deliver(struct stream *s, uint64_t count, size_t bytes);

// Moves a reject of an earlier stage from the ledger's `passed` to its `in`, because it could not
// be passed on. It is then a record of this stage, so one of the calls above must follow. Only for
// sinks.
void stream_reclaim(struct stream *s);

// --- Other calls ---

// Counts a record as made: an earlier run has taken and counted it, and it was in the saved data of
// the stage. One of the calls above must follow.
void stream_recall(struct stream *s);

// Says up to which time the records have come, for the metrics, if the stage knows it better than
// the marks.
void stream_set_watermark(struct stream *s, int64_t watermark);

// Counts a field that the stage filled in. `from` is the reason, or the field from which the value
// came. If `field` is NULL, only `from` is counted. Both texts must outlive the stream.
void stream_count_filled(struct stream *s, const char *field, const char *from);

// Writes a line without counting it. It is counted already, because it is a record that a sink has
// delivered or a reject of an earlier stage.
int stream_write(struct stream *s, const char *data, size_t len);

// Writes a mark after everything that was emitted, and flushes. Only for sources.
int stream_emit_mark(struct stream *s, const struct mark *mark);

// Called in ops->mark, defers the mark: further lines are handed over before it is written. Once
// saved_fd can be read, the driver calls ops->await_saved() and writes the mark and what follows
// it. It does so earlier at the next mark, at the end, at stream_flush(), and when much is
// buffered. If saved_fd is -1, the mark is not deferred.
void stream_defer_mark(struct stream *s, int saved_fd);

// Returns whether a hello mark has opened the stream.
bool stream_has_marks(const struct stream *s);

// Record a failure: an exit status and a message, "what: why". The run ends when the callback has
// returned. Only the first failure counts. Both return -1.
__attribute__((format(printf, 3, 4))) int stream_fail(struct stream *s, int status, const char *fmt,
                                                      ...);
int stream_fail_err(struct stream *s, const struct err *err);

// Sets the exit status of a run that does not fail. Only the first call counts.
void stream_set_status(struct stream *s, int status);

// Returns the current record, parsed. Returns NULL if the record is not JSON, which cannot happen
// if ops->parse is set.
struct json *stream_json(struct stream *s);

// Ends the input after the current line, in order, even if more lines follow.
void stream_end_input(struct stream *s);

// Returns the line in which the current record came: the envelope, what ops->split() has taken
// apart, or the record itself.
const struct line *stream_input(const struct stream *s, const struct line *record);

// Writes the ledger if SIGUSR1 has asked for it, the metrics if they are due, and shows progress.
// The driver does so between two lines. A callback that waits for long calls this now and then.
int stream_report(struct stream *s);

const struct ledger *stream_ledger(const struct stream *s);

// Writes everything that is buffered: rejects first, then stdout. If a mark is deferred, waits
// first.
int stream_flush(struct stream *s);

// Opens a file anew; see out_reopen_append(). If the new file cannot be opened, warns, and the old
// one stays in use.
int stream_reopen(struct stream *s, struct out *file, const char *option);

#endif
