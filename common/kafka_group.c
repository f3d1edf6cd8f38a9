// SPDX-License-Identifier: BSD-2-Clause
#include "kafka_group.h"

#include <string.h>

#include "xalloc.h"

rd_kafka_topic_partition_list_t *kafka_offsets_of_mark(const struct mark *mark)
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

void group_query_start(struct group_query *q, const struct mark *partitions, bool stable,
                       int timeout_ms)
{
    rd_kafka_topic_partition_list_t *list = partitions_of(partitions);
    rd_kafka_AdminOptions_t *options =
        rd_kafka_AdminOptions_new(q->kafka->rk, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS);
    rd_kafka_ListConsumerGroupOffsets_t *request =
        rd_kafka_ListConsumerGroupOffsets_new(q->group, list);
    rd_kafka_error_t *error =
        rd_kafka_AdminOptions_set_require_stable_offsets(options, stable ? 1 : 0);
    char why[256];

    if (error != NULL)
        rd_kafka_error_destroy(error);
    rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, why, sizeof why);
    group_query_release(q);
    q->queue = rd_kafka_queue_new(q->kafka->rk);
    rd_kafka_ListConsumerGroupOffsets(q->kafka->rk, &request, 1, options, q->queue);
    rd_kafka_ListConsumerGroupOffsets_destroy(request);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_topic_partition_list_destroy(list);
}

bool group_query_pending(const struct group_query *q)
{
    return q->queue != NULL;
}

static rd_kafka_resp_err_t take_offsets(const rd_kafka_topic_partition_list_t *list,
                                        struct mark *found)
{
    char run[MARK_RUN_SIZE];
    uint64_t seq;

    mark_clear(found);
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *entry = &list->elems[i];
        if (entry->err != RD_KAFKA_RESP_ERR_NO_ERROR)
            return entry->err;
        if (entry->offset < 0)
            continue;
        mark_add_at(found, entry->topic, entry->partition, entry->offset);
        if (mark_metadata(entry->metadata, entry->metadata_size, &seq, run) && seq > found->seq) {
            found->seq = seq;
            memcpy(found->run, run, sizeof run);
        }
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t take_result(rd_kafka_event_t *event, struct mark *found)
{
    const rd_kafka_ListConsumerGroupOffsets_result_t *result =
        rd_kafka_event_ListConsumerGroupOffsets_result(event);
    size_t count = 0;
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);

    if (code != RD_KAFKA_RESP_ERR_NO_ERROR || result == NULL)
        return code == RD_KAFKA_RESP_ERR_NO_ERROR ? RD_KAFKA_RESP_ERR__FAIL : code;
    const rd_kafka_group_result_t **groups =
        rd_kafka_ListConsumerGroupOffsets_result_groups(result, &count);
    if (count != 1)
        return RD_KAFKA_RESP_ERR__FAIL;
    const rd_kafka_error_t *error = rd_kafka_group_result_error(groups[0]);
    if (error != NULL)
        return rd_kafka_error_code(error);
    return take_offsets(rd_kafka_group_result_partitions(groups[0]), found);
}

bool group_query_take(struct group_query *q, int wait_ms, struct mark *found,
                      rd_kafka_resp_err_t *code)
{
    rd_kafka_event_t *event = q->queue == NULL ? NULL : rd_kafka_queue_poll(q->queue, wait_ms);

    if (event == NULL)
        return false;
    *code = take_result(event, found);
    rd_kafka_event_destroy(event);
    group_query_release(q);
    return true;
}

void group_query_release(struct group_query *q)
{
    if (q->queue != NULL)
        rd_kafka_queue_destroy(q->queue);
    q->queue = NULL;
}
