// SPDX-License-Identifier: BSD-2-Clause
//
// event_time: reads the time of a record from the value of its time field. Times are milliseconds
// since 1970-01-01T00:00:00Z.
//
//     if (event_time(&field[TIMESTAMP], TIME_UNIT_AUTO, &ms)) ...
#ifndef JSON_EVENT_TIME_H
#define JSON_EVENT_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "json/json.h"

// The unit of an integer. With TIME_UNIT_AUTO its magnitude decides: below 1e11 it is seconds
// (until the year 5138); below 1e14, milliseconds (1973 to 5138); below 1e17, microseconds;
// otherwise nanoseconds.
enum time_unit { TIME_UNIT_AUTO, TIME_UNIT_S, TIME_UNIT_MS, TIME_UNIT_US, TIME_UNIT_NS };

// Reads "s", "ms", "us", "ns" or "auto". Returns 0, or -1 with *err set (EX_USAGE).
int time_unit_parse(const char *text, enum time_unit *unit, struct err *err);

// Reads RFC 3339 text, or an integer of this unit, which may be a number or a string of digits.
// Microseconds and nanoseconds are rounded down to milliseconds. Returns false for any other value,
// and for years outside 0 to 9999, which RFC 3339 cannot write.
bool event_time(const struct json_value *value, enum time_unit unit, int64_t *ms);

#endif
