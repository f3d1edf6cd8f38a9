// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/cluster.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "kafka/metadata.h"
#include "kafka/offsets_find.h"

// --- Connecting ---

int cluster_open(struct client *client, const struct config_options *options, const char *group,
                 struct err *err)
{
    static const struct config_setting defaults[] = {
        {"client.id", "loginpipe"}, {"isolation.level", "read_uncommitted"}, {NULL, NULL}};
    // A consumer's default is false. librdkafka warns if it is set for an old broker.
    const bool creates = config_value(options, "allow.auto.create.topics") != NULL;
    const struct config_setting own[] = {{"allow.auto.create.topics", creates ? "false" : NULL},
                                         {"enable.auto.commit", "false"},
                                         {"group.id", group}};
    char why[256];

    *client = (struct client){.rk = NULL};
    rd_kafka_conf_t *conf = config_new(options, defaults, err);
    if (conf == NULL)
        return -1;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (own[i].value == NULL ||
            rd_kafka_conf_set(conf, own[i].name, own[i].value, why, sizeof why) == RD_KAFKA_CONF_OK)
            continue;
        rd_kafka_conf_destroy(conf);
        return err_set(err, EX_USAGE, "%s: %s", own[i].name, why);
    }
    if (client_init(client, RD_KAFKA_CONSUMER, conf, options, NULL, err) != 0)
        return -1;
    client->needs.right = "DESCRIBE";
    client->needs.group = group;
    return 0;
}

// --- Topics ---

static void keep(struct cluster *c, const struct rd_kafka_metadata *answer)
{
    c->answers = xreallocarray(c->answers, c->answer_count + 1, sizeof *c->answers);
    c->answers[c->answer_count++] = answer;
}

// Asks about one topic, or about all.
static const struct rd_kafka_metadata *ask(struct cluster *c, struct client *client,
                                           const char *topic, struct err *err)
{
    const struct rd_kafka_metadata *answer;

    if (metadata_ask_topics(client, topic, &answer, err) != 0)
        return NULL;
    keep(c, answer);
    return answer;
}

static int by_id(const void *a, const void *b)
{
    const struct cluster_partition *left = a, *right = b;

    return (left->is->id > right->is->id) - (left->is->id < right->is->id);
}

static int by_name(const void *a, const void *b)
{
    const struct cluster_topic *left = a, *right = b;

    return strcmp(left->is->topic, right->is->topic);
}

static void add_topic(struct cluster *c, const struct rd_kafka_metadata_topic *is)
{
    struct cluster_topic topic = {.is = is, .count = (size_t)is->partition_cnt};

    topic.partitions = xcalloc(topic.count, sizeof *topic.partitions);
    for (size_t i = 0; i < topic.count; i++)
        topic.partitions[i] = (struct cluster_partition){
            .is = &is->partitions[i], .first = -1, .end = -1, .err = is->partitions[i].err};
    qsort(topic.partitions, topic.count, sizeof *topic.partitions, by_id);
    c->topics = xreallocarray(c->topics, c->count + 1, sizeof *c->topics);
    c->topics[c->count++] = topic;
}

static const struct rd_kafka_metadata_topic *find(const struct rd_kafka_metadata *answer,
                                                  const char *name)
{
    for (int i = 0; i < answer->topic_cnt; i++) {
        if (strcmp(answer->topics[i].topic, name) == 0)
            return &answer->topics[i];
    }
    return NULL;
}

static void report(struct cluster *c, const struct err *err)
{
    log_error("%s", err->text);
    if (c->status == EX_OK)
        c->status = err->status;
}

// Adds a topic, or reports why it cannot be added.
static void add_named(struct cluster *c, const struct client *client, const char *name,
                      const struct rd_kafka_metadata_topic *is)
{
    const struct client_needs needs = client_needs_topic(client, name);
    struct err err;

    if (is != NULL && (is->err == RD_KAFKA_RESP_ERR_NO_ERROR || is->partition_cnt > 0)) {
        add_topic(c, is);
        return;
    }
    if (is == NULL || is->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
        err_set(&err, EX_UNAVAILABLE, "topic %s: does not exist", name);
    else
        client_error(&err, &needs, is->err, EX_UNAVAILABLE, "topic %s", name);
    report(c, &err);
}

// A cluster without a controller may create a topic when it is asked about this one (see
// metadata.h), so it is asked about all.
static int read_topic(struct cluster *c, struct client *client, const char *name, struct err *err)
{
    const struct rd_kafka_metadata *answer = ask(c, client, c->controller < 0 ? NULL : name, err);

    if (answer == NULL)
        return -1;
    add_named(c, client, name, find(answer, name));
    return 0;
}

static int read_pattern(struct cluster *c, struct client *client, const char *pattern,
                        struct err *err)
{
    const struct rd_kafka_metadata *answer = ask(c, client, NULL, err);
    struct opt_list names = {0};
    struct err none;

    if (answer == NULL || metadata_match(answer, pattern, &names, err) != 0)
        return -1;
    if (names.count == 0) {
        err_set(&none, EX_UNAVAILABLE, "topic %s: no topic matches that this user may DESCRIBE",
                pattern);
        report(c, &none);
    }
    for (size_t i = 0; i < names.count; i++) {
        add_named(c, client, names.item[i], find(answer, names.item[i]));
        free((char *)names.item[i]);
    }
    opt_list_release(&names);
    return 0;
}

static int read_all(struct cluster *c, struct client *client, struct err *err)
{
    const struct rd_kafka_metadata *answer = ask(c, client, NULL, err);

    if (answer == NULL)
        return -1;
    for (int i = 0; i < answer->topic_cnt; i++)
        add_topic(c, &answer->topics[i]);
    return 0;
}

// Sorts the topics by name. A topic may have been named twice, or match a pattern too.
static void sort_topics(struct cluster *c)
{
    size_t kept = 0;

    if (c->count > 0)
        qsort(c->topics, c->count, sizeof *c->topics, by_name);
    for (size_t i = 0; i < c->count; i++) {
        if (kept > 0 && by_name(&c->topics[kept - 1], &c->topics[i]) == 0)
            free(c->topics[i].partitions);
        else
            c->topics[kept++] = c->topics[i];
    }
    c->count = kept;
}

static int32_t find_controller(const struct cluster *c, const struct client *client)
{
    const int32_t controller = rd_kafka_controllerid(client->rk, 0);

    for (int i = 0; i < c->brokers->broker_cnt; i++) {
        if (c->brokers->brokers[i].id == controller)
            return controller;
    }
    return -1;
}

int cluster_read(struct cluster *c, struct client *client, const struct opt_list *topics,
                 struct err *err)
{
    int status = 0;

    *c = (struct cluster){.controller = -1};
    if (metadata_ask_brokers(client, &c->brokers, err) != 0)
        return -1;
    keep(c, c->brokers);
    c->controller = find_controller(c, client);
    c->id = client_cluster(client);
    if (topics->count == 0)
        status = read_all(c, client, err);
    for (size_t i = 0; i < topics->count && status == 0; i++) {
        const char *name = topics->item[i];
        status =
            name[0] == '^' ? read_pattern(c, client, name, err) : read_topic(c, client, name, err);
    }
    sort_topics(c);
    return status;
}

const struct cluster_topic *cluster_find_topic(const struct cluster *c, const char *name)
{
    for (size_t i = 0; i < c->count; i++) {
        if (strcmp(c->topics[i].is->topic, name) == 0)
            return &c->topics[i];
    }
    return NULL;
}

void cluster_release(struct cluster *c)
{
    for (size_t i = 0; i < c->count; i++)
        free(c->topics[i].partitions);
    for (size_t i = 0; i < c->answer_count; i++)
        rd_kafka_metadata_destroy(c->answers[i]);
    free(c->topics);
    free(c->answers);
    free(c->id);
}

// --- Offsets ---

rd_kafka_topic_partition_list_t *cluster_partitions(const struct cluster *c)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

    for (size_t i = 0; i < c->count; i++) {
        for (size_t j = 0; j < c->topics[i].count; j++) {
            const struct rd_kafka_metadata_partition *is = c->topics[i].partitions[j].is;
            if (is->leader < 0)
                continue;
            rd_kafka_topic_partition_list_add(list, c->topics[i].is->topic, is->id)->opaque =
                (void *)(intptr_t)is->leader;
        }
    }
    return list;
}

// Asks for one offset of each partition in the list.
static void find_all(struct client *client, rd_kafka_topic_partition_list_t *list, int64_t what)
{
    for (int i = 0; i < list->cnt; i++)
        list->elems[i].offset = what;
    offsets_find(client, list);
}

void cluster_find_offsets(struct cluster *c, struct client *client)
{
    rd_kafka_topic_partition_list_t *first = cluster_partitions(c), *end;
    int next = 0;

    find_all(client, first, OFFSETS_FIND_BEGINNING);
    end = rd_kafka_topic_partition_list_copy(first); // with the errors, so they are left out
    find_all(client, end, OFFSETS_FIND_END);
    for (size_t i = 0; i < c->count; i++) {
        for (size_t j = 0; j < c->topics[i].count; j++) {
            struct cluster_partition *p = &c->topics[i].partitions[j];
            if (p->is->leader < 0)
                continue;
            const rd_kafka_topic_partition_t *low = &first->elems[next], *high = &end->elems[next];
            next++;
            if (high->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
                p->err = high->err;
                continue;
            }
            p->first = low->offset;
            p->end = high->offset;
        }
    }
    rd_kafka_topic_partition_list_destroy(first);
    rd_kafka_topic_partition_list_destroy(end);
}
