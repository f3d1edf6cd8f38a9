// SPDX-License-Identifier: BSD-2-Clause
//
// event_time: reads the time of a record from the value of its time field. Times are milliseconds
// since 1970-01-01T00:00:00Z.
//
//     if (event_time(&field[TIMESTAMP], &ms)) ...
#ifndef JSON_EVENT_TIME_H
#define JSON_EVENT_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "json/json.h"

// Reads RFC 3339 text, or an integer, which may be a number or a string of digits. The magnitude of
// an integer decides its unit. Below 1e11 it is seconds (until the year 5138); below 1e14,
// milliseconds (1973 to 5138); below 1e17, microseconds; otherwise nanoseconds. Microseconds and
// nanoseconds are rounded down to milliseconds. Returns false for any other value, and for years
// outside 0 to 9999, which RFC 3339 cannot write.
bool event_time(const struct json_value *value, int64_t *ms);

// Reads whole seconds, which may be a number or a string of digits. Returns false for any other
// value, and if the result overflows.
bool event_time_seconds(const struct json_value *value, int64_t *ms);

#endif
