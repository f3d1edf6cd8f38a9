// SPDX-License-Identifier: BSD-2-Clause
//
// insight_table: how often each value of a field, or each combination of values, occurs in a
// window. A table is exact until it has too many keys; from then on it is a sketch of fixed size.
//
// A sketch has three parts, each there only if some insight needs it: how many keys there are
// (hll.h), which ones have the highest counts (heavy.h), and, of a sample of the keys, all of them
// with their counts (sample.h).
//
// The key of a combination in heavy.h is its texts, in the order of its tables, each behind its
// length; that of a single value is its text. insight_key_part() reads either.
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

#define INSIGHT_WIDTH 8         // fields in a combination
#define INSIGHT_HEAVY (1 << 16) // keys that a sketch keeps of those with the highest counts

// What the insights need of the sketch of a table.
struct insight_needs {
    bool listed;                                // the keys with the highest counts
    bool sampled;                               // a sample of all keys
    uint32_t groupings;                         // of the sample
    size_t grouping[DISTINCT_SAMPLE_GROUPINGS]; // by which field of the key
};

// What a table counts: the values of one field, whose texts are the keys, or the combinations of
// the values of several fields. A key of these is the ids that the values have in their own tables.
struct insight_table_plan {
    size_t width;
    size_t part[INSIGHT_WIDTH];  // the tables of the fields, ascending; of one field, this table
    size_t order[INSIGHT_WIDTH]; // of the parts, by the names of their fields
    uint32_t words;              // of the entries, for the insights' own use
    struct insight_needs needs;
};

struct insight_sketch {
    const struct insight_table_plan *plan;
    struct hll keys;
    struct space_saving heavy;
    struct distinct_sample sample;
};

struct insight_table {
    struct map map;                // while it is exact, else empty
    struct insight_sketch *sketch; // NULL while it is exact
};

// A text and its hll_hash().
struct insight_bytes {
    const char *data;
    size_t len;
    uint64_t hash;
};

// How many different keys there are.
uint64_t insight_table_keys(const struct insight_table *t);

// Makes an exact table a sketch, which is empty. The caller adds the keys and then frees the map.
void insight_table_sketch(struct insight_table *t, const struct insight_table_plan *plan,
                          size_t max_keys, const struct map_secret *secret);
void insight_table_release(struct insight_table *t);

// Counts n for a key, which is given as the texts of its parts, in all parts of the sketch but
// heavy. The hash of a combination is hll_hash() of the hashes of its texts in the order of the
// names of their fields.
void insight_sketch_count(struct insight_sketch *s, const struct insight_bytes *text, uint64_t n);
// And in heavy, which needs no hashes; b is for its use.
void insight_sketch_list(struct insight_sketch *s, const struct insight_bytes *text, uint64_t n,
                         struct buf *b);

// The i-th text of a key in heavy; its hash is left 0.
struct insight_bytes insight_key_part(const struct space_saving_item *item, size_t width, size_t i);

#endif
