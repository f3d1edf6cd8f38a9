// SPDX-License-Identifier: BSD-2-Clause
#include "sketch/topk.h"

#include <stdlib.h>

#include "base/xalloc.h"

// Candidates beyond twice the limit, so that sorting is rare where the limit is low.
#define SLACK 64

void top_init(struct top *t, size_t limit, uint64_t lowest)
{
    // With nothing to list no count is ever wanted.
    *t = (struct top){.limit = limit, .threshold = limit == 0 ? UINT64_MAX : lowest};
}

void top_release(struct top *t)
{
    free(t->item);
    t->item = NULL;
    t->used = t->size = 0;
}

void top_offer(struct top *t, const struct top_order *order, uint32_t id, uint64_t count)
{
    // N candidates rank before it, and it is offered again when its count grows.
    if (t->bounded && count == t->threshold && order->compare(order->ctx, id, t->bound) > 0)
        return;
    if (t->used >= SLACK && (t->used - SLACK) / 2 >= t->limit)
        top_sort(t, order);
    if (t->used == t->size) {
        t->size = t->size == 0 ? 16 : t->size * 2;
        t->item = xreallocarray(t->item, t->size, sizeof *t->item);
    }
    t->item[t->used++] = (struct top_item){count, id};
}

static int rank(const void *left, const void *right, void *ctx)
{
    const struct top_item *a = left, *b = right;
    const struct top_order *order = ctx;

    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return a->id == b->id ? 0 : order->compare(order->ctx, a->id, b->id);
}

size_t top_sort(struct top *t, const struct top_order *order)
{
    size_t kept = 0;

    for (size_t i = 0; i < t->used; i++)
        t->item[i].count = order->count(order->ctx, t->item[i].id);
    if (t->used > 1)
        qsort_r(t->item, t->used, sizeof *t->item, rank, (void *)order);
    for (size_t i = 0; i < t->used && kept < t->limit; i++) {
        // An id that was offered twice stands beside itself.
        if (kept == 0 || t->item[kept - 1].id != t->item[i].id)
            t->item[kept++] = t->item[i];
    }
    t->used = kept;
    if (kept > 0 && kept == t->limit) {
        t->bounded = true;
        t->threshold = t->item[kept - 1].count;
        t->bound = t->item[kept - 1].id;
    }
    return kept;
}
