// SPDX-License-Identifier: BSD-2-Clause
//
// mark_window: which marks are reached, when the lines between them arrive in any order. A mark is
// reached when all lines before it have arrived; lines behind it go on meanwhile.
//
//     struct mark_window w = {0};
//     epoch = mark_window_leave(&w);               // a line goes off
//     mark_window_mark(&w, line, len);             // a mark comes behind it
//     mark_window_arrive(&w, epoch);               // the line has arrived
//     if (mark_window_reached(&w, &newest))        // then the mark is reached
//         ...
//     mark_window_release(&w);
//
// The lines between two marks are an epoch. Its number fits 15 bits, so that it can travel with a
// line.
#ifndef COMMON_MARK_WINDOW_H
#define COMMON_MARK_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

#define MARK_WINDOW_EPOCHS 32768u

struct mark_epoch {
    uint64_t under_way;
    char *mark; // the line of the mark that ends it; NULL while it is open
    size_t len;
};

struct mark_window {
    struct mark_epoch *epoch; // from first on; the last one is open
    size_t count, capacity;
    uint32_t first; // number of epoch[0]
};

void mark_window_release(struct mark_window *w);

// A line goes off. Returns the number of its epoch.
uint32_t mark_window_leave(struct mark_window *w);

// A line of that epoch has arrived, for good.
void mark_window_arrive(struct mark_window *w, uint32_t epoch);

// Ends the epoch by a mark, which is copied. The window must not be full.
void mark_window_mark(struct mark_window *w, const char *line, size_t len);
bool mark_window_is_full(const struct mark_window *w);

// Puts the newest mark that is reached into line, and forgets it and those before. Returns false
// when there is none.
bool mark_window_reached(struct mark_window *w, struct buf *line);

#endif
