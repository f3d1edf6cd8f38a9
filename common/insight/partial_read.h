// SPDX-License-Identifier: BSD-2-Clause
//
// partial_read: checks a partial, as partial_write.h writes it, and merges it into a set.
//
//     struct partial_head head;
//     if (partial_read_check(json, &plan, &head, &err) != 0)
//         ...reject the line; err.text says why...
//     struct insight_set *set = windows_extend(&windows, &head);
//     if (set != NULL)
//         partial_read_merge(json, &plan, set);
//
// The plan must count the same tables as the plan that the partial was written with. Otherwise the
// partial is refused.
#ifndef INSIGHT_PARTIAL_READ_H
#define INSIGHT_PARTIAL_READ_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "insight/plan.h"
#include "insight/set.h"
#include "json/json.h"

// The members before the tables. Texts are valid until json parses something else.
struct partial_head {
    const char *window; // the window spec as its user wrote it; not terminated
    size_t window_len;
    int64_t start;       // of a window of time, else 0
    uint64_t records;    // only the first line of a window has them; 0 in the others
    int64_t first, last; // times of the records
};

// Checks the whole line that json parsed last. The line must be an object. Returns 0, or -1 with
// *err set (EX_DATAERR).
int partial_read_check(const struct json *json, const struct plan *plan, struct partial_head *head,
                       struct err *err);

// Adds the tables of a line to those of a set. partial_read_check() must have accepted the line.
void partial_read_merge(const struct json *json, const struct plan *plan, struct insight_set *set);

#endif
