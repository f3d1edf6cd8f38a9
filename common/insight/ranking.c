// SPDX-License-Identifier: BSD-2-Clause
#include "insight/ranking.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/xalloc.h"
#include "sketch/space_saving.h"
#include "sketch/topk.h"

// The context of the functions of struct topk_order.
struct ranks {
    const struct insight *in;
    const struct insight_set *set;
};

static struct map *map_of(const struct insight *in, const struct insight_set *set)
{
    return &insight_set_table_of(in, set)->map;
}

static uint64_t count(const void *ctx, uint32_t id)
{
    const struct ranks *ranks = ctx;

    return map_at(map_of(ranks->in, ranks->set), id)->count;
}

static int compare(const void *ctx, uint32_t a, uint32_t b)
{
    const struct ranks *ranks = ctx;
    const struct insight *in = ranks->in;
    size_t table = plan_table_number(in);
    int order = 0;

    for (size_t i = 0; i < in->width && order == 0; i++)
        order = map_compare(&ranks->set->value[in->part[i]].map,
                            insight_set_part_id(ranks->set, in->plan, table, a, in->place[i]),
                            insight_set_part_id(ranks->set, in->plan, table, b, in->place[i]));
    return order;
}

void ranking_offer(const struct insight *in, struct insight_set *set, const struct map_entry *e)
{
    const struct ranks ranks = {in, set};

    topk_offer(&set->accumulator[in->index].top, &(struct topk_order){count, compare, &ranks},
               map_id(map_of(in, set), e), e->count);
}

static int rank(const void *left, const void *right, void *ctx)
{
    const struct ranking_row *a = left, *b = right;
    const size_t *width = ctx;
    int order = 0;

    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    for (size_t i = 0; i < *width && order == 0; i++)
        order = bytes_compare(a->text[i].data, a->text[i].len, b->text[i].data, b->text[i].len);
    return order;
}

static size_t list_sketched(const struct insight *in, const struct space_saving *s, size_t limit,
                            struct ranking_row **rows)
{
    size_t width = in->width, used = s->used;

    *rows = xcalloc(used + 1, sizeof **rows);
    for (size_t i = 0; i < used; i++) {
        struct ranking_row *row = &(*rows)[i];
        row->count = s->item[i].count;
        for (size_t j = 0; j < width; j++)
            row->text[j] = table_key_part(&s->item[i], width, in->place[j]);
    }
    if (used > 1)
        qsort_r(*rows, used, sizeof **rows, rank, &width);
    return used < limit ? used : limit;
}

size_t ranking_list(const struct insight *in, const struct insight_set *set, size_t limit,
                    struct ranking_row **rows)
{
    const struct table *table = insight_set_table_of(in, set);
    const struct ranks ranks = {in, set};

    if (table->sketch != NULL)
        return list_sketched(in, &table->sketch->highest, limit, rows);
    struct topk *top = &set->accumulator[in->index].top;
    size_t listed = topk_sort(top, &(struct topk_order){count, compare, &ranks});
    *rows = xcalloc(listed + 1, sizeof **rows);
    for (size_t i = 0; i < listed; i++) {
        struct ranking_row *row = &(*rows)[i];
        row->count = top->item[i].count;
        for (size_t j = 0; j < in->width; j++)
            row->text[j] = insight_set_part(set, in->plan, plan_table_number(in), top->item[i].id,
                                            in->place[j]);
    }
    return listed;
}
