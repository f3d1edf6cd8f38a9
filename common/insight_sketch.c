// SPDX-License-Identifier: BSD-2-Clause
//
// From exact tables to sketches, when they have too many keys.
#include "insight.h"

#include <stdlib.h>

#include "xalloc.h"

uint64_t insight_combination_hash(const struct insight_combination *combination,
                                  const struct insight_bytes *text)
{
    uint64_t hash[INSIGHT_WIDTH];

    for (size_t i = 0; i < combination->width; i++)
        hash[i] = text[combination->order[i]].hash;
    return hll_hash(hash, combination->width * sizeof *hash);
}

// A table, and the tables of its values: its own, or those of the parts of a combination.
struct source {
    const struct map *map;
    const struct insight_combination *combination; // NULL for values
    const struct map *part[INSIGHT_WIDTH];
    size_t width;
};

static uint32_t part_id(const struct source *source, uint32_t id, size_t i)
{
    const struct map_entry *e = map_at(source->map, id);

    if (source->combination == NULL)
        return id;
    return ((const uint32_t *)(const void *)map_key(source->map, e))[i];
}

static void get_texts(const struct source *source, uint32_t id, struct insight_bytes *text)
{
    for (size_t i = 0; i < source->width; i++) {
        const struct map_entry *e = map_at(source->part[i], part_id(source, id, i));
        const char *key = map_key(source->part[i], e);
        text[i] = (struct insight_bytes){key, e->len, hll_hash(key, e->len)};
    }
}

static uint64_t count(const void *ctx, uint32_t id)
{
    return map_at(((const struct source *)ctx)->map, id)->count;
}

static int compare(const void *ctx, uint32_t a, uint32_t b)
{
    const struct source *source = ctx;
    int order = 0;

    for (size_t i = 0; i < source->width && order == 0; i++)
        order = map_compare(source->part[i], part_id(source, a, i), part_id(source, b, i));
    return order;
}

// Moves the keys with the highest counts into the sketch, the highest first.
static void list_highest(struct insight_sketch *sketch, const struct source *source)
{
    const struct top_order order = {count, compare, source};
    struct insight_bytes text[INSIGHT_WIDTH];
    struct buf key = BUF_INIT;
    struct top top;

    if (!sketch->needs->listed)
        return;
    top_init(&top, sketch->heavy.limit, 1);
    for (const struct map_entry *e = map_first(source->map); e != NULL;
         e = map_next(source->map, e)) {
        if (e->count >= top.threshold)
            top_offer(&top, &order, map_id(source->map, e), e->count);
    }
    size_t listed = top_sort(&top, &order);
    for (size_t i = 0; i < listed; i++) {
        get_texts(source, top.item[i].id, text);
        insight_sketch_list(sketch, text, source->width, top.item[i].count, &key);
    }
    top_release(&top);
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
        uint64_t hash = source->combination == NULL
                            ? text[0].hash
                            : insight_combination_hash(source->combination, text);
        insight_sketch_count(sketch, text, hash, e->count);
    }
}

static void make_sketch(struct insight_set *set, const struct insight_plan *plan,
                        struct insight_table *table, const struct insight_needs *needs,
                        const struct source *source)
{
    insight_table_sketch(table, needs, plan->max_keys, &plan->secret);
    count_all(table->sketch, source);
    list_highest(table->sketch, source);
    for (size_t i = 0; i < plan->insight_count; i++) {
        // Its lists come from the sketch now.
        if (insight_table_of(&plan->insight[i], set) == table && plan->insight[i].kind->add != NULL)
            top_release(&set->state[i].top);
    }
    map_release(&table->map);
    set->sketched = true;
}

void insight_set_sketch_combination(struct insight_set *set, const struct insight_plan *plan,
                                    size_t i)
{
    const struct insight_combination *combination = &plan->combination[i];
    struct source source = {&set->combination[i].map, combination, {NULL}, combination->width};

    if (set->combination[i].sketch != NULL)
        return;
    for (size_t j = 0; j < combination->width; j++)
        source.part[j] = &set->value[combination->part[j]].map;
    make_sketch(set, plan, &set->combination[i], &combination->needs, &source);
}

static bool has_part(const struct insight_combination *combination, size_t value)
{
    for (size_t i = 0; i < combination->width; i++) {
        if (combination->part[i] == value)
            return true;
    }
    return false;
}

void insight_set_sketch_value(struct insight_set *set, const struct insight_plan *plan, size_t i)
{
    const struct source source = {&set->value[i].map, NULL, {&set->value[i].map}, 1};

    if (set->value[i].sketch != NULL)
        return;
    for (size_t j = 0; j < plan->combination_count; j++) {
        if (has_part(&plan->combination[j], i))
            insight_set_sketch_combination(set, plan, j);
    }
    make_sketch(set, plan, &set->value[i], &plan->value[i].needs, &source);
}

void insight_set_bound(struct insight_set *set, const struct insight_plan *plan)
{
    for (size_t i = 0; i < plan->combination_count; i++) {
        if (set->combination[i].map.used > plan->max_keys)
            insight_set_sketch_combination(set, plan, i);
    }
    for (size_t i = 0; i < plan->value_count; i++) {
        if (set->value[i].map.used > plan->max_keys)
            insight_set_sketch_value(set, plan, i);
    }
}
