// SPDX-License-Identifier: BSD-2-Clause
#include "insight.h"

#include <stdlib.h>

#include "xalloc.h"

void insight_set_init(struct insight_set *set, const struct insight_plan *plan)
{
    *set = (struct insight_set){.records = 0};
    set->value = xcalloc(plan->value_count, sizeof *set->value);
    set->combination = xcalloc(plan->combination_count, sizeof *set->combination);
    set->state = xcalloc(plan->insight_count, sizeof *set->state);
    for (size_t i = 0; i < plan->value_count; i++)
        map_init(&set->value[i], plan->value[i].words);
    for (size_t i = 0; i < plan->combination_count; i++)
        map_init(&set->combination[i], 0);
    for (size_t i = 0; i < plan->insight_count; i++) {
        if (plan->insight[i].kind->init != NULL)
            plan->insight[i].kind->init(&plan->insight[i], set);
    }
}

void insight_set_release(struct insight_set *set, const struct insight_plan *plan)
{
    for (size_t i = 0; i < plan->value_count; i++)
        map_release(&set->value[i]);
    for (size_t i = 0; i < plan->combination_count; i++)
        map_release(&set->combination[i]);
    for (size_t i = 0; i < plan->insight_count; i++)
        top_release(&set->state[i].top);
    free(set->value);
    free(set->combination);
    free(set->state);
}

void insight_set_take(struct insight_set *set, int64_t time)
{
    if (set->records++ == 0)
        set->first = set->last = time;
    set->first = time < set->first ? time : set->first;
    set->last = time > set->last ? time : set->last;
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
            map_release(&set->value[i]);
    }
    for (size_t i = 0; i < plan->combination_count; i++)
        map_release(&set->combination[i]);
    for (size_t i = 0; i < plan->insight_count; i++) {
        if (!plan->insight[i].kind->compares)
            top_release(&set->state[i].top);
    }
}
