// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/number.h"
#include "kafka/client.h"
#include "kafka/metadata.h"

// --- Options ---

// Takes TOPIC:PARTITIONS apart. Returns false if the text is something else.
static bool read_expected(struct check_options *o, const char *text)
{
    const char *colon = strrchr(text, ':');

    if (colon == NULL || colon == text || number_parse_int(colon + 1, &o->partitions) != 0)
        return false;
    o->expected = text;
    o->topic_len = (size_t)(colon - text);
    return o->partitions > 0;
}

static int set_check(void *options, const char *arg, struct err *err)
{
    struct check_options *o = options;

    o->wanted = true;
    o->expected = NULL;
    if (arg != NULL && !read_expected(o, arg))
        return err_set(err, EX_USAGE, "'%s' is not TOPIC:PARTITIONS", arg);
    return 0;
}

const struct opt check_opts[] = {
    OPT_CALL("check", 0, "[=TOPIC:PARTS]", set_check,
             "only check broker and topics, and how many partitions one has"),
};
const size_t check_opt_count = sizeof check_opts / sizeof *check_opts;

// --- Checks ---

// Returns how many partitions the topic must have, or 0 if any number is fine.
static int64_t expected_partitions(const struct check *c, const char *topic)
{
    const struct check_options *o = c->options;

    return o->expected != NULL && bytes_are(o->expected, o->topic_len, topic) ? o->partitions : 0;
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
        check_report_passed(&c->report, "topic %s: %d partition%s", topic, partitions,
                            partitions == 1 ? "" : "s");
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

// Says what to do if no broker answers.
static void report_no_broker(struct check *c, const struct err *err)
{
    struct err more;

    err_set(&more, err->status, "%s%s", err->text,
            err->status == EX_UNAVAILABLE ? "; start it, or correct BOOTSTRAP_SERVERS or -b" : "");
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
    }
    client_release(&client);
    return check_report_end(&c->report);
}
