// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/group_offsets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "stream/mark_text.h"

rd_kafka_topic_partition_list_t *group_offsets_of_mark(const struct mark *mark)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)mark->at_count);
    struct buf metadata = BUF_INIT;

    mark_put_metadata(&metadata, mark);
    for (size_t i = 0; i < mark->at_count; i++) {
        const struct mark_at *at = &mark->at[i];
        rd_kafka_topic_partition_t *entry =
            rd_kafka_topic_partition_list_add(list, at->topic, at->partition);
        entry->offset = at->offset;
        entry->metadata = xstrndup(metadata.data, metadata.len);
        entry->metadata_size = metadata.len;
    }
    buf_release(&metadata);
    return list;
}

rd_kafka_topic_partition_list_t *group_offsets_partitions(const struct mark *mark)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)mark->at_count);

    for (size_t i = 0; i < mark->at_count; i++)
        rd_kafka_topic_partition_list_add(list, mark->at[i].topic, mark->at[i].partition);
    return list;
}

int group_offsets_open(struct client *client, const struct config_options *options,
                       const char *group, struct err *err)
{
    static const struct config_setting defaults[] = {{"client.id", "loginpipe"}, {NULL, NULL}};
    // With read_committed, a read waits until no open transaction includes the offsets.
    const struct config_setting own[] = {{"group.id", group},
                                         {"isolation.level", "read_committed"},
                                         {"enable.auto.commit", "false"}};
    char why[256];

    *client = (struct client){.rk = NULL};
    rd_kafka_conf_t *conf = config_new(options, defaults, err);
    if (conf == NULL)
        return -1;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (rd_kafka_conf_set(conf, own[i].name, own[i].value, why, sizeof why) == RD_KAFKA_CONF_OK)
            continue;
        rd_kafka_conf_destroy(conf);
        return err_set(err, EX_USAGE, "group %s: %s", group, why);
    }
    if (client_init(client, RD_KAFKA_CONSUMER, conf, options, NULL, err) != 0)
        return -1;
    client->needs.group = group;
    return 0;
}

void group_offsets_newer_mark(const rd_kafka_topic_partition_t *entry, uint64_t *seq,
                              char run[MARK_RUN_SIZE])
{
    char found_run[MARK_RUN_SIZE];
    uint64_t found_seq;

    if (entry->offset < 0 ||
        !mark_metadata(entry->metadata, entry->metadata_size, &found_seq, found_run) ||
        found_seq <= *seq)
        return;
    *seq = found_seq;
    memcpy(run, found_run, MARK_RUN_SIZE);
}

rd_kafka_resp_err_t group_offsets_read(struct client *client, rd_kafka_topic_partition_list_t *list,
                                       int timeout_ms)
{
    rd_kafka_resp_err_t code = rd_kafka_committed(client->rk, list, timeout_ms);

    for (int i = 0; i < list->cnt && code == RD_KAFKA_RESP_ERR_NO_ERROR; i++)
        code = list->elems[i].err;
    return code;
}

void group_offsets_take(const rd_kafka_topic_partition_list_t *list, struct mark *found)
{
    mark_clear(found);
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *entry = &list->elems[i];
        if (entry->offset < 0)
            continue;
        mark_add_at(found, entry->topic, entry->partition, entry->offset);
        group_offsets_newer_mark(entry, &found->seq, found->run);
    }
}

rd_kafka_resp_err_t group_offsets_read_unsubscribed(struct client *client,
                                                    rd_kafka_topic_partition_list_t *list,
                                                    int timeout_ms)
{
    rd_kafka_resp_err_t code = group_offsets_read(client, list, timeout_ms);
    rd_kafka_message_t *message;

    if (code != RD_KAFKA_RESP_ERR__TIMED_OUT && code != RD_KAFKA_RESP_ERR__WAIT_COORD)
        return code;
    while ((message = rd_kafka_consumer_poll(client->rk, 0)) != NULL) {
        if (client_is_refused(message->err))
            code = message->err;
        rd_kafka_message_destroy(message);
    }
    return code;
}

uint64_t group_offsets_newest_of(const rd_kafka_topic_partition_list_t *list, const char *run)
{
    char found_run[MARK_RUN_SIZE];
    uint64_t seq, newest = 0;

    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *entry = &list->elems[i];
        if (entry->offset >= 0 &&
            mark_metadata(entry->metadata, entry->metadata_size, &seq, found_run) &&
            strcmp(found_run, run) == 0 && seq > newest)
            newest = seq;
    }
    return newest;
}

void group_known_release(struct group_known *known)
{
    if (known->list != NULL)
        rd_kafka_topic_partition_list_destroy(known->list);
    known->list = NULL;
}

// Finds a partition. It is mostly at the same place as in the list that is compared.
static rd_kafka_topic_partition_t *find_known(const struct group_known *known,
                                              const rd_kafka_topic_partition_t *entry, int place)
{
    rd_kafka_topic_partition_list_t *list = known->list;

    if (list == NULL)
        return NULL;
    if (place < list->cnt && list->elems[place].partition == entry->partition &&
        strcmp(list->elems[place].topic, entry->topic) == 0)
        return &list->elems[place];
    return rd_kafka_topic_partition_list_find(list, entry->topic, entry->partition);
}

static void set_known(struct group_known *known, const rd_kafka_topic_partition_t *entry, int place)
{
    rd_kafka_topic_partition_t *mine = find_known(known, entry, place);

    if (known->list == NULL)
        known->list = rd_kafka_topic_partition_list_new(1);
    if (mine == NULL)
        mine = rd_kafka_topic_partition_list_add(known->list, entry->topic, entry->partition);
    free(mine->metadata);
    mine->offset = entry->offset;
    mine->metadata_size = entry->metadata_size;
    mine->metadata =
        entry->metadata_size == 0 ? NULL : xstrndup(entry->metadata, entry->metadata_size);
}

void group_known_set(struct group_known *known, const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; i < list->cnt; i++)
        set_known(known, &list->elems[i], i);
}

void group_known_set_mark(struct group_known *known, const struct mark *mark)
{
    rd_kafka_topic_partition_list_t *list = group_offsets_of_mark(mark);

    group_known_set(known, list);
    rd_kafka_topic_partition_list_destroy(list);
}

static bool is_known(const rd_kafka_topic_partition_t *known,
                     const rd_kafka_topic_partition_t *found)
{
    if (found->offset < 0)
        return known->offset < 0;
    return found->offset == known->offset && found->metadata_size == known->metadata_size &&
           (found->metadata_size == 0 ||
            memcmp(found->metadata, known->metadata, found->metadata_size) == 0);
}

static bool is_allowed(const struct group_allowed *allowed, bool marked, uint64_t seq,
                       const char *run)
{
    if (!marked)
        return allowed->unmarked;
    return (allowed->run != NULL && strcmp(run, allowed->run) == 0) ||
           (allowed->from != NULL && strcmp(run, allowed->from) == 0 && seq == allowed->from_seq);
}

static int compare_one(const char *group, const struct group_allowed *allowed,
                       const rd_kafka_topic_partition_t *known,
                       const rd_kafka_topic_partition_t *found, struct err *err)
{
    char run[MARK_RUN_SIZE] = "", who[MARK_RUN_SIZE + 64] = "without a mark";
    uint64_t seq = 0;

    if (is_known(known, found))
        return 0;
    if (found->offset < 0)
        return err_set(err, EX_CONFIG,
                       "group %s: its offset %lld of %s [%d] is gone: the topic or the group was "
                       "deleted; start again to read what is there now as a new group, or set the "
                       "group's offsets first",
                       group, (long long)known->offset, found->topic, (int)found->partition);
    if (allowed == NULL)
        return 0;
    bool marked = mark_metadata(found->metadata, found->metadata_size, &seq, run);
    if (is_allowed(allowed, marked, seq, run))
        return 0;
    if (marked)
        snprintf(who, sizeof who, "by mark %llu of run %s", (unsigned long long)seq, run);
    return err_set(err, EX_TEMPFAIL,
                   "group %s: another pipeline commits for the same partitions: %s [%d] is "
                   "committed up to %lld %s, and this pipeline left it at %lld; stop one of the "
                   "two, or give it another group",
                   group, found->topic, (int)found->partition, (long long)found->offset, who,
                   (long long)known->offset);
}

int group_known_compare(const struct group_known *known, const char *group,
                        const struct group_allowed *allowed,
                        const rd_kafka_topic_partition_list_t *found, struct err *err)
{
    for (int i = 0; i < found->cnt; i++) {
        const rd_kafka_topic_partition_t *entry = &found->elems[i];
        const rd_kafka_topic_partition_t *mine = find_known(known, entry, i);
        if (mine != NULL && compare_one(group, allowed, mine, entry, err) != 0)
            return -1;
    }
    return 0;
}
