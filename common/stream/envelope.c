// SPDX-License-Identifier: BSD-2-Clause
#include "stream/envelope.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "json/json_write.h"

// An envelope has exactly one of these members.
enum {
    VALUE = ORIGIN_FIELDS,
    VALUE_TEXT,
    VALUE_B64,
    PAYLOAD, // kcat's
    FIELDS
};

static const struct json_key keys[FIELDS] = {ORIGIN_KEYS, JSON_KEY("value"), JSON_KEY("value_text"),
                                             JSON_KEY("value_b64"), JSON_KEY("payload")};

void envelope_init(struct envelope *env)
{
    *env = (struct envelope){.json = json_new()};
    origin_reader_init(&env->reader);
}

void envelope_release(struct envelope *env)
{
    json_free(env->json);
    origin_reader_release(&env->reader);
    *env = (struct envelope){0};
}

// --- Writing ---

// Returns whether a JSON text is nested so deep that it could not be parsed within an envelope.
static bool is_deep(const char *text, size_t len)
{
    size_t depth = 0;
    bool in_string = false;

    if (len < 2 * (JSON_DEPTH_MAX - 1))
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '{' || c == '['))
            depth++;
        else if (!in_string && (c == '}' || c == ']'))
            depth--;
        if (depth >= JSON_DEPTH_MAX)
            return true;
    }
    return false;
}

// Returns whether a JSON text may have a member "@mark", however its name is escaped. As the value
// of a member it could become a mark, if another program takes it out: jq -c .value
static bool may_have_mark(const char *text, size_t len)
{
    static const char escape[] = "\\u00", name[] = "@mark";
    const char *end = text + len, *at = text;

    if (memmem(text, len, name, strlen(name)) != NULL)
        return true;
    while ((at = memmem(at, (size_t)(end - at), escape, strlen(escape))) != NULL) {
        at += strlen(escape);
        for (size_t i = 0; i < strlen(name) && end - at >= 2; i++) {
            char hex[3] = {at[0], at[1], '\0'};
            if (strtol(hex, NULL, 16) == name[i])
                return true;
        }
    }
    return false;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

// Returns whether a JSON text can be the value of a member, and keeps its bytes there. White space
// around it would be lost, a line break would end the line, and null stands for a tombstone.
static bool can_be_member(const char *text, size_t len)
{
    return memchr(text, '\n', len) == NULL && memchr(text, '\r', len) == NULL &&
           !is_space(text[0]) && !is_space(text[len - 1]) && !bytes_are(text, len, "null") &&
           !is_deep(text, len) && !may_have_mark(text, len);
}

static void put_value(struct buf *b, const char *value, size_t len, bool is_json)
{
    if (is_json && can_be_member(value, len)) {
        json_put_name(b, "value");
        buf_append(b, value, len);
    } else if (json_utf8_valid(value, len)) {
        json_put_member_string(b, "value_text", value, len);
    } else {
        origin_put_bytes(b, "value", value, len);
    }
}

void envelope_put(struct buf *b, const struct origin *origin, const char *value, size_t len,
                  bool is_json)
{
    buf_putc(b, '{');
    origin_put(b, origin);
    if (origin->tombstone)
        buf_puts(b, ",\"value\":null");
    else
        put_value(b, value, len, is_json);
    buf_putc(b, '}');
}

void envelope_put_changed(struct buf *b, const struct envelope *env, const struct line *line,
                          const char *value, size_t len)
{
    size_t before = env->value.name;

    // The comma before the member is written with it.
    while (is_space(line->data[before - 1]) || line->data[before - 1] == ',')
        before--;
    buf_append(b, line->data, before);
    put_value(b, value, len, true);
    buf_append(b, line->data + env->value.end, line->len - env->value.end);
}

// --- Reading ---

static int malformed(struct reject *why, const char *what)
{
    *why = (struct reject){REJECT_NOT_ENVELOPE, NULL, what};
    return -1;
}

// Reads the value from the member that has it.
static bool read_value(struct envelope *env, const struct json_value *v, int member,
                       const struct line *line, struct line *record)
{
    json_edit_find(env->reader.edit, line->data, line->len, &keys[member], &env->value);
    record->data = line->data + env->value.start;
    record->len = env->value.end - env->value.start;
    switch (member) {
    case VALUE:
        env->reader.origin.tombstone = v->type == JSON_NULL;
        return true;
    case VALUE_TEXT:
        if (v->type == JSON_STRING)
            origin_copy(&env->reader, v, &record->data, &record->len);
        return v->type == JSON_STRING;
    case VALUE_B64:
        return origin_decode(&env->reader, v, &record->data, &record->len);
    default: // kcat writes the bytes of a value as a string, and what it has decoded as JSON
        env->reader.origin.tombstone = v->type == JSON_NULL;
        if (v->type == JSON_STRING)
            origin_copy(&env->reader, v, &record->data, &record->len);
        return true;
    }
}

int envelope_read(struct envelope *env, const struct line *line, struct line *record,
                  struct reject *why)
{
    struct json_value v[FIELDS];
    int member = 0, values = 0;

    if (json_parse(env->json, line->data, line->len) != 0) {
        *why = (struct reject){REJECT_NOT_JSON, NULL, json_error(env->json)};
        return -1;
    }
    json_fields(env->json, keys, FIELDS, v);
    for (int i = VALUE; i < FIELDS; i++) {
        if (v[i].type != JSON_ABSENT) {
            member = i;
            values++;
        }
    }
    if (values == 0)
        return malformed(why, "no value, value_text or value_b64; -J is for envelopes");
    if (values > 1)
        return malformed(why, "more than one of value, value_text, value_b64 and payload");
    const char *what = origin_read(&env->reader, v, line);
    if (what != NULL)
        return malformed(why, what);
    *record = *line;
    if (!read_value(env, &v[member], member, line, record))
        return malformed(why, "value_text is not a string, or value_b64 not base64");
    record->full_len = record->len;
    record->origin = &env->reader.origin;
    return 0;
}
