// SPDX-License-Identifier: BSD-2-Clause
//
// rules: what a good login record is, field by field: which fields it must have, and what may
// stand in each. loginclean(1) lists them under "Rules".
//
//     struct rules r;
//     struct json_value value[RULES_FIELDS_MAX];
//     size_t field;
//     rules_init(&r);
//     rules_require(&r, "session", true, &err);
//     json_fields(json, r.key, r.count, value);
//     const char *reason = rules_check(&r, value, &field); // such as "bad_ip", and field FIELD_IP
#ifndef LOGIN_RULES_H
#define LOGIN_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "json/json.h"
#include "login/fields.h"

#define RULES_FIELDS_MAX 64

struct rules {
    // The fields of record.h by their number, and then others that are required. Names of those
    // are borrowed, and need not end where the key does.
    struct json_key key[RULES_FIELDS_MAX];
    bool required[RULES_FIELDS_MAX];
    size_t count;
    int64_t earliest, latest; // the plausible moments, both included
};

// All fields of record.h but device_type are required, and every moment is plausible.
void rules_init(struct rules *r);

// Exempts every field.
void rules_require_none(struct rules *r);

// Requires or exempts each field of a comma-separated list, which must outlive r; NULL is an empty
// one. Returns 0, or -1 with *err set.
int rules_require(struct rules *r, const char *list, bool required, struct err *err);

// Checks the values of the keys in their order. Returns the first rule that is broken, a REJECT_
// constant, and its field in *field; NULL for a good record.
const char *rules_check(const struct rules *r, const struct json_value *value, size_t *field);

// Whether it is missing, null or an empty string.
bool rules_blank(const struct json_value *value);

#endif
