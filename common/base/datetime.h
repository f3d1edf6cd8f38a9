// SPDX-License-Identifier: BSD-2-Clause
//
// datetime: reads and writes moments and durations.
//
// A moment is an int64_t: milliseconds since 1970-01-01T00:00:00Z without leap seconds (POSIX
// time). A duration is an int64_t of milliseconds. The parsers change *ms on success only.
//
//     int64_t ms;
//     if (time_parse("2023-09-12T00:45:51Z", 20, &ms) == 0)
//         ... // ms is 1694479551000
#ifndef BASE_DATETIME_H
#define BASE_DATETIME_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define MS_SECOND INT64_C(1000)
#define MS_MINUTE (60 * MS_SECOND)
#define MS_HOUR (60 * MS_MINUTE)
#define MS_DAY (24 * MS_HOUR)

// Reads "500ms", "30s", "5m", "1h", "7d", "2w", or a sum such as "1h30m". A number without a unit
// is in seconds. Returns 0, or -1 if the text is not a duration or is too large.
int duration_parse(const char *text, int64_t *ms);

// Reads a moment as in RFC 3339, section 5.6, such as "2023-09-12T00:45:51.5+02:00". The time may
// be missing, and the T may be a space. Digits after the milliseconds are cut off. Returns 0, or -1
// if the text is not a moment.
int time_parse(const char *text, size_t len, int64_t *ms);

// Appends the moment as RFC 3339 in UTC, with ".mmm" only if the milliseconds are not 0.
void time_format(struct buf *b, int64_t ms);

int64_t time_now(void);       // the moment, by the wall clock
int64_t time_monotonic(void); // milliseconds since an unspecified start; never goes back

#endif
