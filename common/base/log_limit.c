// SPDX-License-Identifier: BSD-2-Clause
#include "base/log_limit.h"

#include "base/datetime.h"

uint64_t log_limit_add(struct log_limit *limit)
{
    int64_t now = time_monotonic();
    uint64_t events = ++limit->events;

    if (limit->due > 0 && now < limit->due)
        return 0;
    limit->due = now + MS_MINUTE;
    limit->events = 0;
    return events;
}
