// SPDX-License-Identifier: BSD-2-Clause
//
// insight_batch: records on their way into sets.
//
// In a large window nearly every look into a table goes to memory that no cache holds, and waiting
// for it would take longer than all other work. So records wait here until a few are together,
// and then each step is taken for all of them: while one look waits for its memory, the others'
// is on its way. Counting itself is done record by record, in their order.
//
//     insight_read_fields(&plan, json, batch.value);
//     insight_batch_load(&batch);
//     insight_batch_add(&batch, &set); // to any number of sets
//     ...
//     insight_batch_settle(&batch); // before anything is read from a set
#ifndef INSIGHT_BATCH_H
#define INSIGHT_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "insight/plan.h"
#include "json/json.h"

struct insight_text {
    uint64_t hash;
    size_t start, len; // in the batch's bytes
};

struct insight_item {
    struct insight_set *set;
    size_t row;
};

struct insight_batch {
    const struct insight_plan *plan;
    struct json_value *value; // of the record at hand, by field; for the owner to fill
    size_t rows, items, items_size;
    struct buf bytes;
    struct insight_text *text; // by row and table of values
    struct insight_item *item;
    uint32_t *value_id;          // by item and table of values; at first a guess
    uint32_t *combination_id;    // by item and table of combinations; at first a guess
    uint64_t *hash;              // by item and table of combinations
    struct insight_bytes *words; // the texts of one item, by table of values
    struct insight_scratch scratch;
};

// The plan is borrowed and must be complete.
void insight_batch_init(struct insight_batch *batch, const struct insight_plan *plan);
void insight_batch_release(struct insight_batch *batch);

// Takes the values of a record over; their strings need not last.
void insight_batch_load(struct insight_batch *batch);

// Adds the record that was loaded last to a set.
void insight_batch_add(struct insight_batch *batch, struct insight_set *set);

// Sees to it that all records are counted.
void insight_batch_settle(struct insight_batch *batch);

#endif
