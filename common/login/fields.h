// SPDX-License-Identifier: BSD-2-Clause
//
// fields: the known fields of a login record, by number.
//
//     {"user_id":"a6397988-...","app_version":"2.3.0","device_type":"iOS","ip":"108.228.145.239",
//      "locale":"RI","device_id":"6221eb3d-...","timestamp":1720576825}
//
//     struct json_value value[FIELD_COUNT];
//     json_fields(json, field_keys, FIELD_COUNT, value);
//     if (value[FIELD_IP].type == JSON_STRING) ...
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

// The key of each field.
extern const struct json_key field_keys[FIELD_COUNT];

// Returns whether the text is an IPv4 or IPv6 address that inet_pton(3) accepts. The text may hold
// NUL.
bool field_ip_valid(const char *text, size_t len);

#endif
