// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/line_message.h"

#include <string.h>

#include "base/bytes.h"
#include "base/escape.h"
#include "base/log.h"
#include "base/number.h"

// --- Options ---

static int set_partition(void *options, const char *arg, struct err *err)
{
    struct line_message_options *o = options;
    int64_t n;

    if (number_parse_int(arg, &n) != 0 || n < RD_KAFKA_PARTITION_UA || n > INT32_MAX)
        return err_set(err, EX_USAGE, "'%s' is not a partition", arg);
    o->partition = (int32_t)n;
    return 0;
}

static int set_keep_partition(void *options, const char *arg, struct err *err)
{
    bool keeps = arg == NULL || strcmp(arg, "yes") == 0;

    if (!keeps && strcmp(arg, "no") != 0)
        return err_set(err, EX_USAGE, "'%s' is neither yes nor no", arg);
    ((struct line_message_options *)options)->moves_partition = !keeps;
    return 0;
}

static int set_time_unit(void *options, const char *arg, struct err *err)
{
    return time_unit_parse(arg, &((struct line_message_options *)options)->time_unit, err);
}

const struct opt line_message_opts[] = {
    OPT_STRING(NULL, 'K', "SEP", struct line_message_options, separator,
               "lines are KEY SEP VALUE; SEP may have escapes"),
    OPT_FLAG("tombstones", 'Z', struct line_message_options, tombstones,
             "write a line that is null as a tombstone; with -K, an empty value"),
    OPT_CALL("partition", 'p', "N", set_partition, "write to this partition"),
    OPT_STRING("timestamp", 0, "FIELD", struct line_message_options, time_field,
               "a top-level field as timestamp"),
    OPT_CALL("time-unit", 0, "s|ms|us|ns|auto", set_time_unit,
             "of an integer in that field (default auto)"),
    OPT_LIST("header", 'H', "NAME[=VALUE]", struct line_message_options, headers,
             "a header for each message"),
    OPT_STRING("header-jq", 0, "EXPR", struct line_message_options, header_jq,
               "the output of a jq program as headers: {\"NAME\":\"VALUE\"}"),
    OPT_CALL("keep-partition", 0, "[=no]", set_keep_partition,
             "with -J: write to the envelope's partition, if it exists (default)"),
};
const size_t line_message_opt_count = sizeof line_message_opts / sizeof *line_message_opts;

int line_message_options_check(const struct line_message_options *o,
                               const struct router_options *router, bool enveloped, struct err *err)
{
    if (o->tombstones && o->separator == NULL && !router_options_have_key(router) && !enveloped)
        return err_set(err, EX_USAGE, "-Z: needs a key: -k, -K, --key or --key-jq");
    if (o->separator != NULL && (router->key_field != NULL || router->key_jq != NULL || enveloped))
        return err_set(err, EX_USAGE,
                       "-K: the line has the key, so --key, --key-jq and -J cannot be given");
    if (o->time_unit != TIME_UNIT_AUTO && o->time_field == NULL)
        return err_set(err, EX_USAGE, "--time-unit: needs --timestamp");
    return 0;
}

// --- Start and end ---

static int read_separator(struct line_message *m, struct err *err)
{
    const char *text = m->options->separator;
    struct err why;

    if (text == NULL)
        return 0;
    if (escape_put(&m->separator, text, strlen(text), &why) != 0)
        return err_set(err, EX_USAGE, "-K: %s", why.text);
    return m->separator.len > 0 ? 0 : err_set(err, EX_USAGE, "-K: must not be empty");
}

int line_message_init(struct line_message *m, const struct line_message_options *options,
                      const struct router_options *router, struct err *err)
{
    const struct filter_options header_options = {.program = options->header_jq};

    *m = (struct line_message){.options = options, .has_key = router_options_have_key(router)};
    if (read_separator(m, err) != 0)
        return -1;
    if (options->header_jq == NULL)
        return 0;
    m->headers.takes_scalars = true;
    m->header_json = json_new();
    m->header_filter = filter_new(&header_options, err);
    return m->header_filter == NULL ? -1 : 0;
}

void line_message_release(struct line_message *m)
{
    buf_release(&m->separator);
    buf_release(&m->bytes);
    filter_free(m->header_filter);
    filter_outputs_release(&m->header_output);
    json_free(m->header_json);
    header_list_release(&m->headers);
    header_list_release(&m->all);
}

int line_message_check_partition(const struct line_message *m, const struct producer *p,
                                 struct err *err)
{
    for (size_t i = 0; i < p->settings->topic_count; i++) {
        if (m->options->partition != RD_KAFKA_PARTITION_UA &&
            !producer_has_partition(p, i, m->options->partition))
            return err_set(err, EX_CONFIG, "-p: topic %s has no partition %d",
                           p->settings->topics[i], (int)m->options->partition);
    }
    return 0;
}

// --- Keys before a separator ---

void line_message_split(struct line_message *m, const struct line *line, struct line *record)
{
    static const char null_text[4 + BUF_PADDING] = "null";
    const char *separator = memmem(line->data, line->len, m->separator.data, m->separator.len);

    m->split = (struct origin)ORIGIN_INIT;
    m->split.known = true;
    record->origin = &m->split;
    if (separator == NULL)
        return;
    size_t key_len = (size_t)(separator - line->data);
    if (key_len > 0 || !m->options->tombstones) {
        m->split.key = line->data;
        m->split.key_len = key_len;
    }
    record->data = separator + m->separator.len;
    record->len = line->len - key_len - m->separator.len;
    m->split.tombstone = record->len == 0 && m->options->tombstones;
    if (m->split.tombstone) {
        record->data = null_text;
        record->len = 4;
    }
}

// --- Messages ---

// Returns whether a record is the text of a tombstone.
static bool is_null(const struct line *record)
{
    return bytes_are(record->data, record->len, "null");
}

bool line_message_needs_json(const struct line_message *m)
{
    return m->header_filter != NULL || m->options->time_field != NULL;
}

// Gives a message what its envelope has: the key, unless an option says another one, the headers,
// the timestamp and, with that key, the partition.
static void take_envelope(const struct line_message *m, const struct origin *origin,
                          struct outgoing *o)
{
    o->form = INPUT_ENVELOPE;
    if (origin->time_type != ORIGIN_NO_TIME)
        o->timestamp = origin->ts;
    if (m->has_key)
        return;
    o->key = origin->key;
    o->key_len = origin->key_len;
    if (!m->options->moves_partition)
        o->partition = origin->partition;
}

// Gives a message what its line has besides the record. Only -K and -J know of that.
static void take_origin(const struct line_message *m, const struct origin *origin,
                        struct outgoing *o)
{
    if (m->options->separator == NULL) {
        take_envelope(m, origin, o);
    } else if (origin->key != NULL) {
        o->key = origin->key;
        o->key_len = origin->key_len;
    }
}

static int take_time(const struct line_message *m, const struct json *json, struct outgoing *o,
                     struct reject *why)
{
    const char *name = m->options->time_field;
    const struct json_key key = {name, strlen(name)};
    struct json_value value;
    const char *detail = NULL;

    json_fields(json, &key, 1, &value);
    if (value.type == JSON_ABSENT)
        detail = "missing";
    else if (!event_time(&value, m->options->time_unit, &o->timestamp))
        detail = "neither RFC 3339 text nor an integer in range";
    else if (o->timestamp <= 0)
        detail = "not after 1970-01-01T00:00:00Z";
    if (detail == NULL)
        return 0;
    *why = (struct reject){REJECT_BAD_TIMESTAMP, name, detail};
    return -1;
}

// Runs the program of --header-jq, and sets m->headers to its first output.
static int run_header_filter(struct line_message *m, const struct json *json,
                             const struct line *record, struct reject *why)
{
    const char *text = record->data;
    size_t len = record->len;

    m->headers.count = 0;
    filter_outputs_clear(&m->header_output);
    int count = filter_run(m->header_filter, json, &m->header_output);
    if (count < 0) {
        *why = (struct reject){REJECT_FILTER_ERROR, NULL, filter_error(m->header_filter)};
        return -1;
    }
    if (count == 0)
        return 0;
    filter_outputs_made(&m->header_output, 0, &text, &len);
    buf_clear(&m->bytes);
    buf_reserve(&m->bytes, HEADER_LIST_ROOM(len));
    if (json_parse(m->header_json, text, len) == 0) {
        const struct json_value value = json_root(m->header_json);
        if (header_list_read(&m->headers, &value, &m->bytes) ||
            header_list_read_object(&m->headers, &value, &m->bytes))
            return 0;
    }
    *why = (struct reject){REJECT_FILTER_ERROR, NULL,
                           "--header-jq: the output is not {\"name\":\"value\"} or "
                           "[[\"name\",\"value\"]]"};
    return -1;
}

static int take_headers(struct line_message *m, const struct delivery *d, const struct json *json,
                        const struct line *record, struct outgoing *o, struct reject *why)
{
    struct origin own = ORIGIN_INIT;

    if (record->origin != NULL) {
        own.header = record->origin->header;
        own.header_count = record->origin->header_count;
    }
    if (m->header_filter != NULL) {
        if (run_header_filter(m, json, record, why) != 0)
            return -1;
        m->all.count = 0;
        for (size_t i = 0; i < own.header_count; i++)
            header_list_add(&m->all, &own.header[i]);
        for (size_t i = 0; i < m->headers.count; i++)
            header_list_add(&m->all, &m->headers.header[i]);
        own.header = m->all.header;
        own.header_count = m->all.count;
    }
    o->headers = delivery_headers(d, &own);
    return 0;
}

// Returns whether a record that is null is a tombstone. kcat-in writes a tombstone as null. Warns
// once if one is none, but may be meant to be one.
static bool null_is_tombstone(struct line_message *m, const struct line *record)
{
    if (record->origin != NULL)
        return record->origin->tombstone;
    if (!m->options->tombstones && !m->warned_of_null) {
        log_warn("line %llu: null is written as the text null; with -Z it is a tombstone",
                 (unsigned long long)record->number);
        m->warned_of_null = true;
    }
    return m->options->tombstones;
}

int line_message_make(struct line_message *m, const struct delivery *d, const struct json *json,
                      const struct line *record, struct outgoing *o, struct reject *why)
{
    bool is_tombstone = is_null(record) && null_is_tombstone(m, record);

    o->partition = RD_KAFKA_PARTITION_UA;
    if (record->origin != NULL)
        take_origin(m, record->origin, o);
    if (m->options->partition != RD_KAFKA_PARTITION_UA)
        o->partition = m->options->partition;
    if (is_tombstone && o->key == NULL && o->form != INPUT_ENVELOPE) {
        *why = (struct reject){REJECT_NO_KEY, NULL, "a tombstone needs a key"};
        return -1;
    }
    // A tombstone has no fields. It has the time of its envelope, or is new.
    if (m->options->time_field != NULL && !is_tombstone && take_time(m, json, o, why) != 0)
        return -1;
    if (take_headers(m, d, json, record, o, why) != 0)
        return -1;
    m->tombstone.number = record->number;
    o->value = is_tombstone ? &m->tombstone : record;
    return 0;
}
