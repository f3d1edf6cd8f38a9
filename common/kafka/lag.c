// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/lag.h"

#include <stdio.h>

#define REQUEST_TIME 1000 // ms
#define ASK_FOR_END (-1)  // instead of a timestamp (Kafka protocol, ListOffsets)

// Runs in the background. rd_kafka_offsets_for_times() calls no callbacks.
static void ask(void *ctx)
{
    struct lag *lag = ctx;

    lag->code = rd_kafka_offsets_for_times(lag->consumer->client.rk, lag->list, REQUEST_TIME);
}

static void start_question(struct lag *lag)
{
    const struct partition_set *set = &lag->consumer->partitions;

    lag->list = rd_kafka_topic_partition_list_new((int)set->count);
    for (size_t i = 0; i < set->count; i++) {
        if (set->item[i]->assigned)
            rd_kafka_topic_partition_list_add(lag->list, set->item[i]->topic, set->item[i]->id)
                ->offset = ASK_FOR_END;
    }
    if (lag->list->cnt > 0 && background_start(&lag->background, ask, lag))
        return;
    rd_kafka_topic_partition_list_destroy(lag->list);
    lag->list = NULL;
}

static void take_answer(struct lag *lag)
{
    lag->answered = true;
    for (int i = 0; i < lag->list->cnt && lag->code == RD_KAFKA_RESP_ERR_NO_ERROR; i++) {
        const rd_kafka_topic_partition_t *entry = &lag->list->elems[i];
        if (entry->err == RD_KAFKA_RESP_ERR_NO_ERROR && entry->offset >= 0)
            partition_get(&lag->consumer->partitions, entry->topic, entry->partition)->told_end =
                entry->offset;
    }
    rd_kafka_topic_partition_list_destroy(lag->list);
    lag->list = NULL;
}

// Returns the end of a partition as far as it is known, or the offset where it stops; -1 if neither
// is known.
static int64_t find_end(const struct lag *lag, const struct partition *p)
{
    int64_t beginning = -1, end = -1;

    if (p->stop != PARTITION_NO_STOP)
        return p->stop;
    rd_kafka_get_watermark_offsets(lag->consumer->client.rk, p->topic, p->id, &beginning, &end);
    if (end < p->told_end)
        end = p->told_end;
    if (p->at_end && end < p->end)
        end = p->end;
    return end;
}

static bool all_known(const struct lag *lag)
{
    const struct partition_set *set = &lag->consumer->partitions;

    for (size_t i = 0; i < set->count; i++) {
        if (set->item[i]->assigned && find_end(lag, set->item[i]) < 0)
            return false;
    }
    return true;
}

static void put_lag(const struct lag *lag, const struct partition *p, struct metrics *m)
{
    const int64_t end = p->assigned ? find_end(lag, p) : -1;
    char id[16];

    if (end < 0)
        return;
    snprintf(id, sizeof id, "%d", (int)p->id);
    metrics_put_u64(m, end > p->next ? (uint64_t)(end - p->next) : 0, "topic", p->topic,
                    "partition", id, NULL);
}

void lag_put_metrics(struct lag *lag, struct metrics *m)
{
    const struct partition_set *set = &lag->consumer->partitions;

    if (background_finished(&lag->background))
        take_answer(lag);
    metrics_family(m, "loginpipe_consumer_lag", "gauge",
                   "Records from the next one to read to the end of the partition.");
    if (lag->answered || all_known(lag)) {
        for (size_t i = 0; i < set->count; i++)
            put_lag(lag, set->item[i], m);
    }
    if (!lag->closed && !background_busy(&lag->background))
        start_question(lag);
}

int64_t lag_to_stop(const struct lag *lag)
{
    const struct partition_set *set = &lag->consumer->partitions;
    int64_t left = 0;

    for (size_t i = 0; i < set->count; i++) {
        const struct partition *p = set->item[i];
        if (p->assigned && p->stop == PARTITION_NO_STOP)
            return -1;
        if (p->assigned && p->stop > p->next)
            left += p->stop - p->next;
    }
    return left;
}

void lag_close(struct lag *lag)
{
    background_release(&lag->background);
    if (lag->list != NULL)
        rd_kafka_topic_partition_list_destroy(lag->list);
    lag->list = NULL;
    lag->closed = true;
}
