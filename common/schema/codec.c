// SPDX-License-Identifier: BSD-2-Clause
#include "schema/codec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/secret.h"
#include "base/xalloc.h"
#include "json/json_write.h"
#include "schema/avro_decode.h"
#include "schema/wire_format.h"

// Makes a client of the registry.
static struct registry *connect_to(const struct codec_options *options, struct err *err)
{
    char *shown = secret_url(options->registry.url);

    if (strcmp(shown, options->registry.url) != 0)
        log_warn("-r: every user of this machine can see the password in the URL, in the list of "
                 "processes; write USER:PASSWORD to a file, and give "
                 "-X schema.registry.basic.auth.user.info=@FILE");
    free(shown);
    return registry_new(&options->registry, err);
}

void codec_check(const struct codec_options *options, struct check_report *report)
{
    struct err err;

    if (!codec_options_wanted(options))
        return;
    struct registry *registry = connect_to(options, &err);
    if (registry == NULL || registry_reach(registry, &err) != 0)
        check_report_failed(report, &err);
    else
        check_report_passed(report, "schema registry: %s answers", registry_url(registry));
    registry_free(registry);
}

int codec_open(struct codec *c, const struct codec_options *options, size_t most, struct err *err)
{
    c->options = options;
    c->most = most;
    c->registry = connect_to(options, err);
    if (c->registry == NULL || registry_reach(c->registry, err) != 0)
        return -1;
    c->cache = schema_cache_new(c->registry);
    c->json = json_new();
    return 0;
}

void codec_release(struct codec *c)
{
    schema_cache_free(c->cache);
    registry_free(c->registry);
    target_release(&c->key);
    target_release(&c->value);
    avro_encoder_free(c->encoder);
    json_free(c->json);
    buf_release(&c->key_text);
    buf_release(&c->key_data);
    buf_release(&c->value_data);
}

// --- Reading ---

static const char *part_name(enum codec_part part)
{
    return part == CODEC_KEY ? "key: " : "";
}

static enum codec_outcome bad_schema(struct codec *c, enum codec_part part, const char *detail,
                                     struct reject *why)
{
    snprintf(c->detail, sizeof c->detail, "%s%s", part_name(part), detail);
    *why = (struct reject){REJECT_BAD_SCHEMA, NULL, c->detail};
    return CODEC_REJECTED;
}

static enum codec_outcome not_avro(struct codec *c, enum codec_part part, int32_t id,
                                   struct reject *why)
{
    snprintf(c->detail, sizeof c->detail, "%s%s, by schema %d", part_name(part), c->fault.what,
             (int)id);
    *why = (struct reject){REJECT_NOT_AVRO, c->fault.path[0] == '\0' ? NULL : c->fault.path,
                           c->detail};
    return CODEC_REJECTED;
}

static enum codec_outcome too_long(struct codec *c, enum codec_part part, struct reject *why)
{
    snprintf(c->detail, sizeof c->detail, "%s%s", part_name(part), c->fault.what);
    *why = (struct reject){REJECT_TOO_LONG, NULL, c->detail};
    return CODEC_REJECTED;
}

// Returns why a schema cannot be used for a format, or NULL if it can. May write it to `text`.
static const char *find_problem(const struct schema *schema, enum codec_format format, char *text,
                                size_t size)
{
    static const char *const names[] = {[REGISTRY_AVRO] = "Avro",
                                        [REGISTRY_JSON] = "JSON Schema",
                                        [REGISTRY_PROTOBUF] = "Protobuf",
                                        [REGISTRY_OTHER] = "an unknown kind"};
    const enum registry_type wanted = format == CODEC_AVRO ? REGISTRY_AVRO : REGISTRY_JSON;

    if (schema->problem != NULL || schema->type == wanted)
        return schema->problem;
    snprintf(text, size, "schema %d: is of %s, not of %s", (int)schema->id, names[schema->type],
             names[wanted]);
    return text;
}

// Takes a key that is JSON, as one line. The stage checks only values.
static enum codec_outcome read_json_key(struct codec *c, const char *data, size_t len,
                                        struct buf *text, struct reject *why)
{
    buf_append(text, data, len);
    buf_reserve(text, 1);
    if (json_parse(c->json, text->data, len) != 0) {
        snprintf(c->detail, sizeof c->detail, "%s%s", part_name(CODEC_KEY), json_error(c->json));
        *why = (struct reject){REJECT_NOT_JSON, NULL, c->detail};
        return CODEC_REJECTED;
    }
    for (size_t i = 0; i < len; i++) {
        if (text->data[i] == '\n' || text->data[i] == '\r')
            text->data[i] = ' ';
    }
    return CODEC_DONE;
}

enum codec_outcome codec_decode(struct codec *c, enum codec_part part, const void *data, size_t len,
                                struct buf *text, struct reject *why, struct err *err)
{
    const enum codec_format format = part == CODEC_KEY ? c->options->key : c->options->value;
    const struct avro_decode_options options = {c->options->tagged, c->most};
    const struct schema *schema;
    char mismatch[100];
    int32_t id;

    buf_clear(text);
    buf_reserve(text, 1);
    if (wire_format_read(data, len, &id) != 0)
        return bad_schema(c, part, "does not begin with the byte 0 and the id of a schema", why);
    if ((schema = schema_cache_find(c->cache, id, err)) == NULL)
        return CODEC_FAILED;
    const char *problem = find_problem(schema, format, mismatch, sizeof mismatch);
    if (problem != NULL)
        return bad_schema(c, part, problem, why);
    data = (const char *)data + WIRE_FORMAT_LEN;
    len -= WIRE_FORMAT_LEN;
    if (format == CODEC_JSON && part == CODEC_KEY)
        return read_json_key(c, data, len, text, why);
    if (format == CODEC_JSON)
        buf_append(text, data, len);
    else if (avro_decode(avro_schema_root(schema->avro), data, len, &options, text, &c->fault) != 0)
        return text->len > c->most ? too_long(c, part, why) : not_avro(c, part, schema->id, why);
    return CODEC_DONE;
}

// --- Writing ---

static int find_target(struct codec *c, enum codec_part part, const char *topic, struct err *err)
{
    const struct codec_options *o = c->options;
    const bool key = part == CODEC_KEY;
    struct target_wanted wanted = {.format = key ? o->key : o->value,
                                   .options = key ? &o->key_target : &o->value_target,
                                   .add = o->add};

    if (wanted.format == CODEC_PLAIN)
        return 0;
    char *usual = xasprintf("%s-%s", topic, key ? "key" : "value");
    wanted.subject = wanted.options->subject != NULL ? wanted.options->subject : usual;
    int status = target_find(key ? &c->key : &c->value, &wanted, c->registry, err);
    free(usual);
    return status;
}

int codec_open_writer(struct codec *c, const struct codec_options *options, const char *topic,
                      struct err *err)
{
    c->options = options;
    c->registry = connect_to(options, err);
    if (c->registry == NULL || find_target(c, CODEC_VALUE, topic, err) != 0 ||
        find_target(c, CODEC_KEY, topic, err) != 0)
        return -1;
    c->encoder = avro_encoder_new(options->tagged);
    c->json = json_new();
    return 0;
}

// Encodes a value whose text is given too.
static int encode(struct codec *c, const struct target *target, const struct json_value *value,
                  const char *text, size_t len, struct buf *data)
{
    buf_clear(data);
    wire_format_put(data, target->id);
    return avro_encode(c->encoder, avro_schema_root(target->avro), value, text, len, data,
                       &c->fault);
}

static int encode_value(struct codec *c, const struct json *json, const struct codec_message *m)
{
    if (c->options->value == CODEC_AVRO) {
        const struct json_value value = json_root(json);
        return encode(c, &c->value, &value, m->value, m->value_len, &c->value_data);
    }
    buf_clear(&c->value_data);
    wire_format_put(&c->value_data, c->value.id);
    buf_append(&c->value_data, m->value, m->value_len);
    return 0;
}

// Parses the key. Returns whether it is JSON.
static bool parse_key(struct codec *c, const struct codec_message *m)
{
    buf_clear(&c->key_text);
    buf_append(&c->key_text, m->key, m->key_len);
    buf_reserve(&c->key_text, 1);
    return json_parse(c->json, c->key_text.data, m->key_len) == 0;
}

static int encode_avro_key(struct codec *c, const struct codec_message *m)
{
    const struct json_value string = {.type = JSON_STRING, .string = {m->key, m->key_len}};

    if (encode(c, &c->key, &string, m->key, m->key_len, &c->key_data) == 0)
        return 0;
    if (!parse_key(c, m))
        return -1;
    const struct json_value value = json_root(c->json);
    return encode(c, &c->key, &value, m->key, m->key_len, &c->key_data);
}

static int encode_key(struct codec *c, const struct codec_message *m)
{
    if (!json_utf8_valid(m->key, m->key_len))
        return avro_fault_set(&c->fault, "not UTF-8");
    if (c->options->key == CODEC_AVRO)
        return encode_avro_key(c, m);
    buf_clear(&c->key_data);
    wire_format_put(&c->key_data, c->key.id);
    if (parse_key(c, m))
        buf_append(&c->key_data, m->key, m->key_len);
    else
        json_put_string(&c->key_data, m->key, m->key_len);
    return 0;
}

int codec_encode(struct codec *c, const struct json *json, struct codec_message *m,
                 struct reject *why)
{
    if (c->options->key != CODEC_PLAIN && m->key != NULL) {
        if (encode_key(c, m) != 0) {
            not_avro(c, CODEC_KEY, c->key.id, why);
            return -1;
        }
        m->key = c->key_data.data;
        m->key_len = c->key_data.len;
    }
    if (c->options->value != CODEC_PLAIN && m->value != NULL) {
        if (encode_value(c, json, m) != 0) {
            not_avro(c, CODEC_VALUE, c->value.id, why);
            return -1;
        }
        m->value = c->value_data.data;
        m->value_len = c->value_data.len;
    }
    return 0;
}
