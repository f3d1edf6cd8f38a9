// SPDX-License-Identifier: BSD-2-Clause
#include "sketch/topk.h"

#include <stdlib.h>

#include "base/xalloc.h"

// Candidates allowed beyond twice the limit, so that sorting is rare when the limit is low.
#define SLACK 64

void topk_init(struct topk *t, size_t limit, uint64_t lowest)
{
    // With a limit of 0 no count is ever wanted.
    *t = (struct topk){.limit = limit, .threshold = limit == 0 ? UINT64_MAX : lowest};
}

void topk_release(struct topk *t)
{
    free(t->item);
    t->item = NULL;
    t->used = t->size = 0;
}

void topk_offer(struct topk *t, const struct topk_order *order, uint32_t id, uint64_t count)
{
    // N candidates rank before this entry. If its count grows, it is offered again.
    if (t->bounded && count == t->threshold && order->compare(order->ctx, id, t->bound) > 0)
        return;
    if (t->used >= SLACK && (t->used - SLACK) / 2 >= t->limit)
        topk_sort(t, order);
    if (t->used == t->size) {
        t->size = t->size == 0 ? 16 : t->size * 2;
        t->item = xreallocarray(t->item, t->size, sizeof *t->item);
    }
    t->item[t->used++] = (struct topk_item){count, id};
}

static int rank(const void *left, const void *right, void *ctx)
{
    const struct topk_item *a = left, *b = right;
    const struct topk_order *order = ctx;

    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return a->id == b->id ? 0 : order->compare(order->ctx, a->id, b->id);
}

size_t topk_sort(struct topk *t, const struct topk_order *order)
{
    size_t kept = 0;

    for (size_t i = 0; i < t->used; i++)
        t->item[i].count = order->count(order->ctx, t->item[i].id);
    if (t->used > 1)
        qsort_r(t->item, t->used, sizeof *t->item, rank, (void *)order);
    for (size_t i = 0; i < t->used && kept < t->limit; i++) {
        // Duplicates of an id that was offered twice are adjacent.
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
