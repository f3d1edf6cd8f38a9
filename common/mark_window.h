// SPDX-License-Identifier: BSD-2-Clause
//
// mark_window: which marks are reached, when the lines between them arrive in any order. A mark is
// reached when all lines before it have arrived; lines behind it go on meanwhile. With each line as
// the mark behind itself it gives lines back in their order.
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
#define MARK_WINDOW_BYTES (64u << 20) // of marks; about, since the last one may be longer

struct mark_epoch {
    uint64_t under_way;
    char *mark; // the line of the mark that ends it; NULL while it is open
    size_t len;
    bool dropped;
};

struct mark_window {
    struct mark_epoch *epoch; // from first on; the last one is open
    size_t count, capacity;
    uint32_t first; // number of epoch[0]
    size_t bytes;   // of marks
};

void mark_window_release(struct mark_window *w);

// A line goes off. Returns the number of its epoch.
uint32_t mark_window_leave(struct mark_window *w);

// A line of that epoch has arrived, for good.
void mark_window_arrive(struct mark_window *w, uint32_t epoch);

// Ends the epoch by a mark, which is copied. The window must not be full.
void mark_window_mark(struct mark_window *w, const char *line, size_t len);
bool mark_window_is_full(const struct mark_window *w);

// The mark that ends an epoch, or will end it, is not to come out of mark_window_pass().
void mark_window_drop(struct mark_window *w, uint32_t epoch);

// Puts the newest mark that is reached into line, and forgets it and those before. Returns false
// when there is none.
bool mark_window_reached(struct mark_window *w, struct buf *line);

// Hands out all marks that are reached, in their order, and forgets them. Ends early when take
// returns other than 0, and returns that.
int mark_window_pass(struct mark_window *w, int (*take)(void *ctx, const char *mark, size_t len),
                     void *ctx);

#endif
