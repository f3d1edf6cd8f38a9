// SPDX-License-Identifier: BSD-2-Clause
//
// each: prints a line for each group of an insight, for --each.
//
//     struct each each;
//     each_init(&each, in, &view);
//     while (each_next(&each, &b))
//         ...write the line...
//     each_release(&each);
//
// The groups are sorted by descending count, then by the bytes of their texts. Of a final view, all
// groups are printed. Of another view, only the groups are printed that have changed since
// each_init() was last called for the insight and the set. What was printed is not kept in
// snapshots, so after a restart all groups count as changed.
//
// Nothing is added up per group while records are counted. each_init() scans the tables once, and
// sorts the groups and, if they are listed, the pairs: 16 bytes for each.
//
// If the insight's table is a sketch, only the highest groups (plan->top) are printed.
#ifndef INSIGHT_EACH_H
#define INSIGHT_EACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "insight/plan.h"
#include "insight/ranking.h"
#include "insight/windows.h"

// A group of an exact table.
struct each_group {
    uint64_t count;
    uint32_t id; // in the table of the groups
};

// A value that a group has.
struct each_pair {
    uint64_t count;
    uint32_t group, value; // ids in the tables of their fields
};

struct each {
    const struct insight *in;
    const struct window_view *view;
    struct each_group *group;
    struct each_pair *pair;  // sorted by group, then by rank
    struct ranking_row *row; // of a sketch, instead of `group`
    size_t count, next;      // of groups or rows
    size_t pairs;
};

// Borrows the insight and the view, whose set must not change until each_release().
void each_init(struct each *each, const struct insight *in, const struct window_view *view);
void each_release(struct each *each);

// Appends the next line, without a newline. After the last line, appends nothing and returns false.
bool each_next(struct each *each, struct buf *b);

#endif
