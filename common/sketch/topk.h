// SPDX-License-Identifier: BSD-2-Clause
//
// topk: finds the N entries of a map with the highest counts, exactly, without scanning the map.
//
// Counts may only grow. After each increase the owner calls topk_wants(), which is only a
// comparison, and calls topk_offer() if topk_wants() returns true:
//
//     uint64_t count = e->count += n;
//     if (topk_wants(&t, count, n))
//         topk_offer(&t, &order, map_id(&map, e), count);
//     ...
//     for (size_t i = 0, used = topk_sort(&t, &order); i < used; i++)
//         use(t.item[i].id, t.item[i].count);
//
// The items are candidates. An entry that is not a candidate has a count below the threshold, or it
// has a count equal to the threshold and N candidates rank before it. The threshold rises as the
// counts rise, so there are never many candidates.
//
// topk_order.compare() orders entries with equal counts. Their ids never do, so the result does not
// depend on the ids.
#ifndef SKETCH_TOPK_H
#define SKETCH_TOPK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct topk_item {
    uint64_t count;
    uint32_t id;
};

struct topk {
    struct topk_item *item;
    size_t used, size;
    size_t limit; // N
    uint64_t threshold;
    bool bounded;   // the last topk_sort() found N items, the last of them being `bound`
    uint32_t bound; // the id of that item, whose count was the threshold then
};

// How to rank the entries. All calls for one topk must use the same order.
struct topk_order {
    uint64_t (*count)(const void *ctx, uint32_t id); // the current count
    // Orders two ids with equal counts, like memcmp(3). Returns 0 only for the same id.
    int (*compare)(const void *ctx, uint32_t a, uint32_t b);
    const void *ctx;
};

// Makes an empty topk. Entries with counts below `lowest` are never listed.
void topk_init(struct topk *t, size_t limit, uint64_t lowest);
void topk_release(struct topk *t);

// Returns whether an entry must be offered after its count has risen by n to `count`.
static inline bool topk_wants(const struct topk *t, uint64_t count, uint64_t n)
{
    // The count has just reached or passed the threshold. An entry at the threshold competes with
    // others of equal count, and one that has just passed it may not be a candidate yet.
    return count - t->threshold <= n;
}

void topk_offer(struct topk *t, const struct topk_order *order, uint32_t id, uint64_t count);

// Sorts the items by rank and keeps the first N. Returns the number of items kept.
size_t topk_sort(struct topk *t, const struct topk_order *order);

#endif
