// SPDX-License-Identifier: BSD-2-Clause
//
// insight_windows: the windows that are open, each with what was counted in it, and the watermark
// that closes them.
//
// The watermark is the newest time seen less the lateness allowed. A window is closed when the
// watermark has reached its end, when it has its number of records, or when the input has ended,
// and then takes no more records. The owner calls, for each record:
//
//     insight_read_fields(&plan, json, w.batch.value);
//     insight_windows_expect(&w, time);
//     insight_windows_advance(&w, time);
//     if (insight_windows_due(&w))
//         while (insight_windows_next(&w, WINDOWS_DUE, &view))
//             ...insight_put()...
//     if (!insight_windows_add(&w, time))
//         ...the record is late...
//     if (insight_windows_due(&w)) // again: a window of so many records may be full
//         ...
//
// insight_windows_next() hands out windows by their ends, those that start first before others, and
// otherwise in the order of the specs; windows of records come behind those, and that of all is the
// last. So the order of final windows does not depend on how many close at a time. Each view is
// good until the next call.
#ifndef INSIGHT_WINDOWS_H
#define INSIGHT_WINDOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "insight/batch.h"
#include "insight/partial_write.h"
#include "insight/plan.h"
#include "insight/window_spec.h"

struct insight_window {
    int64_t start; // or its number; see window.h
    bool full;     // has its records, or the next one is too far from them in time
    bool closed;   // and kept to compare the next one with
    bool changed;  // since it was last handed out
    struct insight_set set;
};

// The windows of one spec.
struct insight_series {
    const struct window_spec *spec;
    struct insight_window **window; // by start
    size_t count, size;
    size_t next;                    // to be looked at by insight_windows_next()
    struct insight_window *current; // the one that was found last
    int64_t number;                 // of the open window, where they are numbered
    uint64_t late;                  // since a window was closed
};

enum windows_which {
    WINDOWS_DUE,     // those that are to be closed, and are when they have been handed out
    WINDOWS_CHANGED, // those that took records since they were last handed out
    WINDOWS_OPEN,    // all that are not closed
};

struct insight_windows {
    const struct insight_plan *plan;
    struct insight_series *series;
    size_t count;
    struct insight_batch batch; // its values are for the owner to fill
    int64_t lateness, watermark;
    int64_t next_end; // of the open windows, the first
    bool filled;      // a window is full
    bool ended;
    struct insight_series *handed_out;
};

// specs and plan are borrowed.
void insight_windows_init(struct insight_windows *w, const struct insight_plan *plan,
                          const struct window_spec *specs, size_t count, int64_t lateness);
void insight_windows_release(struct insight_windows *w);

// A record of that time comes next: a window of records may end before it.
void insight_windows_expect(struct insight_windows *w, int64_t time);

// The source has come to that time; this may move the watermark.
void insight_windows_advance(struct insight_windows *w, int64_t time);

// The input has ended: all windows are due.
void insight_windows_end(struct insight_windows *w);

// Whether windows are due. They must be handed out before another record is added.
bool insight_windows_due(const struct insight_windows *w);

// Counts the record of batch.value in all windows that are open for its time. Returns false when
// there is none.
bool insight_windows_add(struct insight_windows *w, int64_t time);

// Whether a partial's window is one of those that were asked for.
bool insight_windows_know(const struct insight_windows *w, const struct insight_partial_head *head);

// The set to which a partial of such a window is to be added; NULL when its window is closed.
struct insight_set *insight_windows_merge(struct insight_windows *w,
                                          const struct insight_partial_head *head);

// The window of a series that starts then, which may be closed; it is opened when there is none.
struct insight_window *insight_windows_open(struct insight_windows *w, struct insight_series *s,
                                            int64_t start);

// Finds out anew when a window is due, and frees those that are of no more use.
void insight_windows_sweep(struct insight_windows *w);

// Forgets all windows, as if no record had come.
void insight_windows_clear(struct insight_windows *w);

// The next window, or false when there is none. Not to be mixed: one kind is taken to its end.
bool insight_windows_next(struct insight_windows *w, enum windows_which which,
                          struct insight_view *view);

#endif
