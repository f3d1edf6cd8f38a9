// SPDX-License-Identifier: BSD-2-Clause
#include "schema/codec_options.h"

#include <string.h>

bool codec_format_is_name(const char *name)
{
    return strcmp(name, "avro") == 0 || strcmp(name, "json") == 0 || strcmp(name, "protobuf") == 0;
}

int codec_format_parse(const char *name, enum codec_format *format, struct err *err)
{
    if (strcmp(name, "avro") == 0)
        *format = CODEC_AVRO;
    else if (strcmp(name, "json") == 0)
        *format = CODEC_JSON;
    else if (strcmp(name, "protobuf") == 0)
        return err_set(err, EX_USAGE, "protobuf is not supported; only avro and json are");
    else
        return err_set(err, EX_USAGE, "'%s' is not avro or json", name);
    return 0;
}

int codec_unions_parse(const char *name, bool *tagged, struct err *err)
{
    *tagged = strcmp(name, "tagged") == 0;
    if (*tagged || strcmp(name, "plain") == 0)
        return 0;
    return err_set(err, EX_USAGE, "'%s' is not plain or tagged", name);
}

static int set_serde(void *options, const char *arg, struct err *err)
{
    struct codec_options *o = options;

    if (strncmp(arg, "key=", 4) == 0)
        return codec_format_parse(arg + 4, &o->key, err);
    if (strncmp(arg, "value=", 6) == 0)
        return codec_format_parse(arg + 6, &o->value, err);
    if (codec_format_parse(arg, &o->key, err) != 0)
        return -1;
    o->value = o->key;
    return 0;
}

static int set_unions(void *options, const char *arg, struct err *err)
{
    return codec_unions_parse(arg, &((struct codec_options *)options)->tagged, err);
}

const struct opt codec_write_opts[] = {
    OPT_CALL("serde", 's', "[key=|value=]FORMAT", set_serde,
             "write keys or values as avro or json of a Schema Registry"),
    OPT_STRING("registry", 'r', "URL", struct codec_options, url, "the Schema Registry"),
    OPT_STRING("schema", 0, "FILE", struct codec_options, value_target.file,
               "the schema of values (default: the latest of its subject)"),
    OPT_COUNT("schema-id", 0, "N", struct codec_options, value_target.id, 1,
              "the same, by its id in the registry"),
    OPT_STRING("subject", 0, "NAME", struct codec_options, value_target.subject,
               "the subject of that schema (default TOPIC-value)"),
    OPT_STRING("key-schema", 0, "FILE", struct codec_options, key_target.file,
               "the schema of keys"),
    OPT_COUNT("key-schema-id", 0, "N", struct codec_options, key_target.id, 1,
              "the same, by its id"),
    OPT_STRING("key-subject", 0, "NAME", struct codec_options, key_target.subject,
               "the subject of that schema (default TOPIC-key)"),
    OPT_FLAG("register", 0, struct codec_options, add,
             "register the schemas of the files, if the subjects lack them"),
    OPT_CALL("avro-unions", 0, "plain|tagged", set_unions,
             "read a value of a union plain (default), or tagged with its type"),
};
const size_t codec_write_opt_count = sizeof codec_write_opts / sizeof *codec_write_opts;

bool codec_options_wanted(const struct codec_options *o)
{
    return o->key != CODEC_PLAIN || o->value != CODEC_PLAIN;
}

static int check_target(const struct codec_target_options *t, enum codec_format format,
                        const char *part, struct err *err)
{
    const char *prefix = strcmp(part, "key") == 0 ? "key-" : "";

    if (format == CODEC_PLAIN && (t->file != NULL || t->id > 0 || t->subject != NULL))
        return err_set(err, EX_USAGE, "--%sschema, --%sschema-id, --%ssubject: need -s %s=FORMAT",
                       prefix, prefix, prefix, part);
    if (t->file != NULL && t->id > 0)
        return err_set(err, EX_USAGE, "--%sschema, --%sschema-id: only one of them can be given",
                       prefix, prefix);
    if (t->id > INT32_MAX)
        return err_set(err, EX_USAGE, "--%sschema-id: %llu is not an id", prefix,
                       (unsigned long long)t->id);
    if (t->id > 0 && t->subject != NULL)
        return err_set(err, EX_USAGE, "--%ssubject: has no effect with --%sschema-id", prefix,
                       prefix);
    return 0;
}

int codec_options_check(const struct codec_options *o, struct err *err)
{
    if (codec_options_wanted(o) && (o->registry.url == NULL || *o->registry.url == '\0'))
        return err_set(err, EX_USAGE, "-s: needs a Schema Registry: give its URL with -r");
    if (!codec_options_wanted(o) && o->url != NULL)
        return err_set(err, EX_USAGE, "-r: needs -s, which says what is in the registry's format");
    if (o->add && o->key_target.file == NULL && o->value_target.file == NULL)
        return err_set(err, EX_USAGE, "--register: needs a schema: --schema or --key-schema");
    if (check_target(&o->key_target, o->key, "key", err) != 0)
        return -1;
    return check_target(&o->value_target, o->value, "value", err);
}
