// SPDX-License-Identifier: BSD-2-Clause
#include "stream/origin_read.h"

#include "base/bytes.h"

void origin_reader_init(struct origin_reader *r)
{
    *r = (struct origin_reader){.origin = ORIGIN_INIT, .edit = json_edit_new()};
}

void origin_reader_release(struct origin_reader *r)
{
    json_edit_free(r->edit);
    header_list_release(&r->headers);
    buf_release(&r->bytes);
    *r = (struct origin_reader){0};
}

bool origin_decode(struct origin_reader *r, const struct json_value *v, const char **data,
                   size_t *len)
{
    size_t start = r->bytes.len;

    if (v->type != JSON_STRING || buf_put_decoded(&r->bytes, v->string.data, v->string.len) != 0)
        return false;
    *data = r->bytes.data + start;
    *len = r->bytes.len - start;
    return true;
}

void origin_copy(struct origin_reader *r, const struct json_value *v, const char **data,
                 size_t *len)
{
    size_t start = r->bytes.len;

    buf_append(&r->bytes, v->string.data, v->string.len);
    *data = r->bytes.data + start;
    *len = v->string.len;
}

static bool read_count(const struct json_value *v, int64_t most, int64_t *n)
{
    if (v->type == JSON_ABSENT || v->type == JSON_NULL)
        return true;
    // kcat writes -1 for an offset that is not known.
    if (v->type == JSON_INT && v->integer == ORIGIN_UNKNOWN)
        return true;
    if (!json_is_count(v, most))
        return false;
    *n = v->integer;
    return true;
}

static bool read_place(struct origin *o, const struct json_value *v)
{
    int64_t partition = ORIGIN_UNKNOWN;

    if (v[ORIGIN_TOPIC].type == JSON_STRING) {
        o->topic = v[ORIGIN_TOPIC].string.data;
        o->topic_len = v[ORIGIN_TOPIC].string.len;
    } else if (v[ORIGIN_TOPIC].type != JSON_ABSENT && v[ORIGIN_TOPIC].type != JSON_NULL) {
        return false;
    }
    if (!read_count(&v[ORIGIN_PARTITION], INT32_MAX, &partition) ||
        !read_count(&v[ORIGIN_OFFSET], INT64_MAX, &o->offset))
        return false;
    o->partition = (int32_t)partition;
    return true;
}

// A time without a type, or with kcat's "unknown", is that of the producer, unless it is absent.
static bool read_time(struct origin *o, const struct json_value *ts, const struct json_value *type)
{
    bool appended =
        type->type == JSON_STRING && bytes_are(type->string.data, type->string.len, "logappend");

    if (ts->type == JSON_ABSENT || ts->type == JSON_NULL)
        return true;
    if (ts->type != JSON_INT)
        return false;
    o->ts = ts->integer;
    if (o->ts != ORIGIN_UNKNOWN)
        o->time_type = appended ? ORIGIN_APPENDED : ORIGIN_CREATED;
    return true;
}

static bool read_key(struct origin_reader *r, const struct line *line, const struct json_value *v)
{
    static const struct json_key key = JSON_KEY("key");
    struct json_span span = {0};
    struct origin *o = &r->origin;

    if (v[ORIGIN_KEY_B64].type != JSON_ABSENT)
        return v[ORIGIN_KEY].type == JSON_ABSENT &&
               origin_decode(r, &v[ORIGIN_KEY_B64], &o->key, &o->key_len);
    if (v[ORIGIN_KEY].type == JSON_ABSENT || v[ORIGIN_KEY].type == JSON_NULL)
        return true;
    if (v[ORIGIN_KEY].type == JSON_STRING) {
        o->key = v[ORIGIN_KEY].string.data;
        o->key_len = v[ORIGIN_KEY].string.len;
        return true;
    }
    // The text of an array, an object, a number, true or false.
    json_edit_find(r->edit, line->data, line->len, &key, &span);
    o->key_is_json = true;
    o->key = line->data + span.start;
    o->key_len = span.end - span.start;
    return true;
}

const char *origin_read(struct origin_reader *r, const struct json_value *field,
                        const struct line *line)
{
    struct origin *o = &r->origin;

    buf_clear(&r->bytes);
    buf_reserve(&r->bytes, line->len);
    *o = (struct origin)ORIGIN_INIT;
    o->known = true;
    if (!read_place(o, field))
        return "topic, partition or offset is malformed";
    if (!read_time(o, &field[ORIGIN_TS], &field[ORIGIN_TSTYPE]))
        return "ts is not a number of ms since 1970";
    if (!read_key(r, line, field))
        return "key_b64 is not base64, or there is a key too";
    if (!header_list_read(&r->headers, &field[ORIGIN_HEADERS], &r->bytes))
        return "headers is not a list such as [[\"name\",\"value\"]]";
    o->header = r->headers.header;
    o->header_count = r->headers.count;
    return NULL;
}
