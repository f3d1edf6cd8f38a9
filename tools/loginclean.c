// SPDX-License-Identifier: BSD-2-Clause
//
// loginclean: validates login records and passes the good ones on byte for byte. A record that
// must be changed (a missing device_type, --canonical, --datetime) is changed only there; one that
// breaks a rule becomes a reject that names the rule and the field.

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "datetime.h"
#include "log.h"
#include "opt.h"
#include "record.h"
#include "stream.h"

#define FIELDS_MAX 64
#define EARLIEST_DEFAULT INT64_C(946684800000) // 2000-01-01T00:00:00Z

struct options {
    struct stream_options stream;
    const char *require, *optional;
    const char *device_type;
    bool canonical;
    const char *datetime; // the member's name; NULL when it is not wanted
    const char *earliest, *latest;
};

struct field {
    const struct json_key *key;
    bool required;
};

struct clean {
    const struct options *options;
    // The known fields of record.h come first, then others that --require names.
    struct json_key key[FIELDS_MAX];
    bool required[FIELDS_MAX];
    struct json_value value[FIELDS_MAX];
    size_t field_count;
    int64_t earliest, latest;
    struct buf changed[2]; // the record after the first change and after the second
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

static const struct opt options_table[] = {
    {"require", 0, OPT_STRING, "LIST", "fields that a record must have, instead of the usual",
     offsetof(struct options, require), NULL, 0},
    {"optional", 0, OPT_STRING, "LIST", "fields that it need not have",
     offsetof(struct options, optional), NULL, 0},
    {"device-type", 0, OPT_CALL, "VALUE", "for a missing device_type (default unknown)", 0,
     set_device_type, 0},
    {"canonical", 0, OPT_FLAG, NULL, "write android, iOS and web in these spellings",
     offsetof(struct options, canonical), NULL, 0},
    {"datetime", 0, OPT_CALL, "[=NAME]", "add the time for people (default name datetime)", 0,
     set_datetime, 0},
    {"earliest", 0, OPT_STRING, "TIME", "the first plausible time (default 2000-01-01)",
     offsetof(struct options, earliest), NULL, 0},
    {"latest", 0, OPT_STRING, "TIME", "the last one (default a year ahead)",
     offsetof(struct options, latest), NULL, 0},
    {"strict", 0, OPT_FLAG, NULL, "exit 65 at the first reject",
     offsetof(struct options, stream.strict), NULL, 0},
};

// Finds a field, adding it when it is not among the known ones.
static size_t field_index(struct clean *c, const char *name, size_t len)
{
    for (size_t i = 0; i < c->field_count; i++) {
        if (c->key[i].len == len && memcmp(c->key[i].name, name, len) == 0)
            return i;
    }
    if (c->field_count == FIELDS_MAX)
        opt_usage_error("--require: more than %d fields", FIELDS_MAX);
    c->key[c->field_count] = (struct json_key){name, len};
    return c->field_count++;
}

// Sets required for each name of a comma-separated list, which must outlive c.
static void require_list(struct clean *c, const char *option, const char *list, bool required)
{
    while (list != NULL) {
        size_t len = strcspn(list, ",");
        if (len == 0)
            opt_usage_error("%s: an empty name in the list", option);
        c->required[field_index(c, list, len)] = required;
        list = list[len] == ',' ? list + len + 1 : NULL;
    }
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
    *c = (struct clean){.options = options, .field_count = RECORD_FIELD_COUNT};
    for (size_t i = 0; i < RECORD_FIELD_COUNT; i++) {
        c->key[i] = record_keys[i];
        c->required[i] = options->require == NULL && i != RECORD_DEVICE_TYPE;
    }
    require_list(c, "--require", options->require, true);
    require_list(c, "--optional", options->optional, false);
    c->earliest = time_option("--earliest", options->earliest, EARLIEST_DEFAULT);
    c->latest = time_option("--latest", options->latest, time_now() + 366 * MS_DAY);
    if (c->earliest > c->latest)
        opt_usage_error("--earliest: is after --latest");
}

static void clean_release(struct clean *c)
{
    buf_release(&c->changed[0]);
    buf_release(&c->changed[1]);
    buf_release(&c->text);
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

    if (reason == NULL && !record_ip_valid(value->string.data, value->string.len))
        reason = REJECT_BAD_IP;
    return reason;
}

static const char *check_time(const struct clean *c, const struct json_value *value)
{
    int64_t ms;

    if (value->type == JSON_STRING && value->string.len == 0)
        return REJECT_EMPTY;
    if (value->type == JSON_NULL || value->type == JSON_BOOL || value->type == JSON_ARRAY ||
        value->type == JSON_OBJECT)
        return REJECT_WRONG_TYPE;
    if (!record_time(value, &ms) || ms < c->earliest || ms > c->latest)
        return REJECT_BAD_TIMESTAMP;
    return NULL;
}

static bool is_blank(const struct json_value *value)
{
    return value->type == JSON_ABSENT || value->type == JSON_NULL ||
           (value->type == JSON_STRING && value->string.len == 0);
}

// The rule that the field breaks, or NULL. A field that is optional may be missing, but what is
// there must be right.
static const char *check_field(const struct clean *c, size_t i)
{
    const struct json_value *value = &c->value[i];

    if (value->type == JSON_ABSENT)
        return c->required[i] ? REJECT_MISSING_FIELD : NULL;
    switch (i) {
    case RECORD_IP:
        return check_ip(value);
    case RECORD_TIMESTAMP:
        return check_time(c, value);
    case RECORD_DEVICE_TYPE:
        // Missing, null or empty is filled in.
        return !c->required[i] && is_blank(value) ? NULL : check_text(value);
    case RECORD_USER_ID:
    case RECORD_APP_VERSION:
    case RECORD_LOCALE:
    case RECORD_DEVICE_ID:
        return check_text(value);
    default: // named by --require: that it is there and not null is all that can be asked
        return value->type == JSON_NULL ? REJECT_WRONG_TYPE : NULL;
    }
}

// The usual spelling of a device type, or NULL when it has it already or is not known.
static const char *canonical_device_type(const struct json_value *value)
{
    static const char *const known[] = {"android", "iOS", "web"};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strlen(known[i]) == value->string.len &&
            strncasecmp(known[i], value->string.data, value->string.len) == 0)
            return memcmp(known[i], value->string.data, value->string.len) == 0 ? NULL : known[i];
    }
    return NULL;
}

// What device_type has to become, or NULL when it stays. Counts what is filled in.
static const char *new_device_type(struct clean *c, struct stream *s)
{
    const struct json_value *value = &c->value[RECORD_DEVICE_TYPE];

    if (!is_blank(value))
        return c->options->canonical ? canonical_device_type(value) : NULL;
    tally_add(&stream_ledger(s)->filled, record_keys[RECORD_DEVICE_TYPE].name);
    tally_add(&stream_ledger(s)->filled_from, value->type == JSON_ABSENT ? "missing"
                                              : value->type == JSON_NULL ? "null"
                                                                         : "empty");
    return c->options->device_type;
}

// Emits the record with members set; all its other bytes stay as they are.
static int emit_changed(struct clean *c, struct stream *s, const struct line *line,
                        const char *device_type)
{
    const char *datetime = c->options->datetime;
    struct buf *out = &c->changed[0];
    int64_t ms;

    buf_clear(out);
    if (device_type != NULL)
        json_set_string(stream_json(s), out, line->data, line->len,
                        &record_keys[RECORD_DEVICE_TYPE], device_type, strlen(device_type));
    else
        buf_append(out, line->data, line->len);
    if (datetime != NULL && record_time(&c->value[RECORD_TIMESTAMP], &ms)) {
        const struct buf *before = out;
        const struct json_key key = {datetime, strlen(datetime)};
        out = &c->changed[1];
        buf_clear(out);
        buf_clear(&c->text);
        time_format(&c->text, ms);
        json_set_string(stream_json(s), out, before->data, before->len, &key, c->text.data,
                        c->text.len);
    }
    return stream_emit(s, out->data, out->len);
}

static int reject_field(struct clean *c, struct stream *s, const struct line *line, size_t i,
                        const char *reason)
{
    char field[256]; // a name from the command line need not end where its key does

    snprintf(field, sizeof field, "%.*s", (int)c->key[i].len, c->key[i].name);
    return stream_reject(s, &(struct reject){reason, field, NULL}, line);
}

static int record(void *ctx, struct stream *s, const struct line *line)
{
    struct clean *c = ctx;

    if (json_type(stream_json(s)) != JSON_OBJECT)
        return stream_reject(s, &(struct reject){REJECT_NOT_OBJECT, NULL, NULL}, line);
    json_fields(stream_json(s), c->key, c->field_count, c->value);
    for (size_t i = 0; i < c->field_count; i++) {
        const char *reason = check_field(c, i);
        if (reason != NULL)
            return reject_field(c, s, line, i, reason);
    }
    const char *device_type = new_device_type(c, s);
    if (device_type == NULL && c->options->datetime == NULL)
        return stream_emit(s, line->data, line->len);
    return emit_changed(c, s, line, device_type);
}

int main(int argc, char **argv)
{
    static const struct stream_ops ops = {.parse = true, .record = record};
    struct options options = {.stream = STREAM_OPTIONS_INIT, .device_type = "unknown"};
    const struct opt_group groups[] = {
        OPT_GROUP("Cleaning", options_table, &options),
        {"Stream", stream_opts, stream_opt_count, &options.stream},
    };
    const struct opt_program program = {
        "[OPTION]... < records > clean-records",
        "Validates login records and fills in a missing device_type.", groups, 2};
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
