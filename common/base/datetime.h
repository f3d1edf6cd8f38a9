// SPDX-License-Identifier: BSD-2-Clause
//
// datetime: moments and durations, in milliseconds throughout.
//
// A moment is an int64_t of milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted
// (POSIX time). A duration is an int64_t of milliseconds.
#ifndef BASE_DATETIME_H
#define BASE_DATETIME_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define MS_SECOND INT64_C(1000)
#define MS_MINUTE (60 * MS_SECOND)
#define MS_HOUR (60 * MS_MINUTE)
#define MS_DAY (24 * MS_HOUR)

// "500ms", "30s", "5m", "1h", "7d", "2w", sums such as "1h30m"; a bare number is seconds.
// Returns 0, or -1 when the text is no duration or overflows.
int duration_parse(const char *text, int64_t *ms);

// RFC 3339, section 5.6: "2023-09-12T00:45:51Z", with fractions and offsets; also a date alone,
// and a space for the T. Digits beyond milliseconds are cut. Returns 0 or -1.
int time_parse(const char *text, size_t len, int64_t *ms);

// Appends RFC 3339 in UTC, with ".mmm" only where the milliseconds are not zero.
void time_format(struct buf *b, int64_t ms);

int64_t time_now(void);       // the wall clock
int64_t time_monotonic(void); // since some unspecified start, never going back

#endif
