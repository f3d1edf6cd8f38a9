// SPDX-License-Identifier: BSD-2-Clause
#include "login/rules.h"

#include <inttypes.h>
#include <string.h>

#include "base/bytes.h"
#include "base/datetime.h"
#include "json/event_time.h"
#include "json/json_write.h"
#include "stream/reject.h"

#define SHOWN_MAX 100 // bytes of a text in an explanation

void rules_init(struct rules *r)
{
    *r = (struct rules){
        .count = FIELD_COUNT, .earliest = INT64_MIN, .latest = INT64_MAX, .ahead = -1};
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        r->key[i] = field_keys[i];
        r->required[i] = i != FIELD_DEVICE_TYPE;
    }
}

void rules_require_none(struct rules *r)
{
    memset(r->required, 0, sizeof r->required);
}

int rules_require(struct rules *r, const char *list, bool required, struct err *err)
{
    while (list != NULL) {
        size_t len = strcspn(list, ",");
        if (len == 0)
            return err_set(err, EX_USAGE, "the list has an empty name");
        size_t i = json_key_find(r->key, r->count, list, len);
        if (i == RULES_FIELDS_MAX)
            return err_set(err, EX_USAGE, "more than %d fields", RULES_FIELDS_MAX);
        if (i == r->count)
            r->key[r->count++] = (struct json_key){list, len};
        r->required[i] = required;
        list = list[len] == ',' ? list + len + 1 : NULL;
    }
    return 0;
}

static const char *check_text(const struct json_value *value)
{
    if (value->type != JSON_STRING)
        return REJECT_WRONG_TYPE;
    return value->string.len == 0 ? REJECT_EMPTY : NULL;
}

static const char *check_ip(const struct json_value *value)
{
    const char *reason = check_text(value);

    if (reason == NULL && !field_ip_valid(value->string.data, value->string.len))
        reason = REJECT_BAD_IP;
    return reason;
}

// Returns whether a time is not after the latest plausible one. That one moves with the clock if
// the rules say so. The clock is read only for times after the latest one that was plausible
// before.
static bool is_early_enough(struct rules *r, int64_t ms)
{
    if (ms > r->latest && r->ahead >= 0 && __builtin_add_overflow(time_now(), r->ahead, &r->latest))
        r->latest = INT64_MAX;
    return ms <= r->latest;
}

static const char *check_time(struct rules *r, const struct json_value *value)
{
    int64_t ms;

    if (value->type == JSON_STRING && value->string.len == 0)
        return REJECT_EMPTY;
    if (value->type == JSON_NULL || value->type == JSON_BOOL || value->type == JSON_ARRAY ||
        value->type == JSON_OBJECT)
        return REJECT_WRONG_TYPE;
    if (!event_time(value, r->time_unit, &ms) || ms < r->earliest || !is_early_enough(r, ms))
        return REJECT_BAD_TIMESTAMP;
    return NULL;
}

bool rules_blank(const struct json_value *value)
{
    return value->type == JSON_ABSENT || value->type == JSON_NULL ||
           (value->type == JSON_STRING && value->string.len == 0);
}

// An optional field may be missing; if it is present, its value must follow the rules.
static const char *check_field(struct rules *r, const struct json_value *value, size_t i)
{
    if (value->type == JSON_ABSENT)
        return r->required[i] ? REJECT_MISSING_FIELD : NULL;
    switch (i) {
    case FIELD_IP:
        return check_ip(value);
    case FIELD_TIMESTAMP:
        return check_time(r, value);
    case FIELD_DEVICE_TYPE:
        // loginclean fills in a blank one, unless the field is required.
        return !r->required[i] && rules_blank(value) ? NULL : check_text(value);
    case FIELD_USER_ID:
    case FIELD_APP_VERSION:
    case FIELD_LOCALE:
    case FIELD_DEVICE_ID:
        return check_text(value);
    default: // a field that only --require names: any value but null will do
        return value->type == JSON_NULL ? REJECT_WRONG_TYPE : NULL;
    }
}

const char *rules_check(struct rules *r, const struct json_value *value, size_t *field)
{
    for (size_t i = 0; i < r->count; i++) {
        const char *reason = check_field(r, &value[i], i);
        if (reason != NULL) {
            *field = i;
            return reason;
        }
    }
    return NULL;
}

// --- Explanations ---

static void put_text(struct buf *b, const struct json_value *value)
{
    size_t len = bytes_cut(value->string.data, value->string.len, SHOWN_MAX);

    json_put_string(b, value->string.data, len);
    buf_puts(b, len < value->string.len ? "..." : "");
}

static void put_found(struct buf *b, const struct json_value *value)
{
    switch (value->type) {
    case JSON_ABSENT:
        buf_puts(b, "nothing");
        return;
    case JSON_NULL:
        buf_puts(b, "null");
        return;
    case JSON_BOOL:
        buf_puts(b, value->boolean ? "true" : "false");
        return;
    case JSON_INT:
        buf_printf(b, "%" PRId64, value->integer);
        return;
    case JSON_UINT:
        buf_printf(b, "%" PRIu64, value->uinteger);
        return;
    case JSON_STRING:
        put_text(b, value);
        return;
    case JSON_ARRAY:
        buf_puts(b, "an array");
        return;
    case JSON_OBJECT:
        buf_puts(b, "an object");
        return;
    default:
        buf_puts(b, "a number that is no integer");
    }
}

static void put_range(struct buf *b, const struct rules *r)
{
    buf_puts(b, "a time");
    if (r->earliest > INT64_MIN) {
        buf_puts(b, " from ");
        time_format(b, r->earliest);
    }
    if (r->ahead >= 0) {
        buf_printf(b, " to %" PRId64 " s ahead of the clock", r->ahead / MS_SECOND);
    } else if (r->latest < INT64_MAX) {
        buf_puts(b, " to ");
        time_format(b, r->latest);
    }
}

void rules_explain(const struct rules *r, const struct json_value *value, size_t field,
                   struct buf *b)
{
    int64_t ms;

    buf_puts(b, "found ");
    put_found(b, value);
    if (field == FIELD_TIMESTAMP && event_time(value, r->time_unit, &ms)) {
        buf_puts(b, ", which is ");
        time_format(b, ms);
    }
    buf_puts(b, ", expected ");
    if (field == FIELD_TIMESTAMP)
        put_range(b, r);
    else if (field == FIELD_IP)
        buf_puts(b, "an IPv4 or IPv6 address");
    else
        buf_puts(b, field < FIELD_COUNT ? "a string that is not empty" : "a value");
}
