// SPDX-License-Identifier: BSD-2-Clause
//
// coverage_watermark: which event time the covers have reached.
//
// The watermark is the lowest time, over all partitions, of the newest record. A partition that has
// no more records does not hold it back. One of which no time is known does, and so does one that
// `topics` promises and no cover has named.
//
//     if (coverage_watermark(&coverage, &time))
//         ...
#ifndef INSIGHT_COVERAGE_WATERMARK_H
#define INSIGHT_COVERAGE_WATERMARK_H

#include <stdbool.h>
#include <stdint.h>

#include "insight/coverage.h"

// Returns whether the watermark is known, and stores it in *watermark, in ms since 1970.
bool coverage_watermark(const struct coverage *c, int64_t *watermark);

// Returns the partition that has held the watermark back for more than a minute while other
// partitions went on, or NULL. Returns it only once. `now` is the time_monotonic() at which a cover
// has closed.
const struct coverage_laggard *coverage_holds_back(struct coverage *c, int64_t now);

#endif
