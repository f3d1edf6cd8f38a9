// SPDX-License-Identifier: BSD-2-Clause
//
// partial_write: writes what was counted in a window as partials. Partials are lines that one
// process merges with those of other processes (loginagg --partial and --merge). partial_read.h
// reads them, and loginpipe-stream(5) describes them.
//
//     struct partial_writer p;
//     partial_write_init(&p, &plan, &view);
//     while (partial_write_next(&p, &b))
//         ...write the line...
//     partial_write_release(&p);
//
// A row of a combination does not repeat texts: it has the numbers of the rows that have its
// values, in the tables of its fields, which come first.
//
// A set that was merged from partials gives the same insights as a set that counted all their
// records itself. They are exactly the same while the tables are exact. With sketches, they are the
// same within the errors of the sketches. A line has at most about PARTIAL_SIZE bytes, so that a
// Kafka broker accepts it as a message. A larger partial takes several lines. All have the
// partial's id, and each has its number. The last one has the number of lines too, so that a reader
// knows when the partial is complete; see partial_join.h.
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
    const char *cover; // the id of the partial's cover (cover.h); NULL or empty for none
    uint64_t id;
    uint32_t **row;               // by table of values and id: the number of the value's row
    uint64_t parts;               // lines that have been written
    size_t table;                 // the number of the next table
    bool begun;                   // an earlier line has a part of the next table
    size_t highest;               // the next item of its space_saving
    const struct map_entry *next; // the next entry of its map, or of its sample
};

// Starts to write the partials of a window. Borrows the plan and the view. The view's set must not
// change until the last line is written.
void partial_write_init(struct partial_writer *p, const struct plan *plan,
                        const struct window_view *view);
void partial_write_release(struct partial_writer *p);

// Appends the next line, without a newline. After the last line, appends nothing and returns false.
bool partial_write_next(struct partial_writer *p, struct buf *b);

#endif
