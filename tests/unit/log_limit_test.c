// SPDX-License-Identifier: BSD-2-Clause
#include "base/log_limit.h"

#include "base/datetime.h"
#include "tap.h"

int main(void)
{
    struct log_limit limit = {0};

    tap_int((int64_t)log_limit_add(&limit), 1, "the first event is reported at once");
    tap_int((int64_t)log_limit_add(&limit), 0, "the next ones are not");
    tap_int((int64_t)log_limit_add(&limit), 0, "nor are more");
    tap_ok(limit.due > time_monotonic() && limit.due <= time_monotonic() + MS_MINUTE,
           "they are reported within a minute");
    limit.due = time_monotonic();
    tap_int((int64_t)log_limit_add(&limit), 3, "then all are reported together");
    tap_int((int64_t)log_limit_add(&limit), 0, "and are not reported again");
    return tap_done();
}
