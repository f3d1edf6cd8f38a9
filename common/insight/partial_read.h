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
// The plan must count the same tables as the plan that the partial was written with. Otherwise the
// partial is refused.
#ifndef INSIGHT_PARTIAL_READ_H
#define INSIGHT_PARTIAL_READ_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "insight/partial_sums.h"
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
