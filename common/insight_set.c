// SPDX-License-Identifier: BSD-2-Clause
#include "insight.h"

#include <stdlib.h>

#include "xalloc.h"

void insight_set_init(struct insight_set *set, const struct insight_plan *plan)
{
    *set = (struct insight_set){.first = INT64_MAX, .last = INT64_MIN};
    set->value = xcalloc(plan->value_count, sizeof *set->value);
    set->combination = xcalloc(plan->combination_count, sizeof *set->combination);
    set->state = xcalloc(plan->insight_count, sizeof *set->state);
    for (size_t i = 0; i < plan->value_count; i++)
        map_init(&set->value[i].map, plan->value[i].words);
    for (size_t i = 0; i < plan->combination_count; i++)
        map_init(&set->combination[i].map, 0);
    for (size_t i = 0; i < plan->insight_count; i++) {
        if (plan->insight[i].kind->init != NULL)
            plan->insight[i].kind->init(&plan->insight[i], set);
    }
}

void insight_set_release(struct insight_set *set, const struct insight_plan *plan)
{
    for (size_t i = 0; i < plan->value_count; i++)
        insight_table_release(&set->value[i]);
    for (size_t i = 0; i < plan->combination_count; i++)
        insight_table_release(&set->combination[i]);
    for (size_t i = 0; i < plan->insight_count; i++)
        top_release(&set->state[i].top);
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

static bool is_compared(const struct insight_plan *plan, size_t value)
{
    for (size_t i = 0; i < plan->insight_count; i++) {
        const struct insight *in = &plan->insight[i];
        if (in->kind->compares && in->part[0] == value)
            return true;
    }
    return false;
}

void insight_set_trim(struct insight_set *set, const struct insight_plan *plan)
{
    for (size_t i = 0; i < plan->value_count; i++) {
        if (!is_compared(plan, i))
            insight_table_release(&set->value[i]);
    }
    for (size_t i = 0; i < plan->combination_count; i++)
        insight_table_release(&set->combination[i]);
    for (size_t i = 0; i < plan->insight_count; i++) {
        if (!plan->insight[i].kind->compares)
            top_release(&set->state[i].top);
    }
}

// Has the kinds add what was counted in one table.
static void add_to_kinds(struct insight_set *set, const struct insight_plan *plan,
                         const struct insight_table *table, const struct insight_hits *hits,
                         uint64_t n)
{
    for (size_t i = 0; i < plan->insight_count; i++) {
        const struct insight *in = &plan->insight[i];
        if (in->kind->add != NULL && insight_table_of(in, set) == table)
            in->kind->add(in, set, hits, n);
    }
}

static struct map_entry *add_text(struct insight_table *table, const struct insight_plan *plan,
                                  const struct insight_bytes *text)
{
    return map_add(&table->map, text->data, text->len,
                   map_hash(&plan->secret, text->data, text->len));
}

void insight_set_count_value(struct insight_set *set, const struct insight_plan *plan, size_t i,
                             const struct insight_bytes *text, uint64_t n)
{
    struct insight_table *table = &set->value[i];
    struct map_entry **hit;

    if (table->sketch != NULL) {
        struct buf unused = BUF_INIT;
        insight_sketch_count(table->sketch, text, text->hash, n);
        insight_sketch_list(table->sketch, text, 1, n, &unused);
        return;
    }
    hit = xcalloc(plan->value_count, sizeof(struct map_entry *));
    hit[i] = add_text(table, plan, text);
    hit[i]->count += n;
    add_to_kinds(set, plan, table, &(struct insight_hits){.value = hit}, n);
    free(hit);
    insight_set_bound(set, plan);
}

static void sketch_combination(struct insight_sketch *sketch,
                               const struct insight_combination *combination,
                               const struct insight_bytes *text, uint64_t n)
{
    struct buf key = BUF_INIT;

    insight_sketch_count(sketch, text, insight_combination_hash(combination, text), n);
    insight_sketch_list(sketch, text, combination->width, n, &key);
    buf_release(&key);
}

void insight_set_count_combination(struct insight_set *set, const struct insight_plan *plan,
                                   size_t i, const struct insight_bytes *text, uint64_t n)
{
    const struct insight_combination *combination = &plan->combination[i];
    struct insight_table *table = &set->combination[i];
    struct insight_hits hits;
    uint32_t id[INSIGHT_WIDTH];

    if (table->sketch != NULL) {
        sketch_combination(table->sketch, combination, text, n);
        return;
    }
    hits.value = xcalloc(plan->value_count, sizeof(struct map_entry *));
    hits.combination = xcalloc(plan->combination_count, sizeof(struct map_entry *));
    for (size_t j = 0; j < combination->width; j++) {
        struct insight_table *values = &set->value[combination->part[j]];
        hits.value[combination->part[j]] = add_text(values, plan, &text[j]);
        id[j] = map_id(&values->map, hits.value[combination->part[j]]);
    }
    size_t size = combination->width * sizeof *id;
    struct map_entry *e = map_add(&table->map, id, size, map_hash(&plan->secret, id, size));
    e->count += n;
    hits.combination[i] = e;
    add_to_kinds(set, plan, table, &hits, n);
    free(hits.value);
    free(hits.combination);
    insight_set_bound(set, plan);
}

bool insight_set_has_room(const struct insight_set *set, const struct insight_plan *plan,
                          size_t keys)
{
    for (size_t i = 0; i < plan->value_count; i++) {
        if (set->value[i].map.used + keys > plan->max_keys)
            return false;
    }
    for (size_t i = 0; i < plan->combination_count; i++) {
        if (set->combination[i].map.used + keys > plan->max_keys)
            return false;
    }
    return true;
}
