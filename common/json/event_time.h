// SPDX-License-Identifier: BSD-2-Clause
//
// event_time: the time of a record, from the value of its time field. All times are milliseconds
// since 1970-01-01T00:00:00Z.
#ifndef JSON_EVENT_TIME_H
#define JSON_EVENT_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "json/json.h"

// Reads RFC 3339 text, or an integer since 1970, as a number or a string of digits. The magnitude
// of an integer decides its unit: below 1e11 seconds (until the year 5138), below 1e14 milliseconds
// (1973 to 5138), below 1e17 microseconds, else nanoseconds, rounded down to milliseconds. Returns
// false for any other value, and for years outside 0 to 9999, which RFC 3339 cannot write.
bool event_time(const struct json_value *value, int64_t *ms);

// Reads whole seconds since 1970, as a number or a string of digits. Returns false for any other
// value and when the result overflows.
bool event_time_seconds(const struct json_value *value, int64_t *ms);

#endif
