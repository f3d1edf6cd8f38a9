// SPDX-License-Identifier: BSD-2-Clause
//
// rules: checks that a login record has the fields it must have, and that each has an allowed
// value. loginclean(1) lists the rules under "Rules".
//
//     struct rules r;
//     struct json_value value[RULES_FIELDS_MAX];
//     size_t field;
//     rules_init(&r);
//     rules_require(&r, "session", true, &err);
//     json_fields(json, r.key, r.count, value);
//     const char *reason = rules_check(&r, value, &field); // such as "bad_ip", and FIELD_IP
#ifndef LOGIN_RULES_H
#define LOGIN_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "json/event_time.h"
#include "json/json.h"
#include "login/fields.h"

#define RULES_FIELDS_MAX 64

struct rules {
    // The fields of fields.h by their number, then the others that are required. The names of those
    // others are borrowed and do not end in NUL.
    struct json_key key[RULES_FIELDS_MAX];
    bool required[RULES_FIELDS_MAX];
    size_t count;
    int64_t earliest, latest; // the range of plausible timestamps, both included, in ms since 1970
    int64_t ahead;            // ms; unless negative, `latest` is this far ahead of the clock
    enum time_unit time_unit; // of a timestamp that is an integer
};

// Sets the default rules: all fields of fields.h except device_type are required, and every
// timestamp is plausible.
void rules_init(struct rules *r);

// Makes every field optional.
void rules_require_none(struct rules *r);

// Makes each field of a comma-separated list required or optional. The list must outlive r. A list
// that is NULL is empty. Returns 0, or -1 with EX_USAGE.
int rules_require(struct rules *r, const char *list, bool required, struct err *err);

// Checks the values of a record. value[i] is the value of r->key[i]. Changes only r->latest.
// Returns NULL if the record is good. Otherwise stores the index of the first value that breaks a
// rule in *field, and returns the reason, a REJECT_ constant.
const char *rules_check(struct rules *r, const struct json_value *value, size_t *field);

// Appends what was found in a field that rules_check() has refused, and what was expected. It is
// one line for people, without a NUL. A long text is cut.
void rules_explain(const struct rules *r, const struct json_value *value, size_t field,
                   struct buf *b);

// Returns whether a value is absent, null or an empty string.
bool rules_blank(const struct json_value *value);

#endif
