// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/new_topic.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/number.h"
#include "base/xalloc.h"

#define PARTITIONS_MAX 100000
#define REPLICATION_MAX 1000

static int parse_count(const char *text, int64_t most, int64_t *count)
{
    return number_parse_int(text, count) == 0 && *count >= 1 && *count <= most ? 0 : -1;
}

static int set_create(void *options, const char *arg, struct err *err)
{
    struct new_topic_options *o = options;
    char *text, *colon;
    int status = 0;

    o->create = true;
    if (arg == NULL)
        return 0;
    text = xstrdup(arg);
    if ((colon = strchr(text, ':')) != NULL)
        *colon++ = '\0';
    if (parse_count(text, PARTITIONS_MAX, &o->partitions) != 0 ||
        (colon != NULL && parse_count(colon, REPLICATION_MAX, &o->replication) != 0))
        status = err_set(err, EX_USAGE, "'%s' is not PARTITIONS[:REPLICATION]", arg);
    free(text);
    return status;
}

const struct opt new_topic_opts[] = {
    OPT_CALL("create", 0, "[=PARTS[:REPL]]", set_create, "create topics that are missing"),
    OPT_LIST("topic-config", 0, "[TOPIC:]NAME=VALUE", struct new_topic_options, configs,
             "a setting of the created topics, or of one, such as partitions=1"),
};
const size_t new_topic_opt_count = sizeof new_topic_opts / sizeof *new_topic_opts;

// The numbers that a setting can give for a topic, in place of those of --create.
enum number { PARTITIONS, REPLICATION, NUMBERS };

static const struct {
    const char *name;
    int64_t most;
} number_table[] = {[PARTITIONS] = {"partitions", PARTITIONS_MAX},
                    [REPLICATION] = {"replication", REPLICATION_MAX}};

// A setting, taken apart.
struct setting {
    const char *topic; // NULL for all topics; not ended by NUL
    size_t topic_len;
    const char *name; // not ended by NUL
    size_t name_len;
    const char *value;
};

// A name of a topic or a setting has neither a colon nor an equals sign.
static bool read_setting(const char *spec, struct setting *s)
{
    const char *equals = strchr(spec, '=');
    const char *colon = equals == NULL ? NULL : memchr(spec, ':', (size_t)(equals - spec));

    if (equals == NULL || equals == spec || colon == spec || (colon != NULL && colon + 1 == equals))
        return false;
    s->topic = colon == NULL ? NULL : spec;
    s->topic_len = colon == NULL ? 0 : (size_t)(colon - spec);
    s->name = colon == NULL ? spec : colon + 1;
    s->name_len = (size_t)(equals - s->name);
    s->value = equals + 1;
    return true;
}

// Returns which number a setting gives, or NUMBERS if it is one of the broker's settings.
static enum number number_of(const struct setting *s)
{
    enum number n = 0;

    while (n < NUMBERS && !bytes_are(s->name, s->name_len, number_table[n].name))
        n++;
    return n;
}

static int check_number(const struct setting *s, const char *spec, struct err *err)
{
    const enum number n = number_of(s);
    int64_t count;

    if (n == NUMBERS || parse_count(s->value, number_table[n].most, &count) == 0)
        return 0;
    return err_set(err, EX_USAGE, "--topic-config: %s: '%s' is not a number from 1 to %lld", spec,
                   s->value, (long long)number_table[n].most);
}

static bool is_for(const struct setting *s, const char *topic)
{
    return s->topic == NULL || bytes_are(s->topic, s->topic_len, topic);
}

int new_topic_check(const struct new_topic_options *options, char *const *topics, size_t count,
                    struct err *err)
{
    struct setting s;

    if (options->configs.count > 0 && !options->create)
        return err_set(err, EX_USAGE, "--topic-config: needs --create; it is for new topics");
    for (size_t i = 0; i < options->configs.count; i++) {
        const char *spec = options->configs.item[i];
        bool known = false;
        if (!read_setting(spec, &s))
            return err_set(err, EX_USAGE, "--topic-config: '%s' is not [TOPIC:]NAME=VALUE", spec);
        for (size_t j = 0; j < count; j++)
            known = known || is_for(&s, topics[j]);
        if (!known)
            return err_set(err, EX_USAGE, "--topic-config: no line goes to a topic %.*s",
                           (int)s.topic_len, s.topic);
        if (check_number(&s, spec, err) != 0)
            return -1;
    }
    return 0;
}

// Returns whether setting i is for the topic, and no other setting wins over it.
static bool applies(const struct new_topic_options *options, size_t i, const char *topic,
                    struct setting *s)
{
    struct setting other;

    if (!read_setting(options->configs.item[i], s) || !is_for(s, topic))
        return false;
    for (size_t j = 0; j < options->configs.count; j++) {
        if (j == i || !read_setting(options->configs.item[j], &other) || !is_for(&other, topic) ||
            other.name_len != s->name_len || memcmp(other.name, s->name, s->name_len) != 0)
            continue;
        if ((other.topic != NULL) == (s->topic != NULL) ? j > i : other.topic != NULL)
            return false;
    }
    return true;
}

// Finds how many partitions and replicas the topic gets; -1 leaves the number to the broker.
static void find_numbers(const struct new_topic_options *options, const char *topic,
                         int64_t numbers[NUMBERS])
{
    struct setting s;

    numbers[PARTITIONS] = options->partitions;
    numbers[REPLICATION] = options->replication;
    for (size_t i = 0; i < options->configs.count; i++) {
        if (applies(options, i, topic, &s) && number_of(&s) != NUMBERS)
            number_parse_int(s.value, &numbers[number_of(&s)]); // checked before
    }
}

rd_kafka_NewTopic_t *new_topic_make(const struct new_topic_options *options, const char *topic,
                                    struct err *err)
{
    int64_t numbers[NUMBERS];
    char why[256];
    struct setting s;

    find_numbers(options, topic, numbers);
    rd_kafka_NewTopic_t *made = rd_kafka_NewTopic_new(topic, (int)numbers[PARTITIONS],
                                                      (int)numbers[REPLICATION], why, sizeof why);
    if (made == NULL) {
        err_set(err, EX_USAGE, "topic %s: %s", topic, why);
        return NULL;
    }
    for (size_t i = 0; i < options->configs.count; i++) {
        if (!applies(options, i, topic, &s) || number_of(&s) != NUMBERS)
            continue;
        char *name = xstrndup(s.name, s.name_len);
        rd_kafka_NewTopic_set_config(made, name, s.value);
        free(name);
    }
    return made;
}
