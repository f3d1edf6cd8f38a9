// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/decoder.h"

#include <string.h>

#include "kafka/pack.h"
#include "stream/origin.h"

// Takes the name of a format of the registry, or else a pack string. The last one that is given
// counts.
static int set_format(const char *arg, enum codec_format *format, const char **pack,
                      struct err *err)
{
    struct err why;

    *format = CODEC_PLAIN;
    *pack = NULL;
    if (codec_format_is_name(arg))
        return codec_format_parse(arg, format, err);
    if (pack_check(arg, &why) != 0)
        return err_set(err, EX_USAGE, "'%s' is not avro or json, and no pack string: %s", arg,
                       why.text);
    *pack = arg;
    return 0;
}

static int set_serde(void *options, const char *arg, struct err *err)
{
    struct decoder_options *o = options;

    if (strncmp(arg, "key=", 4) == 0)
        return set_format(arg + 4, &o->codec.key, &o->key_pack, err);
    if (strncmp(arg, "value=", 6) == 0)
        return set_format(arg + 6, &o->codec.value, &o->value_pack, err);
    if (set_format(arg, &o->codec.key, &o->key_pack, err) != 0)
        return -1;
    o->codec.value = o->codec.key;
    o->value_pack = o->key_pack;
    return 0;
}

static int set_unions(void *options, const char *arg, struct err *err)
{
    return codec_unions_parse(arg, &((struct decoder_options *)options)->codec.tagged, err);
}

const struct opt decoder_opts[] = {
    OPT_CALL("serde", 's', "[key=|value=]FORMAT", set_serde,
             "keys or values are avro or json of a Schema Registry, or packed"),
    OPT_STRING("registry", 'r', "URL", struct decoder_options, codec.url, "the Schema Registry"),
    OPT_CALL("avro-unions", 0, "plain|tagged", set_unions,
             "write a value of a union plain (default), or tagged with its type"),
};
const size_t decoder_opt_count = sizeof decoder_opts / sizeof *decoder_opts;

bool decoder_options_keys(const struct decoder_options *o)
{
    return !o->keys_unused && (o->codec.key != CODEC_PLAIN || o->key_pack != NULL);
}

bool decoder_options_wanted(const struct decoder_options *o)
{
    return codec_options_wanted(&o->codec) || o->key_pack != NULL || o->value_pack != NULL;
}

int decoder_open(struct decoder *d, const struct decoder_options *options, size_t most,
                 struct err *err)
{
    d->options = options;
    d->json = json_new();
    return codec_options_wanted(&options->codec) ? codec_open(&d->codec, &options->codec, most, err)
                                                 : 0;
}

void decoder_release(struct decoder *d)
{
    codec_release(&d->codec);
    value_release(&d->value);
    json_free(d->json);
    buf_release(&d->key);
}

static enum codec_outcome unpack(struct decoder *d, const char *format, const void *data,
                                 size_t len, struct buf *text, struct reject *why)
{
    buf_clear(text);
    buf_reserve(text, 1);
    if (pack_put(format, data, len, text, &d->fault) == 0)
        return CODEC_DONE;
    *why = (struct reject){REJECT_NOT_PACKED, NULL, d->fault.text};
    return CODEC_REJECTED;
}

// The stage would reject what is not JSON too, but with the text instead of the record's bytes.
static enum codec_outcome unpack_value(struct decoder *d, const struct line *line,
                                       struct reject *why)
{
    struct buf *text = &d->value.text;

    if (unpack(d, d->options->value_pack, line->data, line->len, text, why) != CODEC_DONE)
        return CODEC_REJECTED;
    if (!d->options->json || json_parse(d->json, text->data, text->len) == 0)
        return CODEC_DONE;
    err_set(&d->fault, EX_DATAERR, "unpacked: %s", json_error(d->json));
    *why = (struct reject){REJECT_NOT_JSON, NULL, d->fault.text};
    return CODEC_REJECTED;
}

static enum codec_outcome unpack_key(struct decoder *d, const struct origin *origin,
                                     struct reject *why)
{
    if (unpack(d, d->options->key_pack, origin->key, origin->key_len, &d->key, why) == CODEC_DONE)
        return CODEC_DONE;
    const struct err fault = d->fault;
    err_set(&d->fault, EX_DATAERR, "key: %s", fault.text);
    return CODEC_REJECTED;
}

static enum codec_outcome decode_value(struct decoder *d, struct line *line, struct reject *why,
                                       struct err *err)
{
    struct buf *text = &d->value.text;

    const bool packed = d->options->value_pack != NULL;
    if ((!packed && d->options->codec.value == CODEC_PLAIN) || line->origin->tombstone)
        return CODEC_DONE;
    const enum codec_outcome outcome =
        packed ? unpack_value(d, line, why)
               : codec_decode(&d->codec, CODEC_VALUE, line->data, line->len, text, why, err);
    if (outcome == CODEC_DONE) {
        d->value.has_newline = memchr(text->data, '\n', text->len) != NULL;
        line->data = text->data;
        line->len = line->full_len = text->len;
    }
    return outcome;
}

// Replaces a key that is a JSON string by its text, which is how a key stands in envelopes and
// before a separator. Returns whether it is one.
static bool take_string(struct decoder *d, struct origin *origin)
{
    if (json_parse(d->json, origin->key, origin->key_len) != 0 || json_type(d->json) != JSON_STRING)
        return false;
    const struct json_value key = json_root(d->json);
    origin->key = key.string.data;
    origin->key_len = key.string.len;
    return true;
}

static enum codec_outcome decode_key(struct decoder *d, struct origin *origin, struct reject *why,
                                     struct err *err)
{
    if (!decoder_options_keys(d->options))
        return CODEC_DONE;
    origin_complete(origin);
    if (origin->key == NULL)
        return CODEC_DONE;
    const bool packed = d->options->key_pack != NULL;
    const enum codec_outcome outcome = packed ? unpack_key(d, origin, why)
                                              : codec_decode(&d->codec, CODEC_KEY, origin->key,
                                                             origin->key_len, &d->key, why, err);
    if (outcome == CODEC_DONE) {
        origin->key = d->key.data;
        origin->key_len = d->key.len;
        origin->key_is_json = !packed && !take_string(d, origin);
    }
    return outcome;
}

enum codec_outcome decoder_decode(struct decoder *d, const struct line *line, struct line *decoded,
                                  struct reject *why, struct err *err)
{
    *decoded = *line;
    // The key comes last, so that a reject has the bytes of both.
    const enum codec_outcome outcome = decode_value(d, decoded, why, err);
    return outcome == CODEC_DONE ? decode_key(d, line->origin, why, err) : outcome;
}
