// SPDX-License-Identifier: BSD-2-Clause
#include "stream/reject_read.h"

#include <stdbool.h>

#include "base/bytes.h"
#include "base/datetime.h"

enum {
    REASON = ORIGIN_FIELDS,
    FIELD,
    STAGE,
    DETAIL,
    ATTEMPTS,
    FIRST,
    TRUNCATED,
    LENGTH,
    RAW,
    RAW_B64,
    FIELDS
};

static const struct json_key keys[FIELDS] = {
    ORIGIN_KEYS,        JSON_KEY("reject"),   JSON_KEY("field"),   JSON_KEY("stage"),
    JSON_KEY("detail"), JSON_KEY("attempts"), JSON_KEY("first"),   JSON_KEY("truncated"),
    JSON_KEY("length"), JSON_KEY("raw"),      JSON_KEY("raw_b64"),
};

void reject_reader_init(struct reject_reader *r)
{
    *r = (struct reject_reader){0};
    origin_reader_init(&r->origin);
}

void reject_reader_release(struct reject_reader *r)
{
    origin_reader_release(&r->origin);
}

// A reject without the number has been rejected once, at a time that is not known.
static bool read_attempts(struct origin *o, const struct json_value *v)
{
    if (v[ATTEMPTS].type == JSON_ABSENT)
        return v[FIRST].type == JSON_ABSENT;
    if (!json_is_count(&v[ATTEMPTS], ORIGIN_ATTEMPTS_MAX) || v[ATTEMPTS].integer == 0 ||
        v[FIRST].type != JSON_STRING)
        return false;
    o->attempts = v[ATTEMPTS].integer;
    return time_parse(v[FIRST].string.data, v[FIRST].string.len, &o->first) == 0;
}

static bool read_raw(struct reject_reader *r, const struct json_value *v)
{
    static const char tombstone[4 + JSON_PADDING] = "null";
    struct line *record = &r->record;

    if (v[RAW_B64].type != JSON_ABSENT)
        return v[RAW].type == JSON_ABSENT &&
               origin_decode(&r->origin, &v[RAW_B64], &record->data, &record->len);
    if (v[RAW].type == JSON_STRING) {
        origin_copy(&r->origin, &v[RAW], &record->data, &record->len);
        return true;
    }
    r->origin.origin.tombstone = v[RAW].type == JSON_NULL;
    record->data = tombstone;
    record->len = 4;
    return v[RAW].type == JSON_NULL;
}

// Returns the length of the whole record. It is longer than what the reject holds if that is cut.
static size_t full_length(const struct json_value *v, size_t len)
{
    bool cut = v[TRUNCATED].type == JSON_BOOL && v[TRUNCATED].boolean;

    if (!cut)
        return len;
    return json_is_count(&v[LENGTH], INT64_MAX) && (size_t)v[LENGTH].integer > len
               ? (size_t)v[LENGTH].integer
               : len + 1;
}

const char *reject_read(struct reject_reader *r, const struct json *json, const struct line *line)
{
    struct json_value v[FIELDS];

    json_fields(json, keys, FIELDS, v);
    if (v[REASON].type != JSON_STRING)
        return "it is not an object with a string reject";
    const char *what = origin_read(&r->origin, v, line);
    if (what != NULL)
        return what;
    if (!read_attempts(&r->origin.origin, v))
        return "attempts is not a number from 1, or first is not a time";
    r->record = (struct line){.number = line->number, .origin = &r->origin.origin};
    if (!read_raw(r, v))
        return "it has neither a string raw nor raw_b64 in base64, or both";
    r->record.full_len = full_length(v, r->record.len);
    // The key and the headers are written together or not at all.
    r->origin.origin.known = v[ORIGIN_HEADERS].type != JSON_ABSENT;
    r->reason = v[REASON];
    r->field = v[FIELD];
    r->stage = v[STAGE];
    r->detail = v[DETAIL];
    return NULL;
}
