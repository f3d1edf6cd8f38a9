// SPDX-License-Identifier: BSD-2-Clause
//
// ticks: at which numbers or times an axis has its marks, and how they are written.
//
//     uint64_t step = ticks_step(1234, 5); // 500: marks at 0, 500, 1000 and 1500
//
//     struct time_ticks t = time_ticks(start, end, MS_MINUTE, 8);
//     for (int64_t ms = time_tick_first(&t, start); ms <= end; ms = time_tick_next(&t, ms))
//         time_tick_put(&t, b, ms); // "06:00", or "12 Sep" at midnight
#ifndef VIEW_TICKS_H
#define VIEW_TICKS_H

#include <stdint.h>

#include "base/buf.h"

struct time_ticks {
    int64_t step; // ms; 0 if the marks are at the beginnings of months
    int months;
};

// Returns 1, 2 or 5 times a power of ten, such that no more than `most` steps reach `highest`.
uint64_t ticks_step(uint64_t highest, uint64_t most);

// Returns marks for an axis from start to end, at most about `most` of them, and not closer than
// `least` ms.
struct time_ticks time_ticks(int64_t start, int64_t end, int64_t least, int64_t most);

// Return the first mark that is not before ms, and the mark after a mark.
int64_t time_tick_first(const struct time_ticks *t, int64_t ms);
int64_t time_tick_next(const struct time_ticks *t, int64_t ms);

// Appends what stands at a mark, in UTC: a time, and at midnight the day; or the month.
void time_tick_put(const struct time_ticks *t, struct buf *b, int64_t ms);

// Returns the shortest of the usual durations (5 minutes, 1 hour, ...) that is a multiple of `step`
// and is contained in the span at most `most` times.
int64_t ticks_duration(int64_t span, int64_t step, int64_t most);

#endif
