// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/datetime.h"
#include "base/number.h"
#include "base/xalloc.h"
#include "kafka/client.h"
#include "kafka/group_offsets.h"
#include "kafka/metadata.h"
#include "kafka/offsets_find.h"

// For the group's coordinator: in all, and at a time, since a refusal is only seen between
// attempts.
#define GROUP_WAIT (10 * MS_SECOND)
#define GROUP_ATTEMPT 500

// --- Options ---

// Takes TOPIC:PARTITIONS or TOPIC:NAME=VALUE apart. Returns false if the text is something else.
static bool read_expected(struct check_expected *e, const char *text)
{
    const char *equals = strchr(text, '=');
    const char *colon =
        equals == NULL ? strrchr(text, ':') : memrchr(text, ':', (size_t)(equals - text));

    if (colon == NULL || colon == text)
        return false;
    *e = (struct check_expected){.topic = text, .topic_len = (size_t)(colon - text)};
    if (equals == NULL)
        return number_parse_int(colon + 1, &e->partitions) == 0 && e->partitions > 0;
    e->setting = colon + 1;
    e->setting_len = (size_t)(equals - e->setting);
    e->value = equals + 1;
    return e->setting_len > 0 && e->value[0] != '\0';
}

static int set_check(void *options, const char *arg, struct err *err)
{
    struct check_options *o = options;

    o->wanted = true;
    if (arg == NULL)
        return 0;
    if (o->count == CHECK_EXPECTED_MAX)
        return err_set(err, EX_USAGE, "given with more than %d topics", CHECK_EXPECTED_MAX);
    if (!read_expected(&o->expected[o->count], arg))
        return err_set(err, EX_USAGE, "'%s' is neither TOPIC:PARTITIONS nor TOPIC:SETTING=VALUE",
                       arg);
    o->count++;
    return 0;
}

const struct opt check_opts[] = {
    OPT_CALL("check", 0, "[=TOPIC:EXPECTED]", set_check,
             "only check broker and topics, and the partitions or a setting of one"),
};
const size_t check_opt_count = sizeof check_opts / sizeof *check_opts;

// --- Checks ---

// Returns how many partitions the topic must have, or 0 if any number is fine.
static int64_t expected_partitions(const struct check *c, const char *topic)
{
    const struct check_options *o = c->options;
    int64_t partitions = 0;

    for (size_t i = 0; i < o->count; i++) {
        if (bytes_are(o->expected[i].topic, o->expected[i].topic_len, topic))
            partitions = o->expected[i].partitions > 0 ? o->expected[i].partitions : partitions;
    }
    return partitions;
}

static void report_missing(struct check *c, const char *topic, int64_t expected)
{
    const bool writes = strcmp(c->right, "WRITE") == 0;
    struct err err;

    if (expected == 0)
        err_set(&err, EX_UNAVAILABLE, "topic %s: does not exist; create it%s", topic,
                writes ? ", or give --create" : "");
    else
        err_set(&err, EX_UNAVAILABLE,
                "topic %s: does not exist; create it with partitions=%lld, or %s", topic,
                (long long)expected,
                writes ? "give --create" : "first start what writes it, with --create");
    check_report_failed(&c->report, &err);
}

// The value that a topic has for a setting.
struct asked {
    const struct check_expected *expected;
    char value[128];
    bool found;
};

static void take_setting(void *ctx, const char *topic, const char *name, const char *value)
{
    struct asked *a = ctx;

    (void)topic;
    if (!bytes_are(a->expected->setting, a->expected->setting_len, name))
        return;
    snprintf(a->value, sizeof a->value, "%s", value);
    a->found = true;
}

// Returns whether a value such as "compact,delete" names the one that is expected.
static bool names_value(const char *value, const char *expected)
{
    for (;; value++) {
        const size_t len = strcspn(value, ",");
        if (bytes_are(value, len, expected))
            return true;
        value += len;
        if (*value == '\0')
            return false;
    }
}

// A topic with another setting can be used, so this is no failure.
static void check_setting(struct check *c, struct client *client, const char *topic,
                          const struct check_expected *e)
{
    struct asked asked = {.expected = e};
    char *names[] = {xstrdup(topic)};

    metadata_describe_topics(client, names, 1, take_setting, &asked);
    free(names[0]);
    if (!asked.found && client->has_controller)
        check_report_warned(&c->report,
                            "topic %s: cannot tell whether %.*s is %s; that needs DESCRIBE_CONFIGS "
                            "on topic %s",
                            topic, (int)e->setting_len, e->setting, e->value, topic);
    else if (asked.found && !names_value(asked.value, e->value))
        check_report_warned(&c->report,
                            "topic %s: %.*s is %s and should be %s; change it with "
                            "kafka-configs.sh --alter --topic %s --add-config %.*s=%s",
                            topic, (int)e->setting_len, e->setting, asked.value, e->value, topic,
                            (int)e->setting_len, e->setting, e->value);
}

// If a record seems to come from the future, our clock is wrong or its producer's was. The broker
// finds it by its time.
static void check_clock(struct check *c, struct client *client, const char *topic, int partitions)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
    struct buf now = BUF_INIT;
    const int64_t clock = time_now();

    for (int i = 0; i < partitions; i++)
        rd_kafka_topic_partition_list_add(list, topic, i)->offset = clock + c->ahead;
    offsets_find(client, list);
    time_format(&now, clock - clock % MS_SECOND);
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *found = &list->elems[i];
        if (found->err != RD_KAFKA_RESP_ERR_NO_ERROR || found->offset < 0)
            continue;
        check_report_warned(&c->report,
                            "topic %s [%d]: the record at offset %lld is more than %lld min ahead "
                            "of this machine's clock, %.*s; correct this clock or its producer's",
                            topic, (int)found->partition, (long long)found->offset,
                            (long long)(c->ahead / MS_MINUTE), (int)now.len, now.data);
        break;
    }
    buf_release(&now);
    rd_kafka_topic_partition_list_destroy(list);
}

static void check_found(struct check *c, struct client *client, const char *topic, int partitions)
{
    const struct check_options *o = c->options;

    check_report_passed(&c->report, "topic %s: %d partition%s", topic, partitions,
                        partitions == 1 ? "" : "s");
    for (size_t i = 0; i < o->count; i++) {
        if (o->expected[i].setting != NULL &&
            bytes_are(o->expected[i].topic, o->expected[i].topic_len, topic))
            check_setting(c, client, topic, &o->expected[i]);
    }
    if (c->ahead > 0)
        check_clock(c, client, topic, partitions);
}

static void check_topic(struct check *c, struct client *client, const char *topic)
{
    const int64_t expected = expected_partitions(c, topic);
    int partitions;
    struct err err;

    if (metadata_find_topic(client, topic, &partitions, &err) != 0) {
        check_report_failed(&c->report, &err);
    } else if (partitions == 0 && c->creates) {
        check_report_passed(&c->report, "topic %s: does not exist, and will be created", topic);
    } else if (partitions == 0) {
        report_missing(c, topic, expected);
    } else if (expected > 0 && partitions != expected) {
        err_set(&err, EX_CONFIG,
                "topic %s: has %d partitions and must have %lld; delete it and create it anew",
                topic, partitions, (long long)expected);
        check_report_failed(&c->report, &err);
    } else if (partitions <= c->partition) {
        err_set(&err, EX_CONFIG, "topic %s: has no partition %d", topic, (int)c->partition);
        check_report_failed(&c->report, &err);
    } else {
        check_found(c, client, topic, partitions);
    }
}

static void check_pattern(struct check *c, struct client *client, const char *pattern)
{
    struct opt_list names = {0};
    struct err err;

    if (metadata_match_topics(client, pattern, &names, &err) != 0) {
        check_report_failed(&c->report, &err);
    } else if (names.count == 0) {
        err_set(&err, EX_UNAVAILABLE, "topic %s: no topic matches that this user may DESCRIBE",
                pattern);
        check_report_failed(&c->report, &err);
    }
    for (size_t i = 0; i < names.count; i++) {
        check_topic(c, client, names.item[i]);
        free((char *)names.item[i]);
    }
    opt_list_release(&names);
}

static rd_kafka_resp_err_t read_offset(struct client *client, rd_kafka_topic_partition_list_t *list)
{
    const int64_t deadline = time_monotonic() + GROUP_WAIT;
    rd_kafka_resp_err_t code;

    do
        code = group_offsets_read_unsubscribed(client, list, GROUP_ATTEMPT);
    while ((code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__WAIT_COORD) &&
           client_keep_trying(client, deadline));
    return code;
}

// Asks for an offset of the group, which needs a right to the group.
static void check_group(struct check *c, const char *topic)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    struct client client;
    struct err err;

    rd_kafka_topic_partition_list_add(list, topic, 0);
    if (group_offsets_open(&client, c->config, c->group, &err) != 0) {
        check_report_failed(&c->report, &err);
    } else {
        rd_kafka_resp_err_t code = read_offset(&client, list);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
            check_report_passed(&c->report, "group %s: its offsets can be read", c->group);
        } else {
            client_error(&err, &client.needs, code, EX_UNAVAILABLE, "group %s", c->group);
            check_report_failed(&c->report, &err);
        }
    }
    rd_kafka_topic_partition_list_destroy(list);
    client_release(&client);
}

// Returns what to do about an error of the connection, to be said behind it.
static const char *remedy(const struct err *err)
{
    if (err->status == EX_UNAVAILABLE)
        return "; start it, or correct BOOTSTRAP_SERVERS or -b";
    if (err->status == EX_NOPERM && strstr(err->text, "librdkafka") == NULL &&
        (strstr(err->text, "username or password") != NULL ||
         strstr(err->text, "invalid credentials") != NULL))
        return "; correct sasl.username and sasl.password";
    return "";
}

static void report_no_broker(struct check *c, const struct err *err)
{
    struct err more;

    err_set(&more, err->status, "%s%s", err->text, remedy(err));
    check_report_failed(&c->report, &more);
}

// Connects, and waits until a broker has answered. A consumer asks, whatever the tool is, since a
// producer's question can create a topic.
static int connect_client(const struct check *c, struct client *client, struct err *err)
{
    rd_kafka_conf_t *conf = config_new(c->config, c->defaults, err);

    if (conf == NULL || client_init(client, RD_KAFKA_CONSUMER, conf, c->config, NULL, err) != 0)
        return -1;
    client->needs.right = c->right;
    return metadata_find_controller(client, err);
}

int check_topics(struct check *c, const char *const *topics, size_t count)
{
    struct client client = {0};
    struct err err;

    if (connect_client(c, &client, &err) != 0) {
        report_no_broker(c, &err);
    } else {
        char *cluster = client_cluster(&client);
        check_report_passed(&c->report, "broker: cluster %s",
                            cluster == NULL ? "without an id" : cluster);
        free(cluster);
        for (size_t i = 0; i < count; i++) {
            if (topics[i][0] == '^')
                check_pattern(c, &client, topics[i]);
            else
                check_topic(c, &client, topics[i]);
        }
        if (c->group != NULL && count > 0 && topics[0][0] != '^')
            check_group(c, topics[0]);
    }
    client_release(&client);
    return check_report_end(&c->report);
}
