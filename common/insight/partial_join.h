// SPDX-License-Identifier: BSD-2-Clause
//
// partial_join: holds the lines of partials until each partial is complete.
//
// Partials of several writers may be mixed, and their lines may come in any order. If two partials
// have the same id, a line goes to the first of them that still lacks it.
//
//     struct partial_join join = PARTIAL_JOIN_INIT;
//     struct partial_held whole;
//     if (partial_join_add(&join, &head, line, &whole)) {
//         ...merge whole.line[0] to whole.line[whole.count - 1]...
//         partial_held_release(&whole);
//     }
//     partial_join_release(&join);
#ifndef INSIGHT_PARTIAL_JOIN_H
#define INSIGHT_PARTIAL_JOIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/line.h"
#include "insight/partial_read.h"

struct partial_held_line {
    struct buf text;
    uint64_t number; // of the line in the input
    uint64_t part;
    bool settled; // it was counted in the ledger, by this run or by an earlier one
};

// The lines of one partial, in the order in which they came.
struct partial_held {
    struct partial_head head; // of the partial; `part` has no meaning
    char *window;             // the text of head.window
    struct partial_held_line *line;
    size_t count, size;
};

struct partial_join {
    struct partial_held *held;
    size_t count, size;
};

#define PARTIAL_JOIN_INIT                                                                          \
    {                                                                                              \
        NULL, 0, 0                                                                                 \
    }

void partial_join_release(struct partial_join *join);
void partial_held_release(struct partial_held *held);

// Copies a line that partial_read_check() has accepted. Returns whether its partial is now
// complete. It then moves the partial to *whole, which the caller releases.
bool partial_join_add(struct partial_join *join, const struct partial_head *head,
                      const struct line *line, struct partial_held *whole);

// Moves partial i to *held, which the caller releases. The order of the others stays.
void partial_join_take(struct partial_join *join, size_t i, struct partial_held *held);

// Add a partial without lines, and a line to a partial. Copy the text. For snapshots.
struct partial_held *partial_join_open(struct partial_join *join, const struct partial_head *head);
struct partial_held_line *partial_held_append(struct partial_held *held, const char *text,
                                              size_t len);

#endif
