// SPDX-License-Identifier: BSD-2-Clause
//
// table: counts how often each value of a field, or each combination of the values of several
// fields, occurs in a window.
//
// At first a table is exact: it is a map from keys to counts. When it has more than plan->max_keys
// keys, it becomes a sketch of fixed size. A sketch has up to three parts, each kept only if an
// insight needs it: the number of distinct keys (hll.h), the keys with the highest counts
// (space_saving.h), and a sample of the keys with their counts (distinct_sample.h).
//
// The key of a value is its text, of at most TABLE_TEXT_MAX bytes. In an exact table, the key of a
// combination consists of the ids that its values have in their own tables. In a sketch's
// space_saving, the key of a combination consists of the texts of its values in the order of
// plan->part, each after its length in 32 bits. table_key_part() reads such a key.
#ifndef INSIGHT_TABLE_H
#define INSIGHT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "sketch/distinct_sample.h"
#include "sketch/hll.h"
#include "sketch/map.h"
#include "sketch/space_saving.h"

#define TABLE_WIDTH 8           // the most fields in a combination
#define TABLE_HIGHEST (1 << 16) // the most keys that a sketch lists
#define TABLE_TEXT_MAX 1024     // bytes; batch.h shortens longer texts

// What a table must keep when it becomes a sketch.
struct table_needs {
    bool listed;                                // the keys with the highest counts
    bool sampled;                               // a sample of all keys
    uint32_t groupings;                         // of the sample
    size_t grouping[DISTINCT_SAMPLE_GROUPINGS]; // the part of the key that names the group
};

// What a table counts.
struct table_plan {
    size_t width;
    size_t part[TABLE_WIDTH];  // the tables of the fields, ascending; of a single field, this table
    size_t order[TABLE_WIDTH]; // the parts, sorted by the names of their fields
    uint32_t words;            // in each entry of the map, for the insights
    struct table_needs needs;
};

struct table_sketch {
    const struct table_plan *plan;
    struct hll keys;
    struct space_saving highest;
    struct distinct_sample sample;
};

struct table {
    struct map map;              // empty when the table is a sketch
    struct table_sketch *sketch; // NULL while the table is exact
};

struct table_text {
    const char *data;
    size_t len;
};

// A text and its hashes.
struct table_word {
    struct table_text text;
    uint64_t hash;  // hll_hash()
    uint64_t keyed; // map_hash()
};

// Returns the number of distinct keys, which is an estimate when the table is a sketch.
uint64_t table_keys(const struct table *t);

// Gives an exact table an empty sketch. The caller then counts the keys of the map in the sketch,
// and releases the map. Borrows the plan and the secret.
void table_become_sketch(struct table *t, const struct table_plan *plan, size_t max_keys,
                         const struct map_secret *secret);
void table_release(struct table *t);

// A key that is counted in a sketch. The caller sets the first four members. The hash of a
// combination is the hll_hash() of its words' hashes, ordered by the names of their fields.
struct table_key {
    struct table_sketch *sketch;
    const struct table_word *word; // word[part[i]] is part i of the key
    const size_t *part;            // plan->width elements
    uint64_t n;                    // is added to the count of the key
    uint64_t hash;                 // of the key
    uint64_t keyed;                // its hash in `highest`; see table_listed_hash()
    size_t start, len;             // those bytes in a buffer, if the key is a combination
    uint32_t guess;                // space_saving_guess()
};

// Counts many keys of the same table in their order. This is faster than one by one, since the
// memory of each comes while others are counted, as in batch.h. `b` is a scratch buffer. If it is
// NULL, the keys are not counted in `highest`.
void table_count_keys(struct table_key *key, size_t keys, struct buf *b);

// Adds n to the count of a key in `highest`. `b` is a scratch buffer.
void table_sketch_list(struct table_sketch *s, const struct table_text *text, uint64_t n,
                       struct buf *b);

// Returns the hash of a key in `highest`: of a combination, the map_hash() of the map_hash()es of
// its texts. `width` is that of the table.
uint64_t table_listed_hash(const struct map_secret *secret, const char *key, size_t len,
                           size_t width);

// Returns text i of a key in `highest`. `width` is that of the table.
struct table_text table_key_part(const struct space_saving_item *item, size_t width, size_t i);

#endif
