// SPDX-License-Identifier: BSD-2-Clause
//
// late: warns about late records: about the first one at once, about later ones once a minute, and
// at the end if they were many.
//
//     struct late late = {0};
//     late_add(&late, line->number); // for each late record
//     late_sum_up(&late, records);   // at the end
#ifndef INSIGHT_LATE_H
#define INSIGHT_LATE_H

#include <stdint.h>

#include "base/log_limit.h"

struct late {
    uint64_t records;
    struct log_limit warnings;
};

// Counts a late record, which was in this line of the input.
void late_add(struct late *l, uint64_t line);

// Warns if more than one record in 10 was late. `records` is how many there were in all.
void late_sum_up(const struct late *l, uint64_t records);

#endif
