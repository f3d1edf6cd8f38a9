// SPDX-License-Identifier: BSD-2-Clause
//
// record: the fields of a login event (DESIGN: "The record"), by number.
//
//     {"user_id":"a6397988-...","app_version":"2.3.0","device_type":"iOS","ip":"108.228.145.239",
//      "locale":"RI","device_id":"6221eb3d-...","timestamp":1720576825}
#ifndef COMMON_RECORD_H
#define COMMON_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json.h"

enum record_field {
    RECORD_USER_ID,
    RECORD_APP_VERSION,
    RECORD_DEVICE_TYPE,
    RECORD_IP,
    RECORD_LOCALE,
    RECORD_DEVICE_ID,
    RECORD_TIMESTAMP,
    RECORD_FIELD_COUNT
};

// Keys by record_field, in the order in which the common producers write them.
extern const struct json_key record_keys[RECORD_FIELD_COUNT];

// Whether the text is an IPv4 or IPv6 address, as inet_pton(3) has it.
bool record_ip_valid(const char *text, size_t len);

// A moment from a number of seconds since 1970, or a string of digits that says the same. Returns
// false when the value is neither or overflows.
bool record_time(const struct json_value *value, int64_t *ms);

// A moment however it is written: RFC 3339, or an integer (a string of digits too) since 1970,
// whose unit its magnitude tells: below 1e11 they are seconds (until the year 5138), below 1e14
// milliseconds (from 1973 to 5138), below 1e17 microseconds, and else nanoseconds, rounded
// down to milliseconds. Returns false when the value is none of these, or beyond the
// years 0 to 9999 that RFC 3339 can write.
bool record_moment(const struct json_value *value, int64_t *ms);

#endif
