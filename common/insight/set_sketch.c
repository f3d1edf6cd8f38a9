// SPDX-License-Identifier: BSD-2-Clause
//
// From exact tables to sketches, when they have too many keys.
#include "insight/plan.h"

#include <stdlib.h>

// An exact table, for the functions of a struct topk_order.
struct source {
    const struct insight_set *set;
    const struct insight_plan *plan;
    size_t table;
    const struct map *map;
    size_t width;
};

static uint64_t count(const void *ctx, uint32_t id)
{
    return map_at(((const struct source *)ctx)->map, id)->count;
}

static int compare(const void *ctx, uint32_t a, uint32_t b)
{
    const struct source *s = ctx;
    const size_t *part = insight_table_plan(s->plan, s->table)->part;
    int order = 0;

    for (size_t i = 0; i < s->width && order == 0; i++)
        order = map_compare(&s->set->value[part[i]].map,
                            insight_part_id(s->set, s->plan, s->table, a, i),
                            insight_part_id(s->set, s->plan, s->table, b, i));
    return order;
}

static void get_texts(const struct source *s, uint32_t id, struct insight_bytes *text)
{
    for (size_t i = 0; i < s->width; i++)
        text[i] = insight_part(s->set, s->plan, s->table, id, i);
}

// Moves the keys with the highest counts into the sketch, the highest first.
static void list_highest(struct insight_sketch *sketch, const struct source *source)
{
    const struct topk_order order = {count, compare, source};
    struct insight_bytes text[INSIGHT_WIDTH];
    struct buf key = BUF_INIT;
    struct topk top;

    if (!sketch->plan->needs.listed)
        return;
    topk_init(&top, sketch->heavy.limit, 1);
    for (const struct map_entry *e = map_first(source->map); e != NULL;
         e = map_next(source->map, e)) {
        if (e->count >= top.threshold)
            topk_offer(&top, &order, map_id(source->map, e), e->count);
    }
    size_t listed = topk_sort(&top, &order);
    for (size_t i = 0; i < listed; i++) {
        get_texts(source, top.item[i].id, text);
        insight_sketch_list(sketch, text, top.item[i].count, &key);
    }
    topk_release(&top);
    buf_release(&key);
}

static void count_all(struct insight_sketch *sketch, const struct source *source)
{
    struct insight_bytes text[INSIGHT_WIDTH];

    for (const struct map_entry *e = map_first(source->map); e != NULL;
         e = map_next(source->map, e)) {
        if (e->count == 0) // of a value that was only seen in a combination
            continue;
        get_texts(source, map_id(source->map, e), text);
        for (size_t i = 0; i < source->width; i++)
            text[i].hash = hll_hash(text[i].data, text[i].len);
        insight_sketch_count(sketch, text, e->count);
    }
}

static bool has_part(const struct insight_table_plan *plan, size_t value)
{
    for (size_t i = 0; i < plan->width; i++) {
        if (plan->part[i] == value)
            return true;
    }
    return false;
}

void insight_set_sketch(struct insight_set *set, const struct insight_plan *plan, size_t number)
{
    struct insight_table *table = insight_set_table(set, plan, number);
    const struct insight_table_plan *table_plan = insight_table_plan(plan, number);
    const struct source source = {set, plan, number, &table->map, table_plan->width};

    if (table->sketch != NULL)
        return;
    // The keys of combinations hold the ids of values.
    for (size_t i = plan->value_count; number < plan->value_count && i < insight_table_count(plan);
         i++) {
        if (has_part(insight_table_plan(plan, i), number))
            insight_set_sketch(set, plan, i);
    }
    insight_table_sketch(table, table_plan, plan->max_keys, &plan->secret);
    count_all(table->sketch, &source);
    list_highest(table->sketch, &source);
    for (size_t i = 0; i < plan->insight_count; i++) {
        // Its lists come from the sketch now.
        if (plan->insight[i].kind->add != NULL && insight_table_number(&plan->insight[i]) == number)
            topk_release(&set->state[i].top);
    }
    map_release(&table->map);
    set->sketched = true;
}

void insight_set_bound(struct insight_set *set, const struct insight_plan *plan)
{
    for (size_t i = 0; i < insight_table_count(plan); i++) {
        if (insight_set_table(set, plan, i)->map.used > plan->max_keys)
            insight_set_sketch(set, plan, i);
    }
}
