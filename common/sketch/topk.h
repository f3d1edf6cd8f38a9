// SPDX-License-Identifier: BSD-2-Clause
//
// insight_top: the N entries with the highest counts, exact, at any moment, without a look at all
// entries.
//
// It rests on counts that only grow. Each step of a count is shown to top_wants(), and where that
// says so, the id is offered; it costs one comparison where not.
// What is kept are candidates: an id that is not among them has a count below the threshold, or
// one equal to it and N candidates that rank before. The threshold rises as the counts do, so
// there are never many candidates.
//
// Equal counts are ranked by what the ids stand for, so the order does not depend on ids.
#ifndef SKETCH_TOPK_H
#define SKETCH_TOPK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct top_item {
    uint64_t count;
    uint32_t id;
};

struct top {
    struct top_item *item;
    size_t used, size;
    size_t limit; // N
    uint64_t threshold;
    bool bounded;   // there are N items, and bound was the last of them
    uint32_t bound; // when its count was the threshold
};

// How the ids of one top rank.
struct top_order {
    uint64_t (*count)(const void *ctx, uint32_t id);
    // Orders two ids of equal count; 0 only when they are the same.
    int (*compare)(const void *ctx, uint32_t a, uint32_t b);
    const void *ctx;
};

// Counts below the lowest are never listed.
void top_init(struct top *t, size_t limit, uint64_t lowest);
void top_release(struct top *t);

// Whether an id whose count has just become this, n more than before, must be offered.
static inline bool top_wants(const struct top *t, uint64_t count, uint64_t n)
{
    // It has reached the threshold, where it may rank by its bytes, or has left it: it may have
    // been turned away for them.
    return count - t->threshold <= n;
}

void top_offer(struct top *t, const struct top_order *order, uint32_t id, uint64_t count);

// Puts the items into order and leaves the first N. Returns how many there are.
size_t top_sort(struct top *t, const struct top_order *order);

#endif
