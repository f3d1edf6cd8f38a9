// SPDX-License-Identifier: BSD-2-Clause
#include "insight/late.h"

#include "base/log.h"

#define SHARE 10 // sum up when more than one in 10 records is late

void late_add(struct late *l, uint64_t line)
{
    uint64_t late = log_limit_add(&l->warnings);

    if (l->records++ == 0)
        log_warn(
            "line %llu: is late: the windows of its time are closed; a longer --lateness keeps "
            "them open",
            (unsigned long long)line);
    else if (late > 0)
        log_warn("%llu more records were late", (unsigned long long)late);
}

void late_sum_up(const struct late *l, uint64_t records)
{
    if (l->records > records / SHARE)
        log_warn("%llu of %llu records were too late for their windows; a longer --lateness "
                 "accepts more",
                 (unsigned long long)l->records, (unsigned long long)records);
}
