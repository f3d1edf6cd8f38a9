// SPDX-License-Identifier: BSD-2-Clause
#include "stream/router.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "json/json_edit.h"
#include "stream/line_kind.h"
#include "stream/origin.h"

#define ENOUGH_LINES 1000 // warn when none of so many lines has the field of the key

// --- Options ---

const struct opt router_opts[] = {
    OPT_LIST("topic", 't', "TOPIC", struct router_options, topics, "where lines go"),
    OPT_LIST("route", 0, "KEY=TOPIC", struct router_options, routes,
             "lines with that top-level key go there instead"),
    OPT_STRING(NULL, 'k', "KEY", struct router_options, key, "one message key for all"),
    OPT_STRING("key", 0, "FIELD", struct router_options, key_field,
               "a top-level field as key; insights have a key of their own"),
    OPT_STRING("key-jq", 0, "EXPR", struct router_options, key_jq,
               "the output of a jq program as key"),
    OPT_FLAG("own-topic", 0, struct router_options, own_topic,
             "with -J: write to the topic of the envelope, one of several -t"),
};
const size_t router_opt_count = sizeof router_opts / sizeof *router_opts;

int router_options_check(const struct router_options *options, bool enveloped, struct err *err)
{
    int keys = (options->key != NULL) + (options->key_field != NULL) + (options->key_jq != NULL);

    if (options->topics.count == 0)
        return err_set(err, EX_USAGE, "no topic: give it with -t");
    if (options->own_topic && options->topics.count > ROUTER_NAMED_MAX)
        return err_set(err, EX_USAGE, "-t: more than %d topics", ROUTER_NAMED_MAX);
    if (options->own_topic && !enveloped)
        return err_set(err, EX_USAGE, "--own-topic: needs -J, since an envelope names its topic");
    if (keys > 1)
        return err_set(err, EX_USAGE, "-k, --key, --key-jq: only one of them can be given");
    return 0;
}

bool router_options_have_key(const struct router_options *options)
{
    return options->key != NULL || options->key_field != NULL || options->key_jq != NULL;
}

// --- Topics and fields ---

// Returns the index of a name in the table of fields. Adds the name if it is new.
static size_t field_index(struct router *r, const char *name, size_t len)
{
    size_t found = json_key_find(r->field, r->field_count, name, len);

    if (found == r->field_count)
        r->field[r->field_count++] = (struct json_key){name, len};
    return found;
}

// Returns the index of a topic in the table of topics. Adds the topic if it is new. A topic that is
// named twice must be one topic for the producer too.
static size_t topic_index(struct router *r, const char *name)
{
    for (size_t i = 0; i < r->topic_count; i++) {
        if (strcmp(r->topic[i], name) == 0)
            return i;
    }
    r->topic[r->topic_count] = xstrdup(name);
    return r->topic_count++;
}

static int add_route(struct router *r, const char *spec, struct err *err)
{
    const char *equals = strchr(spec, '=');

    if (equals == NULL || equals == spec || equals[1] == '\0')
        return err_set(err, EX_USAGE, "--route: '%s' is not KEY=TOPIC", spec);
    if (r->route_count == ROUTER_ROUTES_MAX)
        return err_set(err, EX_USAGE, "--route: more than %d routes", ROUTER_ROUTES_MAX);
    r->route[r->route_count].field = field_index(r, spec, (size_t)(equals - spec));
    r->route[r->route_count++].topic = topic_index(r, equals + 1);
    return 0;
}

int router_init(struct router *r, const struct router_options *options, struct err *err)
{
    const struct filter_options key_options = {.program = options->key_jq};

    *r = (struct router){.options = options};
    topic_index(r, options->topics.item[options->topics.count - 1]);
    for (size_t i = 0; options->own_topic && i < options->topics.count; i++)
        topic_index(r, options->topics.item[i]);
    r->named_count = r->topic_count;
    r->edit = json_edit_new();
    r->insight_field = field_index(r, "key", strlen("key"));
    r->key_field = r->insight_field;
    if (options->key_field != NULL)
        r->key_field = field_index(r, options->key_field, strlen(options->key_field));
    for (size_t i = 0; i < options->routes.count; i++) {
        if (add_route(r, options->routes.item[i], err) != 0)
            return -1;
    }
    if (options->key_jq == NULL)
        return 0;
    r->key_json = json_new();
    r->key_filter = filter_new(&key_options, err);
    return r->key_filter == NULL ? -1 : 0;
}

void router_release(struct router *r)
{
    for (size_t i = 0; i < r->topic_count; i++)
        free(r->topic[i]);
    json_edit_free(r->edit);
    filter_free(r->key_filter);
    filter_outputs_release(&r->key_outputs);
    json_free(r->key_json);
}

// In an envelope it has the key of the envelope.
static bool is_insight(const struct line *line)
{
    return line->origin == NULL && line_is_insight(line);
}

// Returns whether the message key of this line is the value of a field.
static bool key_is_field(const struct router *r, const struct line *line)
{
    return r->options->key == NULL && r->options->key_jq == NULL &&
           (r->options->key_field != NULL || is_insight(line));
}

// Returns whether the line is an envelope that decides its topic itself.
static bool names_topic(const struct router *r, const struct line *line)
{
    return r->options->own_topic && line->origin != NULL;
}

bool router_needs_json(const struct router *r, const struct line *line)
{
    return (r->route_count > 0 && !names_topic(r, line)) || r->key_filter != NULL ||
           key_is_field(r, line);
}

// Finds the topic that an envelope names.
static int choose_named(struct router *r, const struct origin *origin, size_t *topic,
                        struct reject *why)
{
    *why = (struct reject){REJECT_UNKNOWN_TOPIC, "topic", "the envelope names no topic"};
    if (origin->topic == NULL)
        return -1;
    for (size_t i = 0; i < r->named_count; i++) {
        if (bytes_are(origin->topic, origin->topic_len, r->topic[i])) {
            *topic = i;
            return 0;
        }
    }
    why->detail = "no -t names the topic of the envelope";
    return -1;
}

static void choose_route(const struct router *r, const struct json_value *value, size_t *topic)
{
    for (size_t i = 0; i < r->route_count; i++) {
        if (value[r->route[i].field].type != JSON_ABSENT) {
            *topic = r->route[i].topic;
            return;
        }
    }
}

// Sets the message key from a value. A string is used without its quotes, and another scalar as it
// is written in the line. For null and a missing field there is no key. Returns false if the value
// is an object or array.
static bool field_as_key(const struct router *r, const struct line *line,
                         const struct json_value *value, size_t field,
                         struct router_destination *to)
{
    size_t start, end;

    if (value->type == JSON_ABSENT || value->type == JSON_NULL)
        return true;
    if (value->type == JSON_STRING) {
        to->key = value->string.data;
        to->key_len = value->string.len;
        return true;
    }
    if (!json_edit_locate(r->edit, line->data, line->len, &r->field[field], &start, &end))
        return false;
    to->key = line->data + start;
    to->key_len = end - start;
    return true;
}

static void warn_keyless(const struct router *r)
{
    log_warn("--key %s: none of %llu lines has this field, so they have no key",
             r->options->key_field, (unsigned long long)r->keyless);
}

// Counts a line whose key must be the value of the field of --key.
static void count_keyed(struct router *r, const struct json_value *value)
{
    if (value->type != JSON_ABSENT && value->type != JSON_NULL)
        r->keyed = true;
    else if (++r->keyless == ENOUGH_LINES && !r->keyed)
        warn_keyless(r);
}

void router_end(const struct router *r)
{
    if (!r->keyed && r->keyless > 0 && r->keyless < ENOUGH_LINES)
        warn_keyless(r);
}

static int run_key_filter(struct router *r, const struct json *json, const struct line *line,
                          struct router_destination *to)
{
    const char *text = line->data;
    size_t len = line->len;

    filter_outputs_clear(&r->key_outputs);
    int count = filter_run(r->key_filter, json, &r->key_outputs);
    if (count <= 0)
        return count;
    filter_outputs_made(&r->key_outputs, 0, &text, &len); // or the key is the line itself
    if (json_parse(r->key_json, text, len) != 0)
        return -1;
    const struct json_value value = json_root(r->key_json);
    if (value.type == JSON_NULL)
        return 0;
    to->key = value.type == JSON_STRING ? value.string.data : text;
    to->key_len = value.type == JSON_STRING ? value.string.len : len;
    return 0;
}

int router_choose(struct router *r, const struct json *json, const struct line *line,
                  struct router_destination *to, struct reject *why)
{
    struct json_value value[ROUTER_ROUTES_MAX + 2];

    *to = (struct router_destination){0, r->options->key,
                                      r->options->key == NULL ? 0 : strlen(r->options->key)};
    if (names_topic(r, line) && choose_named(r, line->origin, &to->topic, why) != 0)
        return -1;
    if (json == NULL)
        return 0;
    json_fields(json, r->field, r->field_count, value);
    if (!names_topic(r, line))
        choose_route(r, value, &to->topic);
    if (key_is_field(r, line)) {
        size_t i = r->key_field;
        if (value[i].type == JSON_ABSENT && is_insight(line))
            i = r->insight_field;
        else if (r->options->key_field != NULL && !line_is_partial(line)) // partials have no key
            count_keyed(r, &value[i]);
        *why = (struct reject){REJECT_WRONG_TYPE, r->field[i].name, NULL};
        return field_as_key(r, line, &value[i], i, to) ? 0 : -1;
    }
    if (r->key_filter != NULL && run_key_filter(r, json, line, to) < 0) {
        *why = (struct reject){REJECT_FILTER_ERROR, NULL, filter_error(r->key_filter)};
        return -1;
    }
    return 0;
}

size_t router_reject_topic(const struct router *r)
{
    for (size_t i = 0; i < r->route_count; i++) {
        const struct json_key *key = &r->field[r->route[i].field];
        if (bytes_are(key->name, key->len, "reject"))
            return r->route[i].topic;
    }
    return 0;
}
