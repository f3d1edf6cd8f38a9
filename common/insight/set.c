// SPDX-License-Identifier: BSD-2-Clause
#include "insight/plan.h"

#include <stdlib.h>

#include "base/xalloc.h"

void insight_set_init(struct insight_set *set, const struct insight_plan *plan)
{
    *set = (struct insight_set){.first = INT64_MAX, .last = INT64_MIN};
    set->value = xcalloc(plan->value_count, sizeof *set->value);
    set->combination = xcalloc(plan->combination_count, sizeof *set->combination);
    set->state = xcalloc(plan->insight_count, sizeof *set->state);
    for (size_t i = 0; i < insight_table_count(plan); i++)
        map_init(&insight_set_table(set, plan, i)->map, insight_table_plan(plan, i)->words);
    for (size_t i = 0; i < plan->insight_count; i++) {
        if (plan->insight[i].kind->init != NULL)
            plan->insight[i].kind->init(&plan->insight[i], set);
    }
}

void insight_set_release(struct insight_set *set, const struct insight_plan *plan)
{
    for (size_t i = 0; i < insight_table_count(plan); i++)
        insight_table_release(insight_set_table(set, plan, i));
    for (size_t i = 0; i < plan->insight_count; i++)
        topk_release(&set->state[i].top);
    free(set->value);
    free(set->combination);
    free(set->state);
}

void insight_set_take(struct insight_set *set, uint64_t records, int64_t first, int64_t last)
{
    set->records += records;
    set->first = first < set->first ? first : set->first;
    set->last = last > set->last ? last : set->last;
}

static bool is_compared(const struct insight_plan *plan, size_t table)
{
    for (size_t i = 0; i < plan->insight_count; i++) {
        const struct insight *in = &plan->insight[i];
        if (in->kind->compares && insight_table_number(in) == table)
            return true;
    }
    return false;
}

void insight_set_trim(struct insight_set *set, const struct insight_plan *plan)
{
    for (size_t i = 0; i < insight_table_count(plan); i++) {
        if (!is_compared(plan, i))
            insight_table_release(insight_set_table(set, plan, i));
    }
    for (size_t i = 0; i < plan->insight_count; i++) {
        if (!plan->insight[i].kind->compares)
            topk_release(&set->state[i].top);
    }
}

uint32_t insight_part_id(const struct insight_set *set, const struct insight_plan *plan,
                         size_t table, uint32_t id, size_t i)
{
    const struct map *map = &insight_set_table(set, plan, table)->map;

    if (table < plan->value_count)
        return id;
    return ((const uint32_t *)(const void *)map_key(map, map_at(map, id)))[i];
}

struct insight_bytes insight_part(const struct insight_set *set, const struct insight_plan *plan,
                                  size_t table, uint32_t id, size_t i)
{
    const struct map *values = &set->value[insight_table_plan(plan, table)->part[i]].map;
    const struct map_entry *e = map_at(values, insight_part_id(set, plan, table, id, i));

    return (struct insight_bytes){.data = map_key(values, e), .len = e->len};
}

void insight_scratch_init(struct insight_scratch *scratch, const struct insight_plan *plan)
{
    *scratch = (struct insight_scratch){.key = BUF_INIT};
    scratch->hits.value = xcalloc(plan->value_count, sizeof(struct map_entry *));
    scratch->hits.combination = xcalloc(plan->combination_count, sizeof(struct map_entry *));
}

void insight_scratch_release(struct insight_scratch *scratch)
{
    free(scratch->hits.value);
    free(scratch->hits.combination);
    buf_release(&scratch->key);
}

static struct map_entry *add_key(struct map *map, const struct insight_plan *plan, const void *key,
                                 size_t len)
{
    return map_add(map, key, len, map_hash(&plan->secret, key, len));
}

static struct map_entry *count_value(struct insight_set *set, const struct insight_plan *plan,
                                     size_t table, const struct insight_bytes *text,
                                     struct insight_scratch *scratch)
{
    return scratch->hits.value[table] =
               add_key(&set->value[table].map, plan, text->data, text->len);
}

// Adds the key of a combination, whose values need not have been counted yet.
static struct map_entry *count_combination(struct insight_set *set, const struct insight_plan *plan,
                                           size_t table, const struct insight_bytes *text,
                                           struct insight_scratch *scratch)
{
    const struct insight_table_plan *combination = insight_table_plan(plan, table);
    uint32_t id[INSIGHT_WIDTH];

    for (size_t i = 0; i < combination->width; i++) {
        size_t part = combination->part[i];
        id[i] = map_id(&set->value[part].map, count_value(set, plan, part, &text[i], scratch));
    }
    return scratch->hits.combination[table - plan->value_count] =
               add_key(&insight_set_table(set, plan, table)->map, plan, id,
                       combination->width * sizeof *id);
}

// Has the kinds add what was counted in one table.
static void add_to_kinds(struct insight_set *set, const struct insight_plan *plan, size_t table,
                         const struct insight_hits *hits, uint64_t n)
{
    for (size_t i = 0; i < plan->insight_count; i++) {
        const struct insight *in = &plan->insight[i];
        if (in->kind->add != NULL && insight_table_number(in) == table)
            in->kind->add(in, set, hits, n);
    }
}

void insight_set_count(struct insight_set *set, const struct insight_plan *plan, size_t table,
                       struct insight_bytes *text, uint64_t n, struct insight_scratch *scratch)
{
    struct insight_sketch *sketch = insight_set_table(set, plan, table)->sketch;

    if (sketch != NULL) {
        for (size_t i = 0; i < sketch->plan->width; i++)
            text[i].hash = hll_hash(text[i].data, text[i].len);
        insight_sketch_count(sketch, text, n);
        insight_sketch_list(sketch, text, n, &scratch->key);
        return;
    }
    struct map_entry *e = table < plan->value_count
                              ? count_value(set, plan, table, text, scratch)
                              : count_combination(set, plan, table, text, scratch);
    e->count += n;
    add_to_kinds(set, plan, table, &scratch->hits, n);
    insight_set_bound(set, plan);
}

bool insight_set_has_room(const struct insight_set *set, const struct insight_plan *plan,
                          size_t keys)
{
    for (size_t i = 0; i < insight_table_count(plan); i++) {
        if (insight_set_table(set, plan, i)->map.used + keys > plan->max_keys)
            return false;
    }
    return true;
}
