// SPDX-License-Identifier: BSD-2-Clause
//
// partial_write: writes what was counted in a window as partials: lines that another process merges
// with those of other processes (loginagg --partial and --merge). partial_read.h reads them,
// loginpipe-stream(5) describes them.
//
//     struct partial_writer p;
//     partial_write_init(&p, &plan, &view);
//     while (partial_write_next(&p, &b))
//         ...write the line...
//
// A set merged from partials gives the same insights as a set that counted all their records
// itself: exactly the same while the tables are exact, and within the errors of the sketches
// otherwise. A line has about PARTIAL_SIZE bytes at most, so that a Kafka broker accepts it as a
// message; a larger window takes several lines. They can be merged in any order, each exactly once.
#ifndef INSIGHT_PARTIAL_WRITE_H
#define INSIGHT_PARTIAL_WRITE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "insight/plan.h"
#include "insight/windows.h"
#include "sketch/map.h"

#define PARTIAL_SIZE ((size_t)512 << 10)

struct partial_writer {
    const struct plan *plan;
    const struct window_view *view;
    bool first;                   // no line has been written yet
    size_t table;                 // the number of the next table
    bool begun;                   // an earlier line has a part of that table
    size_t highest;               // the next item of its space_saving
    const struct map_entry *next; // the next entry of its map, or of its sample
};

// The plan and the view are borrowed. The view's set must not change until the last line is
// written.
void partial_write_init(struct partial_writer *p, const struct plan *plan,
                        const struct window_view *view);

// Appends the next line, without a newline. Returns false, with nothing appended, after the last.
bool partial_write_next(struct partial_writer *p, struct buf *b);

#endif
