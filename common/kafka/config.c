// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/http.h"
#include "base/log.h"
#include "base/number.h"
#include "base/secret.h"
#include "base/xalloc.h"
#include "json/filter.h"
#include "json/json.h"
#include "kafka/config_file.h"
#include "kafka/property.h"

static int set_wait(void *options, const char *arg, struct err *err)
{
    uint64_t seconds;

    if (number_parse(arg, 1000, &seconds) != 0 || seconds > INT64_MAX / 1000)
        return err_set(err, EX_USAGE, "'%s' is not a number of seconds", arg);
    ((struct config_options *)options)->wait = (int64_t)seconds * 1000;
    return 0;
}

const struct opt config_opts[] = {
    OPT_STRING("brokers", 'b', "HOST:PORT,...", struct config_options, brokers,
               "brokers (default $BOOTSTRAP_SERVERS)"),
    OPT_LIST(NULL, 'X', "PROP=VAL", struct config_options, props,
             "a librdkafka setting; @FILE reads VAL; list and dump show all"),
    OPT_STRING(NULL, 'F', "FILE", struct config_options, config_file,
               "a file of settings, PROP=VAL lines or JSON (default $KCAT_CONFIG)"),
    OPT_DURATION("wait", 0, "DUR", struct config_options, wait,
                 "how long to wait for brokers and topics at the start (default 30s)"),
    OPT_CALL(NULL, 'm', "SECS", set_wait, "the same in seconds, as in kcat"),
    OPT_STRING(NULL, 'd', "CONTEXTS", struct config_options, debug,
               "log what librdkafka does, such as broker,topic; as -X debug=CONTEXTS"),
    OPT_CALL(NULL, 'E', NULL, opt_accept,
             "accepted, as in kcat: errors that may pass end nothing here"),
};
const size_t config_opt_count = sizeof config_opts / sizeof *config_opts;

const struct opt_library config_libraries[] = {{"librdkafka", rd_kafka_version_str},
                                               {"libjq", filter_version},
                                               {"simdjson", json_version},
                                               {"libcurl", http_version},
                                               {NULL, NULL}};

// --- Reading ---

struct reader {
    struct config_options *options;
    rd_kafka_type_t type;
    char *list;
    rd_kafka_conf_t *conf; // checks the values
    bool warned;           // of a secret on the command line
};

static bool is_command_line(const char *where)
{
    return where[0] == '-' && strlen(where) == 2;
}

static int set(rd_kafka_conf_t *conf, const char *where, const char *name, const char *value,
               struct err *err)
{
    int status = is_command_line(where) ? EX_USAGE : EX_CONFIG;
    char why[256];

    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) == RD_KAFKA_CONF_OK)
        return 0;
    if (secret_is_name(name))
        return err_set(err, status, "%s: %s: not a valid value", where, name);
    return err_set(err, status, "%s: %s", where, why);
}

// Returns the value in the form in which librdkafka returns it: "-1" for acks=all.
static char *normal_form(const rd_kafka_conf_t *conf, const char *name, const char *value)
{
    size_t size = 0;

    if (rd_kafka_conf_get(conf, name, NULL, &size) != RD_KAFKA_CONF_OK)
        return xstrdup(value);
    char *text = xmalloc(size + 1);
    if (rd_kafka_conf_get(conf, name, text, &size) == RD_KAFKA_CONF_OK)
        return text;
    free(text);
    return xstrdup(value);
}

// librdkafka does not get, and need not know, a setting that is `taken`.
static void append(struct reader *r, const char *where, const char *name, const char *value,
                   bool taken)
{
    struct config_options *o = r->options;

    o->entry = xreallocarray(o->entry, o->entry_count + 1, sizeof *o->entry);
    o->entry[o->entry_count++] =
        (struct config_entry){.name = xstrdup(name),
                              .value = taken ? xstrdup(value) : normal_form(r->conf, name, value),
                              .where = xstrdup(where),
                              .on_command_line = is_command_line(where),
                              .taken = taken};
}

// Handles a setting of a Schema Registry that is not one of ours. kcat's file may have more of
// them.
static int refuse_registry(const char *where, const char *name, struct err *err)
{
    if (is_command_line(where))
        return err_set(err, EX_USAGE, "%s %s: no such setting of a Schema Registry", where, name);
    log_info("%s: %s: ignored: no such setting of a Schema Registry", where, name);
    return 0;
}

// Adds a setting whose value has been resolved, unless it has no effect on this type of client.
static int add_value(struct reader *r, const char *where, const char *name, const char *value,
                     struct err *err)
{
    const char *property = property_find(r->list, name);
    const char kind = property == NULL ? '*' : property_kind(property);
    const char *why = NULL;

    if (property_is_ours(name)) {
        append(r, where, name, value, true);
        return 0;
    }
    if (property_is_registry(name))
        return refuse_registry(where, name, err);
    if (set(r->conf, where, name, value, err) != 0)
        return -1;
    if (kind == 'C' && r->type == RD_KAFKA_PRODUCER)
        why = "a setting of consumers; give it to kcat-in";
    else if (kind == 'P' && r->type == RD_KAFKA_CONSUMER)
        why = "a setting of producers; give it to kcat-out";
    else if (property != NULL && property_is_unused(property))
        why = "librdkafka no longer uses it";
    if (why == NULL)
        append(r, where, name, value, false);
    else if (is_command_line(where))
        return err_set(err, EX_USAGE, "%s %s: %s", where, name, why);
    else
        log_info("%s: %s: ignored: %s", where, name, why);
    return 0;
}

static int add(void *ctx, const char *where, const char *name, const char *text, struct err *err)
{
    struct reader *r = ctx;
    char *value;

    // kcat allows topic-level properties to begin with "topic.".
    if (strncmp(name, "topic.", 6) == 0 && property_find(r->list, name) == NULL)
        name += 6;
    if (config_file_value(where, name, text, &value, err) != 0)
        return -1;
    if (secret_is_name(name) && *value != '\0')
        secret_protect();
    int status = add_value(r, where, name, value, err);
    free(value);
    return status;
}

static int add_prop(struct reader *r, const char *prop, struct err *err)
{
    const char *equals = strchr(prop, '=');

    if (equals == NULL)
        return err_set(err, EX_USAGE, "-X: '%s' is not PROP=VAL, list or dump", prop);
    char *name = xstrndup(prop, (size_t)(equals - prop));
    if (prop[secret_visible(prop)] != '\0' && !r->warned) {
        log_warn("-X %s: every user of this machine can see it, in the list of processes; write it "
                 "to a file, and give -X %s=@FILE",
                 name, name);
        r->warned = true;
    }
    int status = add(r, "-X", name, equals + 1, err);
    free(name);
    return status;
}

// Reads the file that kcat reads if -F is not given.
static int read_default_file(struct reader *r, struct err *err)
{
    const char *path = getenv("KCAT_CONFIG");
    const char *home = getenv("HOME");
    struct stat st;

    if (path != NULL && *path != '\0')
        return config_file_read(path, add, r, err);
    if (home == NULL)
        return 0;
    char *usual = xasprintf("%s/.config/kcat.conf", home);
    int status = stat(usual, &st) == 0 ? config_file_read(usual, add, r, err) : 0;
    free(usual);
    return status;
}

// Returns whether the argument of -F means no file, as in kcat.
static bool is_no_file(const char *arg)
{
    return strcmp(arg, "none") == 0 || strcmp(arg, "-") == 0;
}

static int read_sources(struct reader *r, struct err *err)
{
    const struct config_options *o = r->options;
    const char *environment = getenv("BOOTSTRAP_SERVERS");

    if (o->config_file == NULL && read_default_file(r, err) != 0)
        return -1;
    if (environment != NULL && *environment != '\0' &&
        add_value(r, "BOOTSTRAP_SERVERS", "bootstrap.servers", environment, err) != 0)
        return -1;
    if (o->config_file != NULL && !is_no_file(o->config_file) &&
        config_file_read(o->config_file, add, r, err) != 0)
        return -1;
    for (size_t i = 0; i < o->props.count; i++) {
        if (strcmp(o->props.item[i], "dump") != 0 && add_prop(r, o->props.item[i], err) != 0)
            return -1;
    }
    if (o->debug != NULL && add_value(r, "-d", "debug", o->debug, err) != 0)
        return -1;
    return o->brokers == NULL ? 0 : add_value(r, "-b", "bootstrap.servers", o->brokers, err);
}

static bool wants(const struct config_options *options, const char *word)
{
    for (size_t i = 0; i < options->props.count; i++) {
        if (strcmp(options->props.item[i], word) == 0)
            return true;
    }
    return false;
}

int config_read(struct config_options *options, rd_kafka_type_t type, struct err *err)
{
    struct reader r = {.options = options, .type = type};

    if (wants(options, "list")) {
        rd_kafka_conf_properties_show(stdout);
        opt_exit_printed();
    }
    r.list = property_list();
    r.conf = rd_kafka_conf_new();
    int status = read_sources(&r, err);
    rd_kafka_conf_destroy(r.conf);
    free(r.list);
    // librdkafka's debug messages are of our level debug.
    const char *debug = config_value(options, "debug");
    if (debug != NULL && *debug != '\0')
        log_set_level(LOG_DEBUG);
    return status;
}

void config_release(struct config_options *options)
{
    for (size_t i = 0; i < options->entry_count; i++) {
        free(options->entry[i].name);
        free(options->entry[i].value);
        free(options->entry[i].where);
    }
    free(options->entry);
    options->entry = NULL;
    options->entry_count = 0;
}

// --- Settings that concern a tool ---

static const char *without_alias(const char *name)
{
    static const char *const aliases[][2] = {{"auto.commit.enable", "enable.auto.commit"},
                                             {"request.required.acks", "acks"},
                                             {"compression.type", "compression.codec"}};

    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++) {
        if (strcmp(name, aliases[i][0]) == 0)
            return aliases[i][1];
    }
    return name;
}

static bool is_entry(const struct config_entry *e, const char *name)
{
    return strcmp(without_alias(e->name), name) == 0;
}

// Returns the entry that counts, or NULL.
static const struct config_entry *find_entry(const struct config_options *options, const char *name)
{
    for (size_t i = options->entry_count; i > 0; i--) {
        if (is_entry(&options->entry[i - 1], name))
            return &options->entry[i - 1];
    }
    return NULL;
}

const char *config_value(const struct config_options *options, const char *name)
{
    const struct config_entry *e = find_entry(options, name);

    return e == NULL ? NULL : e->value;
}

const char *config_take(struct config_options *options, const char *name)
{
    for (size_t i = 0; i < options->entry_count; i++) {
        if (is_entry(&options->entry[i], name))
            options->entry[i].taken = true;
    }
    return config_value(options, name);
}

int config_default(const struct config_options *options, const char *name, const char *option,
                   const char **value, struct err *err)
{
    const struct config_entry *e = find_entry(options, name);

    if (e == NULL || *e->value == '\0')
        return 0;
    if (*value != NULL && e->on_command_line && strcmp(*value, e->value) != 0)
        return err_set(err, EX_USAGE, "%s %s, -X %s=%s: they contradict each other", option, *value,
                       name, e->value);
    if (*value == NULL)
        *value = e->value;
    return 0;
}

static void put_setting(const struct config_entry *e, char *text, size_t size)
{
    snprintf(text, size, "%s%s %s=%s", e->where, e->on_command_line ? "" : ":", e->name,
             secret_is_name(e->name) ? SECRET_HIDDEN : e->value);
}

int config_refuse(const struct config_options *options, const char *name, const char *instead,
                  struct err *err)
{
    const struct config_entry *e = find_entry(options, name);
    char setting[300];

    put_setting(e, setting, sizeof setting);
    return err_set(err, e->on_command_line ? EX_USAGE : EX_CONFIG, "%s: %s", setting, instead);
}

int config_check(struct config_options *options, const struct config_rule *rules, struct err *err)
{
    char setting[300];

    for (; rules->name != NULL; rules++) {
        const struct config_entry *e = find_entry(options, rules->name);
        if (e == NULL || (rules->only != NULL && strcmp(e->value, rules->only) == 0))
            continue;
        if (!rules->harmless || e->on_command_line)
            return config_refuse(options, rules->name, rules->instead, err);
        put_setting(e, setting, sizeof setting);
        log_info("%s: ignored: %s", setting, rules->instead);
        if (rules->only != NULL)
            config_take(options, rules->name);
    }
    return 0;
}

// --- Making configurations ---

static rd_kafka_conf_t *collect(const struct config_options *options,
                                const struct config_setting *defaults, struct err *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    int status = 0;
    char why[256];

    for (; defaults->name != NULL && status == 0; defaults++) {
        // An older librdkafka does not know every default.
        rd_kafka_conf_res_t result =
            rd_kafka_conf_set(conf, defaults->name, defaults->value, why, sizeof why);
        if (result == RD_KAFKA_CONF_INVALID)
            status = err_set(err, EX_SOFTWARE, "default: %s", why);
    }
    for (size_t i = 0; i < options->entry_count && status == 0; i++) {
        const struct config_entry *e = &options->entry[i];
        if (!e->taken)
            status = set(conf, e->where, e->name, e->value, err);
    }
    if (status == 0)
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}

static void print_setting(const char *name, const char *value)
{
    char *shown = secret_url(value);

    printf("%s = %s\n", name, secret_is_name(name) ? SECRET_HIDDEN : shown);
    free(shown);
}

static void print_settings(const char **item, size_t count)
{
    for (size_t i = 0; i + 1 < count; i += 2)
        print_setting(item[i], item[i + 1]);
    rd_kafka_conf_dump_free(item, count);
}

// Prints the settings of the client, then those of each topic.
void config_show(const struct config_options *options, const struct config_setting *defaults)
{
    size_t count;
    struct err err;

    if (!wants(options, "dump"))
        return;
    rd_kafka_conf_t *conf = collect(options, defaults, &err);
    if (conf == NULL)
        err_die(&err);
    rd_kafka_topic_conf_t *topic = rd_kafka_conf_get_default_topic_conf(conf);
    const char **item = rd_kafka_conf_dump(conf, &count);
    print_settings(item, count);
    if (topic != NULL) {
        item = rd_kafka_topic_conf_dump(topic, &count);
        print_settings(item, count);
    }
    rd_kafka_conf_destroy(conf);
    for (size_t i = 0; i < options->entry_count; i++) {
        const struct config_entry *e = &options->entry[i];
        if (property_is_ours(e->name))
            print_setting(e->name, e->value);
    }
    opt_exit_printed();
}

rd_kafka_conf_t *config_new(const struct config_options *options,
                            const struct config_setting *defaults, struct err *err)
{
    rd_kafka_conf_t *conf = collect(options, defaults, err);
    size_t size = 0;

    // A property that is not set cannot be read back, or reads back as the empty string.
    if (conf != NULL &&
        (rd_kafka_conf_get(conf, "bootstrap.servers", NULL, &size) != RD_KAFKA_CONF_OK ||
         size <= 1)) {
        err_set(err, EX_USAGE,
                "no broker: give -b HOST:PORT, or set BOOTSTRAP_SERVERS or KCAT_CONFIG");
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    return conf;
}
