// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/group_offsets.h"

#include <string.h>

#include "base/xalloc.h"

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

static rd_kafka_topic_partition_list_t *partitions_of(const struct mark *mark)
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

static rd_kafka_resp_err_t take_offsets(const rd_kafka_topic_partition_list_t *list,
                                        struct mark *found)
{
    mark_clear(found);
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *entry = &list->elems[i];
        if (entry->err != RD_KAFKA_RESP_ERR_NO_ERROR)
            return entry->err;
        if (entry->offset < 0)
            continue;
        mark_add_at(found, entry->topic, entry->partition, entry->offset);
        group_offsets_newer_mark(entry, &found->seq, found->run);
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t group_offsets_committed(struct client *client,
                                            rd_kafka_topic_partition_list_t *list, int timeout_ms)
{
    rd_kafka_resp_err_t code = rd_kafka_committed(client->rk, list, timeout_ms);
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

rd_kafka_resp_err_t group_offsets_read(struct client *client, const struct mark *partitions,
                                       int timeout_ms, struct mark *found)
{
    rd_kafka_topic_partition_list_t *list = partitions_of(partitions);
    rd_kafka_resp_err_t code = group_offsets_committed(client, list, timeout_ms);

    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        code = take_offsets(list, found);
    rd_kafka_topic_partition_list_destroy(list);
    return code;
}
