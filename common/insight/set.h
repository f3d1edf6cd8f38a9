// SPDX-License-Identifier: BSD-2-Clause
//
// set: holds everything that was counted in one window: the tables of a plan, and an accumulator
// for each insight.
//
// A batch (batch.h) counts records, and insight_set_count() counts partials. Each table is exact
// until it has more than plan->max_keys keys; then it becomes a sketch. The keys in a table of
// combinations refer to the tables of its fields, so when one of those becomes a sketch, the table
// of combinations does too.
//
//     struct insight_set set;
//     insight_set_init(&set, &plan);
//     insight_set_extend(&set, 1, time, time);
//     ...batch_add(), or insight_set_count()...
//     insight_set_release(&set, &plan);
//
// All functions take the plan that the set was made with. The plan must be complete. The prefix is
// insight_set_ because set_ alone would look like a verb.
#ifndef INSIGHT_SET_H
#define INSIGHT_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "insight/plan.h"
#include "insight/table.h"
#include "sketch/map.h"
#include "sketch/topk.h"

// What an insight counts beyond its tables. Each kind uses the members that it needs.
struct insight_accumulator {
    struct topk top;
    uint64_t groups, records, max;
    uint32_t *printed; // by number of the key: its count when each.h last looked; not in snapshots
    size_t printed_count;
};

struct insight_set {
    struct table *value;                     // by index in plan->value
    struct table *combination;               // by index in plan->combination
    struct insight_accumulator *accumulator; // by index in plan->insight
    bool sketched;                           // at least one table is a sketch
    uint64_t records;
    int64_t first, last; // times of the records; INT64_MAX and INT64_MIN without records
};

// The entries of one record's values and combinations in a set's exact tables.
struct insight_set_hits {
    struct map_entry **value;
    struct map_entry **combination;
};

void insight_set_init(struct insight_set *set, const struct plan *plan);
void insight_set_release(struct insight_set *set, const struct plan *plan);

// Adds to the set's number of records, and extends its range of times to `first` and `last`. Does
// not count the values of the records.
void insight_set_extend(struct insight_set *set, uint64_t records, int64_t first, int64_t last);

// Returns the table with this number; see plan_table_count().
static inline struct table *insight_set_table(const struct insight_set *set,
                                              const struct plan *plan, size_t table)
{
    return table < plan->value_count ? &set->value[table]
                                     : &set->combination[table - plan->value_count];
}

// Return the table that an insight is about, and the entry of a record in that table.
static inline struct table *insight_set_table_of(const struct insight *in,
                                                 const struct insight_set *set)
{
    return insight_set_table(set, in->plan, plan_table_number(in));
}

static inline struct map_entry *insight_set_hit(const struct insight *in,
                                                const struct insight_set_hits *hits)
{
    return in->width == 1 ? hits->value[in->part[0]] : hits->combination[in->combination];
}

// Buffers for insight_set_count(), reused from call to call.
struct insight_set_scratch {
    struct insight_set_hits hits;
    struct buf key;
};

void insight_set_scratch_init(struct insight_set_scratch *scratch, const struct plan *plan);
void insight_set_scratch_release(struct insight_set_scratch *scratch);

// Adds n to the count of one key of one table, without a record. `text` has an element for each
// part of the key.
void insight_set_count(struct insight_set *set, const struct plan *plan, size_t table,
                       const struct table_text *text, uint64_t n,
                       struct insight_set_scratch *scratch);

// Makes a table a sketch, if it is exact. If it is the table of a field, all combinations with this
// field become sketches too.
void insight_set_sketch(struct insight_set *set, const struct plan *plan, size_t table);

// Makes sketches of all tables that have more than plan->max_keys keys.
void insight_set_bound(struct insight_set *set, const struct plan *plan);

// Returns whether every table would stay exact if it got `keys` more keys.
bool insight_set_has_room(const struct insight_set *set, const struct plan *plan, size_t keys);

// Return part i of a key of an exact table: as an id in the table of its field, and as a text. `id`
// is the key's id in the exact table.
uint32_t insight_set_part_id(const struct insight_set *set, const struct plan *plan, size_t table,
                             uint32_t id, size_t i);
struct table_text insight_set_part(const struct insight_set *set, const struct plan *plan,
                                   size_t table, uint32_t id, size_t i);

// Frees everything except what the next window is compared with.
void insight_set_trim(struct insight_set *set, const struct plan *plan);

#endif
