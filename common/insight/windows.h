// SPDX-License-Identifier: BSD-2-Clause
//
// windows: the open windows, each with the set that counts its records, and the watermark that
// closes them.
//
// The watermark is the newest time seen minus the allowed lateness. A window is due when the
// watermark has reached its end, when it is full (windows of records), or when the input has ended.
// A window of records with a span is also due when the watermark moves on to the end of its span.
// When a due window has been handed out, it is closed: it takes no more records. For each record
// the owner calls:
//
//     plan_read_fields(&plan, json, w.batch.value);
//     windows_limit_span(&w, time);
//     windows_advance(&w, time);
//     if (windows_due(&w)) // before the record is added, since it does not belong to those
//         while (windows_next(&w, WINDOWS_DUE, &view))
//             ...report_put()...
//     if (!windows_add(&w, time))
//         ...the record is late...
//     if (windows_due(&w)) // the record may have filled a window
//         ...
//
// windows_next() hands out windows of time first, ordered by their end, then by their start, then
// by the order of the specs. After them come windows of records, and last the window over
// everything. So the order of final windows does not depend on how many close at once.
#ifndef INSIGHT_WINDOWS_H
#define INSIGHT_WINDOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "insight/batch.h"
#include "insight/coverage.h"
#include "insight/partial_join.h"
#include "insight/plan.h"
#include "insight/set.h"
#include "insight/window_spec.h"

#define WINDOWS_NO_LIMIT INT64_MAX // a lateness: the watermark stays unknown

struct window {
    size_t series; // the number of its series
    int64_t start; // or the window's number; see window_spec.h
    bool full;     // has all its records, or the next record would exceed its span
    bool closed;   // kept only to compare the next window with
    bool changed;  // since it was last handed out
    struct insight_set set;
};

// The windows of one spec.
struct window_series {
    const struct window_spec *spec;
    struct window **window; // by ascending start
    size_t count, size;
    size_t next;            // index of the window that windows_next() looks at next
    struct window *current; // the window of the previous record, or NULL
    int64_t number;         // of the open window of records
    uint64_t late;          // late records since a window of the series was last closed
};

enum windows_which {
    WINDOWS_DUE,     // the windows to close; each is closed once it has been handed out
    WINDOWS_CHANGED, // the open windows that took records since they were last handed out
    WINDOWS_OPEN,    // all open windows
};

struct windows {
    const struct plan *plan;
    struct window_series *series;
    size_t count;
    struct batch batch;       // the owner fills batch.value
    struct partial_join join; // the partials of which lines are still missing
    struct coverage coverage; // what the partials that were merged cover
    int64_t lateness, watermark;
    int64_t next_end; // the earliest end of an open window
    bool filled;      // at least one window is full
    bool has_spans;   // at least one of the specs has a span
    bool ended;       // the input has ended
    bool missed;      // the record that was added last has missed a window, which was closed
    struct window_series *handed_out;
};

// A window at one moment.
struct window_view {
    const struct window_spec *spec;
    int64_t start;
    bool final;
    uint64_t late;                // late records since the last final view
    struct insight_set *set;      // not const: its topks are sorted in place
    struct insight_set *previous; // of the previous window; NULL when that had no records
};

// Makes windows without records. Borrows the plan and the array of `count` specs. The lateness is
// in ms, or WINDOWS_NO_LIMIT.
void windows_init(struct windows *w, const struct plan *plan, const struct window_spec *specs,
                  size_t count, int64_t lateness);
void windows_release(struct windows *w);

// Makes those open windows of records due whose span a record with this time would exceed. Call it
// before the record is added.
void windows_limit_span(struct windows *w, int64_t time);

// Advances the watermark to this time minus the lateness, unless the watermark is already later.
void windows_advance(struct windows *w, int64_t time);

// Sets the watermark, as windows_advance() does.
void windows_move(struct windows *w, int64_t watermark);

// Makes all windows due, because the input has ended.
void windows_end(struct windows *w);

// Returns whether a window is due. Hand the due windows out before you add another record.
bool windows_due(const struct windows *w);

// Returns how many windows are open.
size_t windows_open_count(const struct windows *w);

// Counts the record in batch.value in each window that contains its time, unless the window is
// closed. Opens the windows that do not exist yet. Returns false when the record is late, that is,
// when all its windows are closed. This can happen only if all specs are of windows of time. Sets
// missed.
bool windows_add(struct windows *w, int64_t time);

// Returns whether a window, as its user wrote it, is one of the specs.
bool windows_have(const struct windows *w, const char *text, size_t len);

// Returns whether a partial's window is one of the specs, starts where a window of that spec can
// start, and contains the partial's times.
bool windows_knows(const struct windows *w, const struct partial_head *head);

// Returns whether the window of a partial, which windows_knows() must have accepted, is not closed
// yet.
bool windows_takes(const struct windows *w, const struct partial_head *head);

// Adds the number of records and the times of a partial to the partial's window, which
// windows_knows() must have accepted. Returns the set to merge the partial into, or NULL when the
// partial is late because its window is closed.
struct insight_set *windows_extend(struct windows *w, const struct partial_head *head);

// Returns the window of a series with this start. Opens it if there is none. It may be closed.
struct window *windows_open(struct windows *w, struct window_series *s, int64_t start);

// Returns the set of a window, or NULL if there is no such window.
struct insight_set *windows_find(const struct windows *w, size_t series, int64_t start);

// Returns the window of a set.
static inline const struct window *windows_of_set(const struct insight_set *set)
{
    return (const struct window *)(const void *)((const char *)set - offsetof(struct window, set));
}

// Frees the closed windows with which no window will be compared, and recomputes when the next
// window is due. Call it after changing windows directly.
void windows_sweep(struct windows *w);

// Returns whether there is no window.
bool windows_are_empty(const struct windows *w);

// Removes all windows. The watermark stays.
void windows_clear(struct windows *w);

// Goes back to the state after windows_init().
void windows_reset(struct windows *w);

// Hands out the next window of those that `which` selects. Returns false after the last one. Each
// view is valid until the next call. Do not change `which`, and do not add records, before it has
// returned false.
bool windows_next(struct windows *w, enum windows_which which, struct window_view *view);

#endif
