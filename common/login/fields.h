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

#endif
