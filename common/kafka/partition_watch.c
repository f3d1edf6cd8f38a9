// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/partition_watch.h"

#include <stdlib.h>
#include <string.h>

#include "base/datetime.h"
#include "base/xalloc.h"

#define ASK_TIME 2000 // ms for one request

void partition_watch_add(struct partition_watch *w, struct client *client, const char *topic,
                         int partitions)
{
    for (size_t i = 0; i < w->count; i++) {
        if (strcmp(w->topic[i].name, topic) == 0)
            return;
    }
    rd_kafka_topic_t *handle = rd_kafka_topic_new(client->rk, topic, NULL);
    if (handle == NULL)
        return;
    w->client = client;
    w->due = time_monotonic() + w->interval;
    w->topic = xreallocarray(w->topic, w->count + 1, sizeof *w->topic);
    w->topic[w->count++] = (struct watched_topic){
        .name = xstrdup(topic), .partitions = partitions, .found = partitions, .handle = handle};
}

static void take(struct partition_watch *w, const struct rd_kafka_metadata *metadata)
{
    for (int i = 0; i < metadata->topic_cnt; i++) {
        const struct rd_kafka_metadata_topic *topic = &metadata->topics[i];
        for (size_t j = 0; j < w->count; j++) {
            if (topic->err == RD_KAFKA_RESP_ERR_NO_ERROR &&
                strcmp(topic->topic, w->topic[j].name) == 0)
                w->topic[j].found = topic->partition_cnt;
        }
    }
}

static void ask(void *ctx)
{
    struct partition_watch *w = ctx;
    const struct rd_kafka_metadata *metadata;

    if (rd_kafka_metadata(w->client->rk, 0, NULL, &metadata, ASK_TIME) !=
        RD_KAFKA_RESP_ERR_NO_ERROR)
        return; // the next request may succeed
    take(w, metadata);
    rd_kafka_metadata_destroy(metadata);
}

bool partition_watch_answered(struct partition_watch *w)
{
    int64_t now = time_monotonic();

    if (w->count == 0 || now < w->due)
        return false;
    if (background_finished(&w->background)) {
        w->due = now + w->interval;
        return true;
    }
    if (!background_busy(&w->background))
        background_start(&w->background, ask, w);
    return false;
}

void partition_watch_release(struct partition_watch *w)
{
    background_release(&w->background);
    for (size_t i = 0; i < w->count; i++) {
        rd_kafka_topic_destroy(w->topic[i].handle);
        free(w->topic[i].name);
    }
    free(w->topic);
    w->topic = NULL;
    w->count = 0;
}
