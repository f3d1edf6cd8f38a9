// SPDX-License-Identifier: BSD-2-Clause
//
// partial_read: checks the lines of a partial, as partial_write.h writes them, and merges them into
// a set.
//
//     struct partial_sums sums;
//     struct partial_head head;
//     partial_sums_init(&sums, &plan);
//     sums.in_order = true;
//     for each line of the partial, from the first to the last one:
//         if (partial_read_check(json, &plan, &head, &sums, &err) != 0)
//             ...reject the line; err.text says why...
//     if (partial_sums_check(&sums, &plan, &err) != 0)
//         ...reject all lines of the partial...
//     struct insight_set *set = windows_extend(&windows, &head);
//     for each line of the partial, if the set is not NULL:
//         partial_read_merge(json, &plan, &sums, set);
//     partial_sums_release(&sums);
//
// Each record counts once in each table. So a whole partial has as many records in each exact table
// as it says, the same values in the combinations as in the tables of their fields, and one
// HyperLogLog for each sketch.
//
// The plan must count the same tables as the plan that the partial was written with. Otherwise the
// partial is refused.
#ifndef INSIGHT_PARTIAL_READ_H
#define INSIGHT_PARTIAL_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "insight/plan.h"
#include "insight/set.h"
#include "json/json.h"

// The members before the tables. Texts are valid until json parses something else.
struct partial_head {
    const char *window; // the window spec as its user wrote it; not terminated
    size_t window_len;
    int64_t start;       // of a window of time, else 0
    uint64_t records;    // only the first line of a partial has them; 0 in the others
    int64_t first, last; // times of the records
    uint64_t id;         // of the partial
    uint64_t part;       // the number of the line, from 1
    uint64_t parts;      // only the last line has the number of lines; 0 in the others
};

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

// Checks that nothing is missing from the lines that were added to the sums. Returns 0, or -1 with
// *err set (EX_DATAERR).
int partial_sums_check(const struct partial_sums *sums, const struct plan *plan, struct err *err);

// Checks the whole line that json parsed last, and adds it to the sums. The line must be an object.
// Returns 0, or -1 with *err set (EX_DATAERR); the sums are then useless. So are those of a line of
// a partial of several lines that was not added in order: it may refer to lines before.
int partial_read_check(const struct json *json, const struct plan *plan, struct partial_head *head,
                       struct partial_sums *sums, struct err *err);

// Adds the tables of a line to those of a set. partial_read_check() must have accepted the line,
// and those before it, into the sums.
void partial_read_merge(const struct json *json, const struct plan *plan,
                        const struct partial_sums *sums, struct insight_set *set);

#endif
