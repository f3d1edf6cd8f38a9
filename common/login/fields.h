// SPDX-License-Identifier: BSD-2-Clause
//
// record: the fields of a login event (DESIGN: "The record"), by number.
//
//     {"user_id":"a6397988-...","app_version":"2.3.0","device_type":"iOS","ip":"108.228.145.239",
//      "locale":"RI","device_id":"6221eb3d-...","timestamp":1720576825}
#ifndef LOGIN_FIELDS_H
#define LOGIN_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "json/json.h"

enum field {
    FIELD_USER_ID,
    FIELD_APP_VERSION,
    FIELD_DEVICE_TYPE,
    FIELD_IP,
    FIELD_LOCALE,
    FIELD_DEVICE_ID,
    FIELD_TIMESTAMP,
    FIELD_COUNT
};

// Keys by field, in the order in which the common producers write them.
extern const struct json_key field_keys[FIELD_COUNT];

// Whether the text is an IPv4 or IPv6 address, as inet_pton(3) has it.
bool field_ip_valid(const char *text, size_t len);

#endif
