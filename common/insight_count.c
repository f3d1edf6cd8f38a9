// SPDX-License-Identifier: BSD-2-Clause
//
// count: how often each value of a field occurs, and how that differs from the window before: where
// windows overlap, the one that started a step earlier.
#include "insight.h"

#include <string.h>

static uint64_t count(const void *ctx, uint32_t id)
{
    return map_at(ctx, id)->count;
}

static int compare(const void *ctx, uint32_t a, uint32_t b)
{
    return map_compare(ctx, a, b);
}

static void init(const struct insight *in, struct insight_set *set)
{
    top_init(&set->state[in->index].top, in->plan->values, 1);
}

static void add(const struct insight *in, struct insight_set *set, const struct insight_hits *hits)
{
    struct top *top = &set->state[in->index].top;
    const struct map *map = &set->value[in->part[0]];
    const struct map_entry *e = hits->value[in->part[0]];

    if (top_wants(top, e->count))
        top_offer(top, &(struct top_order){count, compare, map}, map_id(map, e), e->count);
}

// The count of the same value in another window.
static uint64_t count_there(const struct insight *in, const struct map *there,
                            const struct map *here, uint32_t id)
{
    const struct map_entry *e = map_at(here, id);
    uint64_t hash = map_hash(&in->plan->secret, map_key(here, e), e->len);
    const struct map_entry *found = map_find(there, map_key(here, e), e->len, hash);

    return found == NULL ? 0 : found->count;
}

static void put_change(const struct insight *in, const struct insight_view *view, struct buf *b)
{
    const struct map *map = &view->set->value[in->part[0]];
    const struct map *before = &view->previous->value[in->part[0]];
    const struct top *top = &view->set->state[in->index].top;
    struct top *top_before = &view->previous->state[in->index].top;
    const char *comma = "";

    buf_puts(b, ",\"change\":{");
    for (size_t i = 0; i < top->used; i++, comma = ",") {
        uint64_t then = count_there(in, before, map, top->item[i].id);
        buf_puts(b, comma);
        insight_put_value(b, map, top->item[i].id);
        buf_putc(b, ':');
        buf_put_i64(b, (int64_t)(top->item[i].count - then));
    }
    top_sort(top_before, &(struct top_order){count, compare, before});
    for (size_t i = 0; i < top_before->used; i++) {
        if (count_there(in, map, before, top_before->item[i].id) > 0)
            continue;
        buf_puts(b, comma);
        comma = ",";
        insight_put_value(b, before, top_before->item[i].id);
        buf_putc(b, ':');
        buf_put_i64(b, -(int64_t)top_before->item[i].count);
    }
    buf_putc(b, '}');
}

static void put(const struct insight *in, const struct insight_view *view, struct buf *b)
{
    const struct map *map = &view->set->value[in->part[0]];
    struct top *top = &view->set->state[in->index].top;
    uint64_t other = view->set->records;

    top_sort(top, &(struct top_order){count, compare, map});
    insight_put_number(b, "values", map->used);
    buf_puts(b, ",\"counts\":{");
    for (size_t i = 0; i < top->used; i++) {
        if (i > 0)
            buf_putc(b, ',');
        insight_put_value(b, map, top->item[i].id);
        buf_putc(b, ':');
        buf_put_u64(b, top->item[i].count);
        other -= top->item[i].count;
    }
    buf_putc(b, '}');
    // Beside the counts, where no value can have the same name.
    if (other > 0)
        insight_put_number(b, "other", other);
    if (view->previous != NULL)
        put_change(in, view, b);
}

static void put_about(const struct insight *in, struct buf *b)
{
    buf_puts(b, "\"field\":");
    json_put_string(b, in->about, strlen(in->about));
    buf_putc(b, ',');
}

int insight_add_count(struct insight_plan *plan, const char *text, struct err *err)
{
    static const struct insight_kind kind = {.name = "count",
                                             .init = init,
                                             .add = add,
                                             .put = put,
                                             .put_about = put_about,
                                             .compares = true};
    const struct json_key name = {text, strlen(text)};

    if (insight_check(plan, &kind, text, &name, 1, err) != 0)
        return -1;
    insight_add(plan, &kind, text, &name, 1);
    return 0;
}
