// SPDX-License-Identifier: BSD-2-Clause
//
// partial_sums: what the lines of a partial add up to, by which it is checked that none is missing;
// and the texts of its values, to which its combinations refer.
//
// Each record counts once in each table. So a whole partial has as many records in each exact table
// as it says, the same values in the combinations as in the tables of their fields, and one
// HyperLogLog for each sketch.
//
//     struct partial_sums sums;
//     partial_sums_init(&sums, &plan);
//     ... // partial_read.h adds each line
//     if (partial_sums_check(&sums, &plan, &err) != 0)
//         ...
//     partial_sums_release(&sums);
#ifndef INSIGHT_PARTIAL_SUMS_H
#define INSIGHT_PARTIAL_SUMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "insight/plan.h"
#include "insight/table.h"

// The text of a row in a table of values.
struct partial_value {
    size_t start, len; // in the bytes of the sums
    uint64_t hash;     // XXH3
};

// The rows of a table of values, in their order. The rows of combinations refer to them.
struct partial_values {
    struct partial_value *row;
    size_t count, size;
};

// What the lines of a partial add up to.
struct partial_sums {
    bool in_order; // the owner adds the lines from the first one on, so all values are known
    size_t tables; // of values
    struct partial_values *value; // by number of the table
    struct buf bytes;             // of their texts
    uint64_t records;
    uint64_t *rows;   // by number of the table: the sum of its counts, while it is exact
    uint64_t *sketch; // by number of the table: how many lines have its registers
    uint64_t *texts; // by number of the table, and part of its keys: the sum of hashes times counts
};

void partial_sums_init(struct partial_sums *sums, const struct plan *plan);
void partial_sums_release(struct partial_sums *sums);

// Returns the sum of the hashes of the texts in one part of a table's keys.
uint64_t *partial_sums_texts(const struct partial_sums *sums, size_t table, size_t part);

// Appends a row to a table of values. Copies the text.
void partial_sums_keep(struct partial_sums *sums, size_t table, const struct table_text *text,
                       uint64_t hash);

// Returns the row of a table of values with this number, or NULL. Its text is stored in *text, and
// is valid until the next row is kept.
const struct partial_value *partial_sums_value(const struct partial_sums *sums, size_t table,
                                               uint64_t row, struct table_text *text);

// Checks that nothing is missing from the lines that were added to the sums. Returns 0, or -1 with
// *err set (EX_DATAERR).
int partial_sums_check(const struct partial_sums *sums, const struct plan *plan, struct err *err);

#endif
