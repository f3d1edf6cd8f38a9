// SPDX-License-Identifier: BSD-2-Clause
//
// log_limit: limits a warning that could be repeated for each record. The first event is reported
// at once, and later ones together, once a minute.
//
//     struct log_limit limit = {0};
//     uint64_t events = log_limit_add(&limit);
//     if (events > 0)
//         log_warn("%llu records ...", (unsigned long long)events);
#ifndef BASE_LOG_LIMIT_H
#define BASE_LOG_LIMIT_H

#include <stdint.h>

struct log_limit {
    uint64_t events; // since the last report
    int64_t due;     // when the next report may be made, by time_monotonic(); 0 for at once
};

// Adds an event. Returns how many events to report now, or 0.
uint64_t log_limit_add(struct log_limit *limit);

#endif
