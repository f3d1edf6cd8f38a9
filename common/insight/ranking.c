// SPDX-License-Identifier: BSD-2-Clause
//
// The lists in insights: those who rank highest, with their texts.
#include "insight/plan.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/xalloc.h"
#include "json/json_write.h"

// What the functions of a struct topk_order need.
struct insight_ranks {
    const struct insight *in;
    const struct insight_set *set;
};

static uint64_t count(const void *ctx, uint32_t id)
{
    const struct insight_ranks *ranks = ctx;

    return map_at(insight_map(ranks->in, ranks->set), id)->count;
}

static int compare(const void *ctx, uint32_t a, uint32_t b)
{
    const struct insight_ranks *ranks = ctx;
    const struct insight *in = ranks->in;
    size_t table = insight_table_number(in);
    int order = 0;

    for (size_t i = 0; i < in->width && order == 0; i++)
        order = map_compare(&ranks->set->value[in->part[i]].map,
                            insight_part_id(ranks->set, in->plan, table, a, in->place[i]),
                            insight_part_id(ranks->set, in->plan, table, b, in->place[i]));
    return order;
}

void insight_offer(const struct insight *in, struct insight_set *set, const struct map_entry *e)
{
    const struct insight_ranks ranks = {in, set};

    topk_offer(&set->state[in->index].top, &(struct topk_order){count, compare, &ranks},
               map_id(insight_map(in, set), e), e->count);
}

static int rank(const void *left, const void *right, void *ctx)
{
    const struct insight_listed *a = left, *b = right;
    const size_t *width = ctx;
    int order = 0;

    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    for (size_t i = 0; i < *width && order == 0; i++)
        order = bytes_compare(a->text[i].data, a->text[i].len, b->text[i].data, b->text[i].len);
    return order;
}

static size_t list_heavy(const struct insight *in, const struct space_saving *heavy, size_t limit,
                         struct insight_listed **list)
{
    size_t width = in->width, used = heavy->used;

    *list = xcalloc(used + 1, sizeof **list);
    for (size_t i = 0; i < used; i++) {
        struct insight_listed *listed = &(*list)[i];
        listed->count = heavy->item[i].count;
        for (size_t j = 0; j < width; j++)
            listed->text[j] = insight_key_part(&heavy->item[i], width, in->place[j]);
    }
    if (used > 1)
        qsort_r(*list, used, sizeof **list, rank, &width);
    return used < limit ? used : limit;
}

size_t insight_list(const struct insight *in, const struct insight_set *set, size_t limit,
                    struct insight_listed **list)
{
    const struct insight_table *table = insight_table_of(in, set);
    const struct insight_ranks ranks = {in, set};

    if (table->sketch != NULL)
        return list_heavy(in, &table->sketch->heavy, limit, list);
    struct topk *top = &set->state[in->index].top;
    size_t listed_count = topk_sort(top, &(struct topk_order){count, compare, &ranks});
    *list = xcalloc(listed_count + 1, sizeof **list);
    for (size_t i = 0; i < listed_count; i++) {
        struct insight_listed *listed = &(*list)[i];
        listed->count = top->item[i].count;
        for (size_t j = 0; j < in->width; j++)
            listed->text[j] = insight_part(set, in->plan, insight_table_number(in), top->item[i].id,
                                           in->place[j]);
    }
    return listed_count;
}

void insight_put_number(struct buf *b, const char *name, uint64_t n)
{
    buf_puts(b, ",\"");
    buf_puts(b, name);
    buf_puts(b, "\":");
    buf_put_u64(b, n);
}

void insight_put_error(struct buf *b, const struct insight *in, const struct insight_set *set)
{
    const struct insight_sketch *sketch = insight_table_of(in, set)->sketch;

    if (sketch != NULL)
        insight_put_number(b, "error", space_saving_error(&sketch->heavy));
}

void insight_put_field(struct buf *b, const struct insight *in, size_t i,
                       const struct insight_bytes *text)
{
    json_put_string(b, in->name[i].name, in->name[i].len);
    buf_putc(b, ':');
    json_put_string(b, text->data, text->len);
}
