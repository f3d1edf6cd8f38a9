// SPDX-License-Identifier: BSD-2-Clause
//
// windows: the open windows, each with the set that counts its records, and the watermark that
// closes them.
//
// The watermark is the newest time seen minus the allowed lateness. A window is due when the
// watermark has reached its end, when it is full (windows of records), or when the input has ended.
// A window that was handed out as due is closed: it takes no more records. For each record the
// owner calls:
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
// in the order of the specs; then windows of records, and the window over everything last. So the
// order of final windows does not depend on how many close at once.
#ifndef INSIGHT_WINDOWS_H
#define INSIGHT_WINDOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "insight/batch.h"
#include "insight/plan.h"
#include "insight/set.h"
#include "insight/window_spec.h"

struct partial_head;

struct window {
    int64_t start; // or its number; see window_spec.h
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
    uint64_t late;          // late records since a window was closed
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
    struct batch batch; // the owner fills batch.value
    int64_t lateness, watermark;
    int64_t next_end; // the earliest end of an open window
    bool filled;      // at least one window is full
    bool ended;       // the input has ended
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

// The plan and the count specs are borrowed. lateness is in ms.
void windows_init(struct windows *w, const struct plan *plan, const struct window_spec *specs,
                  size_t count, int64_t lateness);
void windows_release(struct windows *w);

// Ends those open windows of records whose span a record of this time would exceed. They are due
// then. Call it before the record is added.
void windows_limit_span(struct windows *w, int64_t time);

// Advances the watermark to this time minus the lateness, if that is later than now.
void windows_advance(struct windows *w, int64_t time);

// Makes all windows due, because the input has ended.
void windows_end(struct windows *w);

// Returns whether a window is due. Hand the due windows out before you add another record.
bool windows_due(const struct windows *w);

// Counts the record in batch.value in each open window that contains its time, and opens those that
// do not exist yet. Returns false when the record is late: all windows of time are closed that
// contain it, and there are no others.
bool windows_add(struct windows *w, int64_t time);

// Returns whether a partial's window is one of the specs, and its start one of that spec.
bool windows_knows(const struct windows *w, const struct partial_head *head);

// Extends the window of a partial, for which windows_knows() holds, by its records. Returns the set
// to merge the partial into, or NULL when the partial is late: its window is closed.
struct insight_set *windows_extend(struct windows *w, const struct partial_head *head);

// Returns the window of a series with this start, which may be closed; opens it if there is none.
struct window *windows_open(struct windows *w, struct window_series *s, int64_t start);

// Frees the closed windows that no window will be compared with, and recomputes when the next
// window is due. For those who change windows directly.
void windows_sweep(struct windows *w);

// Removes all windows. The watermark stays.
void windows_clear(struct windows *w);

// Hands out the next window of a kind. Returns false after the last one. Each view is valid until
// the next call. Always finish one kind before you start another, and add no records in between.
bool windows_next(struct windows *w, enum windows_which which, struct window_view *view);

#endif
