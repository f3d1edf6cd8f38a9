// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/xalloc.h"

const struct opt config_opts[] = {
    OPT_STRING("brokers", 'b', "HOST:PORT,...", struct config_options, brokers,
               "brokers (default $BOOTSTRAP_SERVERS)"),
    OPT_LIST(NULL, 'X', "PROP=VAL", struct config_options, props,
             "a librdkafka setting; list and dump show them"),
    OPT_STRING(NULL, 'F', "FILE", struct config_options, config_file,
               "a file of settings, one PROP=VAL per line (default $KCAT_CONFIG)"),
    OPT_DURATION("wait", 0, "DUR", struct config_options, wait,
                 "how long to wait for brokers and topics at the start (default 30s)"),
};
const size_t config_opt_count = sizeof config_opts / sizeof *config_opts;

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);

    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static bool is_secret(const char *name)
{
    return ends_with(name, "password") || ends_with(name, "secret") || ends_with(name, ".pem") ||
           strcmp(name, "sasl.oauthbearer.config") == 0;
}

// Sets a property. Messages name its source, `where`.
static int set(rd_kafka_conf_t *conf, const char *where, int status, const char *name,
               const char *value, struct err *err)
{
    char why[256];

    // kcat allows topic-level properties to begin with "topic.".
    if (strncmp(name, "topic.", 6) == 0 && strncmp(name, "topic.metadata.", 15) != 0)
        name += 6;
    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) == RD_KAFKA_CONF_OK)
        return 0;
    if (is_secret(name))
        return err_set(err, status, "%s: %s: not a valid value", where, name);
    return err_set(err, status, "%s: %s", where, why);
}

static char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t len = strlen(text);
    while (len > 0 && isspace((unsigned char)text[len - 1]))
        text[--len] = '\0';
    return text;
}

static int set_line(rd_kafka_conf_t *conf, const char *path, unsigned number, char *line,
                    bool *secret, struct err *err)
{
    char where[512];
    char *name = trim(line);
    char *equals = strchr(name, '=');

    if (*name == '\0' || *name == '#')
        return 0;
    snprintf(where, sizeof where, "%s:%u", path, number);
    if (equals == NULL)
        return err_set(err, EX_CONFIG, "%s: not a PROP=VAL line", where);
    *equals = '\0';
    name = trim(name);
    *secret = *secret || is_secret(name);
    return set(conf, where, EX_CONFIG, name, trim(equals + 1), err);
}

static int read_file(rd_kafka_conf_t *conf, const char *path, struct err *err)
{
    char *line = NULL;
    size_t size = 0;
    unsigned number = 0;
    bool secret = false;
    int status = 0;
    struct stat st;
    FILE *file = fopen(path, "re");

    if (file == NULL)
        return err_set(err, EX_CONFIG, "%s: %s", path, strerror(errno));
    while (status == 0 && getline(&line, &size, file) >= 0)
        status = set_line(conf, path, ++number, line, &secret, err);
    if (status == 0 && ferror(file))
        status = err_set(err, EX_CONFIG, "%s: %s", path, strerror(errno));
    if (secret && fstat(fileno(file), &st) == 0 && (st.st_mode & S_IROTH))
        log_warn("%s: holds a secret and is readable by everyone; try chmod o-r", path);
    free(line);
    fclose(file);
    return status;
}

// Reads the file that kcat reads if -F is not given.
static int read_default_file(rd_kafka_conf_t *conf, struct err *err)
{
    const char *path = getenv("KCAT_CONFIG");
    const char *home = getenv("HOME");
    struct stat st;

    if (path != NULL && *path != '\0')
        return read_file(conf, path, err);
    if (home == NULL)
        return 0;
    char *usual = xasprintf("%s/.config/kcat.conf", home);
    int status = stat(usual, &st) == 0 ? read_file(conf, usual, err) : 0;
    free(usual);
    return status;
}

static int set_props(rd_kafka_conf_t *conf, const struct opt_list *props, struct err *err)
{
    for (size_t i = 0; i < props->count; i++) {
        const char *equals = strchr(props->item[i], '=');
        if (strcmp(props->item[i], "dump") == 0)
            continue;
        if (equals == NULL)
            return err_set(err, EX_USAGE, "-X: '%s' is not PROP=VAL, list or dump", props->item[i]);
        char *name = xstrndup(props->item[i], (size_t)(equals - props->item[i]));
        int status = set(conf, "-X", EX_USAGE, name, equals + 1, err);
        free(name);
        if (status != 0)
            return -1;
    }
    return 0;
}

static bool wants(const struct config_options *options, const char *word)
{
    for (size_t i = 0; i < options->props.count; i++) {
        if (strcmp(options->props.item[i], word) == 0)
            return true;
    }
    return false;
}

static void print_settings(const char **item, size_t count)
{
    for (size_t i = 0; i + 1 < count; i += 2)
        printf("%s = %s\n", item[i], is_secret(item[i]) ? "(hidden)" : item[i + 1]);
    rd_kafka_conf_dump_free(item, count);
}

// Prints the settings of the client, then those of each topic.
static _Noreturn void dump(rd_kafka_conf_t *conf)
{
    size_t count;
    rd_kafka_topic_conf_t *topic = rd_kafka_conf_get_default_topic_conf(conf);
    const char **item = rd_kafka_conf_dump(conf, &count);

    print_settings(item, count);
    if (topic != NULL) {
        item = rd_kafka_topic_conf_dump(topic, &count);
        print_settings(item, count);
    }
    rd_kafka_conf_destroy(conf);
    opt_exit_printed();
}

static int collect(rd_kafka_conf_t *conf, const struct config_options *options,
                   const struct config_setting *defaults, struct err *err)
{
    const char *environment = getenv("BOOTSTRAP_SERVERS");

    for (; defaults->name != NULL; defaults++) {
        if (set(conf, "default", EX_SOFTWARE, defaults->name, defaults->value, err) != 0)
            return -1;
    }
    if (options->config_file == NULL && read_default_file(conf, err) != 0)
        return -1;
    if (environment != NULL && *environment != '\0' &&
        set(conf, "BOOTSTRAP_SERVERS", EX_CONFIG, "bootstrap.servers", environment, err) != 0)
        return -1;
    if (options->config_file != NULL && read_file(conf, options->config_file, err) != 0)
        return -1;
    if (set_props(conf, &options->props, err) != 0)
        return -1;
    return options->brokers == NULL
               ? 0
               : set(conf, "-b", EX_USAGE, "bootstrap.servers", options->brokers, err);
}

void config_show(const struct config_options *options, const struct config_setting *defaults)
{
    struct err err;

    if (wants(options, "list")) {
        rd_kafka_conf_properties_show(stdout);
        opt_exit_printed();
    }
    if (!wants(options, "dump"))
        return;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (collect(conf, options, defaults, &err) != 0)
        err_die(&err);
    dump(conf);
}

rd_kafka_conf_t *config_new(const struct config_options *options,
                            const struct config_setting *defaults, struct err *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    size_t size = 0;
    int status = collect(conf, options, defaults, err);

    // A property that is not set cannot be read back, or reads back as the empty string.
    if (status == 0 &&
        (rd_kafka_conf_get(conf, "bootstrap.servers", NULL, &size) != RD_KAFKA_CONF_OK ||
         size <= 1))
        status = err_set(err, EX_USAGE,
                         "no broker: give -b HOST:PORT, or set BOOTSTRAP_SERVERS or KCAT_CONFIG");
    if (status == 0)
        return conf;
    rd_kafka_conf_destroy(conf);
    return NULL;
}
