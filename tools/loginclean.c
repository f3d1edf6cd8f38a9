// SPDX-License-Identifier: BSD-2-Clause
//
// loginclean: validates login records and passes good ones on byte for byte. If a record has to be
// changed (a missing device_type, --canonical, --datetime), only that value changes. A record that
// breaks a rule becomes a reject that names the reason and the field.

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/datetime.h"
#include "base/log.h"
#include "base/number.h"
#include "base/opt.h"
#include "json/event_time.h"
#include "json/json_edit.h"
#include "login/fields.h"
#include "login/infer.h"
#include "login/rules.h"
#include "stream/stream.h"

#define INFER_KEYS_DEFAULT 1000000
#define AHEAD_DEFAULT MS_HOUR
#define EARLIEST_DEFAULT INT64_C(946684800000) // 2000-01-01T00:00:00Z

struct options {
    struct stream_options stream;
    const char *require, *optional;
    const char *device_type;
    uint64_t infer; // how many devices and users to remember; 0 for no inference
    bool canonical;
    const char *datetime; // the name of the added member; NULL for none
    const char *earliest, *latest;
    int64_t ahead; // ms; -1 when not given
    enum time_unit time_unit;
};

struct clean {
    const struct options *options;
    struct infer *infer; // NULL for no inference
    struct json_edit *edit;
    struct rules rules;
    struct json_value value[RULES_FIELDS_MAX]; // of the current record, by index in rules.key
    struct buf changed[2]; // the record after the first and after the second change
    struct buf text;
};

static int set_datetime(void *options, const char *arg, struct err *err)
{
    if (arg != NULL && *arg == '\0')
        return err_set(err, EX_USAGE, "the name is empty");
    if (arg != NULL && !json_utf8_valid(arg, strlen(arg)))
        return err_set(err, EX_USAGE, "the name is not UTF-8");
    ((struct options *)options)->datetime = arg == NULL ? "datetime" : arg;
    return 0;
}

static int set_device_type(void *options, const char *arg, struct err *err)
{
    if (!json_utf8_valid(arg, strlen(arg)))
        return err_set(err, EX_USAGE, "the value is not UTF-8");
    ((struct options *)options)->device_type = arg;
    return 0;
}

static int set_infer(void *options, const char *arg, struct err *err)
{
    uint64_t *keys = &((struct options *)options)->infer;

    *keys = INFER_KEYS_DEFAULT;
    if (arg != NULL && number_parse(arg, 1000, keys) != 0)
        return err_set(err, EX_USAGE, "'%s' is not a number", arg);
    if (*keys < 1 || *keys > INFER_KEYS_MAX)
        return err_set(err, EX_USAGE, "'%s' is not from 1 to %d", arg, INFER_KEYS_MAX);
    return 0;
}

static int set_time_unit(void *options, const char *arg, struct err *err)
{
    return time_unit_parse(arg, &((struct options *)options)->time_unit, err);
}

static const struct opt options_table[] = {
    OPT_STRING("require", 0, "LIST", struct options, require,
               "required fields (replaces the default list)"),
    OPT_STRING("optional", 0, "LIST", struct options, optional, "fields that may be missing"),
    OPT_CALL("device-type", 0, "VALUE", set_device_type,
             "for a missing device_type (default unknown)"),
    OPT_CALL("infer", 0, "[=N]", set_infer,
             "infer it from earlier records of the device or the user"),
    OPT_FLAG("canonical", 0, struct options, canonical,
             "write android, iOS and web in these spellings"),
    OPT_CALL("datetime", 0, "[=NAME]", set_datetime,
             "add the time in readable form (default name datetime)"),
    OPT_STRING("earliest", 0, "TIME", struct options, earliest,
               "the first plausible time (default 2000-01-01)"),
    OPT_STRING("latest", 0, "TIME", struct options, latest,
               "the last plausible time, instead of --ahead"),
    OPT_DURATION("ahead", 0, "DUR", struct options, ahead,
                 "how far a time may be ahead of the clock (default 1h)"),
    OPT_CALL("time-unit", 0, "s|ms|us|ns|auto", set_time_unit,
             "of a time that is a number (default auto)"),
    OPT_FLAG("strict", 0, struct options, stream.strict, "exit 65 at the first reject"),
};

// Applies the list of names that an option gives to the rules.
static void require_list(struct clean *c, const char *option, const char *list, bool required)
{
    struct err err;

    if (rules_require(&c->rules, list, required, &err) != 0)
        opt_usage_error("%s: %s", option, err.text);
}

static int64_t time_option(const char *name, const char *text, int64_t otherwise)
{
    int64_t ms;

    if (text == NULL)
        return otherwise;
    if (time_parse(text, strlen(text), &ms) != 0)
        opt_usage_error("%s: '%s' is not a time such as 2024-01-31 or 2024-01-31T12:00:00Z", name,
                        text);
    return ms;
}

static void clean_init(struct clean *c, const struct options *options)
{
    struct err err;

    *c = (struct clean){.options = options, .edit = json_edit_new()};
    rules_init(&c->rules);
    if (options->require != NULL)
        rules_require_none(&c->rules);
    require_list(c, "--require", options->require, true);
    require_list(c, "--optional", options->optional, false);
    if (options->infer > 0 && c->rules.required[FIELD_DEVICE_TYPE])
        opt_usage_error("--infer: device_type is required, so it is never filled in");
    c->rules.earliest = time_option("--earliest", options->earliest, EARLIEST_DEFAULT);
    if (options->latest != NULL && options->ahead >= 0)
        opt_usage_error("--latest, --ahead: only one of them can be given");
    c->rules.latest = time_option("--latest", options->latest, time_now());
    if (options->latest == NULL)
        c->rules.ahead = options->ahead >= 0 ? options->ahead : AHEAD_DEFAULT;
    c->rules.time_unit = options->time_unit;
    if (options->latest != NULL && c->rules.earliest > c->rules.latest)
        opt_usage_error("--earliest: is after --latest");
    if (options->infer > 0 && (c->infer = infer_new(options->infer, &err)) == NULL)
        err_die(&err);
}

static void clean_release(struct clean *c)
{
    infer_free(c->infer);
    json_edit_free(c->edit);
    buf_release(&c->changed[0]);
    buf_release(&c->changed[1]);
    buf_release(&c->text);
}

// Changes a known device type to its usual spelling. Returns whether it was spelt differently.
static bool canonicalize(struct json_value *type)
{
    static const char *const known[] = {"android", "iOS", "web"};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strlen(known[i]) != type->string.len ||
            strncasecmp(known[i], type->string.data, type->string.len) != 0)
            continue;
        bool changed = memcmp(known[i], type->string.data, type->string.len) != 0;
        type->string.data = known[i];
        return changed;
    }
    return false;
}

// Fills in the device type, and counts what the record had instead and where the type came from.
static void fill_in(struct clean *c, struct stream *s)
{
    struct json_value *type = &c->value[FIELD_DEVICE_TYPE];
    const char *before = type->type == JSON_ABSENT ? "missing"
                         : type->type == JSON_NULL ? "null"
                                                   : "empty";

    stream_count_filled(s, field_keys[FIELD_DEVICE_TYPE].name, before);
    int from = c->infer == NULL ? -1 : infer_device_type(c->infer, c->value);
    if (from < 0)
        *type = (struct json_value){
            .type = JSON_STRING,
            .string = {c->options->device_type, strlen(c->options->device_type)}};
    if (c->infer != NULL)
        stream_count_filled(s, NULL, from < 0 ? "default" : field_keys[from].name);
}

// Corrects the device type in c->value. Returns whether it now differs from the record.
static bool set_type(struct clean *c, struct stream *s)
{
    struct json_value *type = &c->value[FIELD_DEVICE_TYPE];

    if (rules_blank(type)) {
        fill_in(c, s);
        return true;
    }
    bool changed = c->options->canonical && canonicalize(type);
    if (c->infer != NULL)
        infer_learn(c->infer, c->value);
    return changed;
}

// Emits the record with the device type and the datetime set. All other bytes stay unchanged.
static int emit_changed(struct clean *c, struct stream *s, const struct line *line, bool new_type)
{
    const struct json_value *type = &c->value[FIELD_DEVICE_TYPE];
    const char *datetime = c->options->datetime;
    struct buf *out = &c->changed[0];
    int64_t ms;

    buf_clear(out);
    if (new_type)
        json_edit_set_string(c->edit, out, line->data, line->len, &field_keys[FIELD_DEVICE_TYPE],
                             type->string.data, type->string.len);
    else
        buf_append(out, line->data, line->len);
    if (datetime != NULL && event_time(&c->value[FIELD_TIMESTAMP], c->rules.time_unit, &ms)) {
        const struct buf *before = out;
        const struct json_key key = {datetime, strlen(datetime)};
        out = &c->changed[1];
        buf_clear(out);
        buf_clear(&c->text);
        time_format(&c->text, ms);
        json_edit_set_string(c->edit, out, before->data, before->len, &key, c->text.data,
                             c->text.len);
    }
    return stream_emit(s, out->data, out->len);
}

static int reject_field(struct clean *c, struct stream *s, const struct line *line, size_t i,
                        const char *reason)
{
    char field[256]; // a key from the command line is not followed by NUL
    const struct json_key *key = &c->rules.key[i];

    snprintf(field, sizeof field, "%.*s", (int)key->len, key->name);
    buf_clear(&c->text);
    rules_explain(&c->rules, &c->value[i], i, &c->text);
    buf_putc(&c->text, '\0');
    return stream_reject(s, &(struct reject){reason, field, c->text.data}, line);
}

static int record(void *ctx, struct stream *s, const struct line *line)
{
    struct clean *c = ctx;
    size_t field;

    if (json_type(stream_json(s)) != JSON_OBJECT)
        return stream_reject(s, &(struct reject){REJECT_NOT_OBJECT, NULL, "expected an object"},
                             line);
    json_fields(stream_json(s), c->rules.key, c->rules.count, c->value);
    const char *reason = rules_check(&c->rules, c->value, &field);
    if (reason != NULL)
        return reject_field(c, s, line, field, reason);
    bool new_type = set_type(c, s);
    if (!new_type && c->options->datetime == NULL)
        return stream_emit(s, line->data, line->len);
    return emit_changed(c, s, line, new_type);
}

int main(int argc, char **argv)
{
    static const struct stream_ops ops = {.parse = true, .record = record};
    struct options options = {.stream = STREAM_OPTIONS_INIT, .device_type = "unknown", .ahead = -1};
    const struct opt_group groups[] = {
        OPT_GROUP("Cleaning", options_table, &options),
        {"Stream", stream_opts, stream_opt_count, &options.stream},
    };
    const struct opt_program program = {
        "[OPTION]... < records > clean-records",
        "Validates login records and fills in a missing device_type.", groups, 2, stream_libraries};
    struct clean clean;

    log_init(argv[0]);
    if (opt_parse(&program, argc, argv) != argc)
        opt_usage_error("%s: takes no operands; records come from stdin", argv[argc - 1]);
    clean_init(&clean, &options);
    int status = stream_run(&ops, &clean, &options.stream);
    clean_release(&clean);
    opt_release(&program);
    return status;
}
