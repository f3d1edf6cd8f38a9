// SPDX-License-Identifier: BSD-2-Clause
#include "insight/quiet.h"

#include <stdlib.h>

#define PAUSE (3 * QUIET_CHECK_EVERY)

void quiet_init(struct quiet *q, int64_t idle, int64_t ahead)
{
    *q = (struct quiet){.idle = idle, .ahead = ahead};
}

// Returns whether the clocks have moved on together since the last check, and by no more than a
// check may take.
static bool is_steady(const struct quiet *q, int64_t monotonic, int64_t now)
{
    return monotonic - q->checked <= PAUSE && llabs(now - monotonic - q->offset) <= PAUSE;
}

static bool is_live(const struct quiet *q, int64_t newest, int64_t now)
{
    int64_t behind;

    return !__builtin_sub_overflow(now, newest, &behind) && behind <= q->ahead;
}

bool quiet_check(struct quiet *q, uint64_t records, int64_t newest, int64_t monotonic, int64_t now,
                 int64_t *time)
{
    bool steady = is_steady(q, monotonic, now), more = records != q->records;

    if (more)
        q->live = is_live(q, newest, now);
    if (more || !steady)
        q->since = monotonic;
    q->records = records;
    q->checked = monotonic;
    q->offset = now - monotonic;
    if (!q->live || q->idle == 0 || monotonic - q->since < q->idle)
        return false;
    *time = now - q->idle;
    return true;
}
