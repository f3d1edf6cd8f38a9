// SPDX-License-Identifier: BSD-2-Clause
//
// batch: counts records into sets, a few dozen at a time.
//
// In a large window nearly every table lookup is a cache miss, and waiting for memory would take
// longer than all other work. So a lookup has several steps. Each step asks for the memory that the
// next step needs, and while it comes, later records are read and looked up (software-pipelined
// prefetching: Chen, Ailamaki, Gibbons and Mowry, "Improving hash join performance through
// prefetching", ICDE 2004). The counting itself is done record by record, in order, so the result
// is the same as without batches.
//
// A text longer than TABLE_TEXT_MAX bytes is replaced by its first 1,000 bytes or so, an ellipsis,
// and the hll_hash() of the whole text in 16 hexadecimal digits. So no key is long, and different
// texts still have different keys.
//
//     struct batch batch;
//     batch_init(&batch, &plan);
//     plan_read_fields(&plan, json, batch.value);
//     batch_load(&batch);
//     insight_set_extend(&set, 1, time, time);
//     batch_add(&batch, &set); // and to any number of other sets
//     ...
//     batch_settle(&batch); // before a set is read, changed or released
//     batch_release(&batch);
#ifndef INSIGHT_BATCH_H
#define INSIGHT_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "insight/plan.h"
#include "insight/set.h"
#include "insight/table.h"
#include "json/json.h"

// The text of one value of a record.
struct batch_text {
    uint64_t hash;     // map_hash()
    size_t start, len; // in the batch's bytes
};

// Says that the batch counts a record in a set.
struct batch_item {
    struct insight_set *set;
    size_t row;
};

#define BATCH_STEPS 4 // of the lookup of an item

struct batch {
    const struct plan *plan;
    struct json_value *value; // the current record's values, as in plan->field; the owner fills it
    int64_t time;             // of the current record; the owner sets it

    // Called for each record right before it is counted in the first of its sets: its ids in the
    // set's exact tables are known, and the count of a new value is still 0. May be NULL.
    void (*counting)(void *ctx, const struct batch *batch, const struct batch_item *item,
                     const uint32_t *value_id);
    void *ctx;
    size_t rows, items, items_size;
    int64_t *row_time;
    struct buf bytes;
    struct batch_text *text; // by row and table of values
    struct batch_item *item;
    uint32_t *value_id;                // by item and table of values; at first a guess
    uint32_t *combination_id;          // by item and table of combinations; at first a guess
    uint64_t *hash;                    // by item and table of combinations
    struct table_word *word;           // by row and table of values, for sketches
    struct table_key *key;             // by item, for one sketch
    bool *hashed;                      // by table of values: a sketch needs the hash of the words
    uint64_t loaded;                   // records, in all
    size_t done[BATCH_STEPS];          // the items for which each step of the lookup is done
    const struct insight_set *checked; // the set that was last checked for room
    bool tight;                        // at least one set may reach plan->max_keys
    const struct insight **adder;      // the insights whose kind has a function `add`
    size_t adders;
    uint64_t *lacking; // by table of values: the records without the field, or with null
    struct insight_set_scratch scratch;
};

// Makes an empty batch. Borrows the plan, which must be complete.
void batch_init(struct batch *batch, const struct plan *plan);
void batch_release(struct batch *batch);

// Copies the texts of batch->value into the batch. If the batch is full, settles it first.
void batch_load(struct batch *batch);

// Schedules the record that was loaded last to be counted in a set. The set is borrowed until the
// next batch_settle().
void batch_add(struct batch *batch, struct insight_set *set);

// Returns whether there were records, and none of them had the field of a table of values.
bool batch_lacks(const struct batch *batch, size_t value);

// Forgets which fields the records had so far.
void batch_forget(struct batch *batch);

// Counts all records that are still waiting.
void batch_settle(struct batch *batch);

#endif
