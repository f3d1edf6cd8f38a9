// SPDX-License-Identifier: BSD-2-Clause
//
// aggregator: counts records in windows, emits insights about the windows, and keeps checkpoints.
// It is the whole of loginagg except the options and the stream.
//
// The aggregator emits lines when a window closes, after every options->every_records records, at a
// mark, at the end, and when the owner calls aggregator_tick(). For each line, it appends
// the line to the owner's buffer and calls the owner's emit(). The lines are insights or, if
// options->partial is set, partials. The owner calls:
//
//     struct aggregator a;
//     if (aggregator_init(&a, &options, &insights, &ops, ctx, &err) != 0)
//         err_die(&err);
//     if (aggregator_open(&a, &err) != 0)
//         ...
//     for each record, in order:
//         const struct json_value *time = aggregator_read(&a, json);
//         ...reject the record, or convert its time to ms...
//         result = aggregator_add(&a, ms, &err);
//         if (result == AGGREGATOR_LATE)
//             ...reject the record...
//         else if (result == AGGREGATOR_ADDED)
//             ...pass the record on, if wanted; then aggregator_accept(&a, &err)...
//     for each mark, in its place among the records:
//         aggregator_mark(&a, mark, &err);
//     before the mark is passed on:
//         checkpoint_await_sync(&a.checkpoint, &err);
//     after the last line:
//         aggregator_end(&a, &err);
//     aggregator_close(&a);
//     aggregator_release(&a);
//
// With options->merge the input is partials: aggregator_merge() replaces aggregator_read() and
// aggregator_add().
//
// Functions that take an err return 0, or -1 with *err set, unless they return an aggregator_result
// or a merge_result. The error is that of emit(), of flush(), or of a function of checkpoint.h,
// merger.h or cover_write.h.
// After a failure only aggregator_close() and aggregator_release() may be called.
#ifndef INSIGHT_AGGREGATOR_H
#define INSIGHT_AGGREGATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/datetime.h"
#include "base/err.h"
#include "base/line.h"
#include "base/metrics.h"
#include "insight/checkpoint.h"
#include "insight/cover.h"
#include "insight/cover_write.h"
#include "insight/emitter.h"
#include "insight/merger.h"
#include "insight/options.h"
#include "insight/plan.h"
#include "insight/quiet.h"
#include "insight/window_spec.h"
#include "insight/windows.h"
#include "json/json.h"
#include "stream/mark.h"

struct aggregator_options {
    bool partial;           // emit partials, and forget what was emitted
    bool merge;             // the input is partials
    bool skip_gaps;         // merge what comes after lost partials
    bool final;             // close all windows at the end, even if state is set
    int64_t every_ms;       // how often aggregator_tick() emits the changed windows; 0 for never
    uint64_t every_records; // after how many records to emit the changed windows; 0 for never
    int64_t lateness;       // ms; -1 for the default: one minute, or no limit if `bounded` is set
    int64_t ahead;          // ms; the watermark does not follow times further ahead of the clock
    int64_t idle;           // ms; how long a live input must be quiet; 0 for never
    bool bounded;           // the input is a file, which has an end
    const char *state;      // the directory of the checkpoints; NULL for none
    bool state_reset;       // ignore and remove existing checkpoints
};

#define AGGREGATOR_OPTIONS_INIT                                                                    \
    {                                                                                              \
        .every_ms = 10 * MS_SECOND, .lateness = -1, .ahead = 10 * MS_MINUTE,                       \
        .idle = 10 * MS_SECOND                                                                     \
    }

enum aggregator_result {
    AGGREGATOR_FAILED = -1,
    AGGREGATOR_ADDED,  // counted in at least one window, or kept in a checkpoint to be counted
    AGGREGATOR_PARTLY, // counted, but missing from a window of its time that is closed
    AGGREGATOR_LATE,   // not counted: all windows of its time are closed
};

struct aggregator_ops {
    // Returns the buffer to append the next line to. A line may be 512 KiB long, so it is not
    // copied.
    struct buf *(*begin)(void *ctx);

    // Emits the line that was appended, which has no newline.
    int (*emit)(void *ctx, struct err *err);

    // Writes out all lines that were emitted. Called before a checkpoint relies on them.
    int (*flush)(void *ctx, struct err *err);

    // As in merger.h. May be NULL without options->merge.
    int (*settle)(void *ctx, const struct line *line, bool known, enum merge_result result,
                  const char *why, struct err *err);
};

struct aggregator {
    const struct aggregator_options *options;
    const struct aggregator_ops *ops;
    void *ctx;
    struct plan plan;
    struct window_spec *specs;
    struct windows windows;
    struct merger merger;
    struct json *json; // for the lines of a log
    struct cover_writer cover_writer;
    struct cover cover; // of the last mark
    struct emitter emitter;
    struct checkpoint checkpoint;
    struct buf options_text; // for the checkpoints
    int64_t newest;          // the newest time that was believed in this run, or INT64_MIN
    int64_t latest;          // the clock allowed times up to this one when it was last read
    struct quiet quiet;
    uint64_t ticks;
    bool started; // resumed from a checkpoint, or started without one
    bool marked;  // a hello mark has come
    uint64_t fed; // records that have been accepted in this run
    int timeless; // how many marks without a watermark came after the first record
};

// Makes the plan and the windows. Borrows options, insights and ops. Returns 0, or -1 with *err set
// and nothing to release. The error is that of insight_options_plan(), or EX_USAGE if partials are
// wanted of a window that cannot be merged.
int aggregator_init(struct aggregator *a, const struct aggregator_options *options,
                    struct insight_options *insights, const struct aggregator_ops *ops, void *ctx,
                    struct err *err);
void aggregator_release(struct aggregator *a);

// Opens and locks the directory of the checkpoints, if one is wanted.
int aggregator_open(struct aggregator *a, struct err *err);
void aggregator_close(struct aggregator *a);

// Reads the fields of the record that json parsed last. The record must be an object. Returns the
// value of the time field, which is valid until json parses something else.
const struct json_value *aggregator_read(struct aggregator *a, const struct json *json);

// Adds the record that was read last, with its time in ms since 1970. Without marks, first advances
// the watermark, and closes and emits the windows that this makes due. Then counts the record in
// all open windows that contain its time.
enum aggregator_result aggregator_add(struct aggregator *a, int64_t time, struct err *err);

// Like aggregator_add(), for a line of --partial that `json` holds, which must be an object. When a
// cover closes, advances the watermark, and closes and emits the windows that this makes due.
enum merge_result aggregator_merge(struct aggregator *a, const struct json *json,
                                   const struct line *line, struct err *err);

// Marks the record that was added last as accepted. Then emits the windows that it has filled and,
// after every options->every_records records, the changed windows. Call this after the record
// itself has been passed on, so that the record is written before its insights.
int aggregator_accept(struct aggregator *a, struct err *err);

// Does what is due by the clock. The owner calls this every aggregator_tick_time() ms. `records` is
// how many records have come so far.
//
// - After each options->every_ms, emits the windows that have changed.
// - While the input is live and quiet (quiet.h), lets the watermark follow the clock, options->idle
//   behind it, and emits what is due. But not if the input is bounded, or has marks: the source of
//   the marks knows better whether it is quiet.
int64_t aggregator_tick_time(const struct aggregator_options *options);
int aggregator_tick(struct aggregator *a, uint64_t records, struct err *err);

// Handles a mark. At a hello mark, resumes from a checkpoint if there is one. At any other mark,
// advances the watermark if the mark has a later one, and emits what is due: the windows to close
// or, for partials, all changed windows. At an end mark, it also closes or emits the windows as
// aggregator_end() does without marks. At last it writes a checkpoint. Records may follow at once,
// but the mark must not be passed on before checkpoint_await_sync(&a->checkpoint, err).
int aggregator_mark(struct aggregator *a, const struct mark *mark, struct err *err);

// Handles the end of an input without marks. Without options->state, or with options->final, closes
// and emits all windows. Otherwise emits the changed windows, unless every_ms and every_records are
// both 0. Then flushes the lines and writes a checkpoint. In a stream with marks it does nothing,
// since the end mark has done this.
int aggregator_end(struct aggregator *a, struct err *err);

// Appends what has been covered by partials to a ledger: "covered", "duplicates" and "skipped".
void aggregator_put_ledger(const struct aggregator *a, struct buf *b);

// Appends how many windows are open and how large the state is, as metrics.
void aggregator_put_metrics(struct aggregator *a, struct metrics *m);

// Returns the time in ms since 1970 up to which the records or partials have come, as far as this
// is known without marks, or INT64_MIN.
int64_t aggregator_reached(const struct aggregator *a);

// Writes the newest checkpoint to stdout, with state_dump(). May be called without
// aggregator_open().
int aggregator_dump(struct aggregator *a, struct err *err);

#endif
