// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/partition.h"

#include <stdlib.h>
#include <string.h>

#include "base/datetime.h"
#include "base/xalloc.h"

void partition_set_release(struct partition_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        free(set->item[i]->topic);
        free(set->item[i]);
    }
    free(set->item);
    *set = (struct partition_set){0};
}

static struct partition *find(const struct partition_set *set, const char *topic, int32_t id)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->item[i]->id == id && strcmp(set->item[i]->topic, topic) == 0)
            return set->item[i];
    }
    return NULL;
}

struct partition *partition_get(struct partition_set *set, const char *topic, int32_t id)
{
    struct partition *p = find(set, topic, id);

    if (p != NULL)
        return p;
    p = xcalloc(1, sizeof *p);
    *p = (struct partition){.topic = xstrdup(topic),
                            .id = id,
                            .committed = PARTITION_NOT_COMMITTED,
                            .newest = PARTITION_NO_TIME,
                            .told_end = -1,
                            .stop = PARTITION_NO_STOP};
    set->item = xreallocarray(set->item, set->count + 1, sizeof(struct partition *));
    set->item[set->count++] = p;
    return p;
}

struct partition *partition_of(struct partition_set *set, const rd_kafka_message_t *message)
{
    if (message->rkt == NULL)
        return NULL;
    if (set->recent == NULL || set->recent_handle != message->rkt ||
        set->recent->id != message->partition) {
        set->recent = find(set, rd_kafka_topic_name(message->rkt), message->partition);
        set->recent_handle = message->rkt;
    }
    return set->recent;
}

bool partitions_done(const struct partition_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->item[i]->assigned && !set->item[i]->done)
            return false;
    }
    return true;
}

void partitions_written(struct partition_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        set->item[i]->written = set->item[i]->next;
}

void partition_reached_end(struct partition *p, int64_t end)
{
    if (!p->at_end) {
        p->at_end = true;
        p->idle = false;
        p->end_since = time_monotonic();
    }
    p->end = end;
}

void partition_finish(struct partition *p)
{
    p->next = p->stop;
    p->done = true;
}

bool partition_is_quiet(const struct partition *p)
{
    return p->done || (p->at_end && p->idle);
}

bool partitions_are_quiet(const struct partition_set *set)
{
    size_t assigned = 0;

    for (size_t i = 0; i < set->count; i++) {
        if (!set->item[i]->assigned)
            continue;
        if (!partition_is_quiet(set->item[i]))
            return false;
        assigned++;
    }
    return assigned > 0;
}

bool partitions_watermark(const struct partition_set *set, int64_t *watermark)
{
    int64_t lowest = INT64_MAX, highest = PARTITION_NO_TIME;

    for (size_t i = 0; i < set->count; i++) {
        const struct partition *p = set->item[i];
        if (!p->assigned)
            continue;
        if (p->newest > highest)
            highest = p->newest;
        if (partition_is_quiet(p))
            continue;
        if (p->newest == PARTITION_NO_TIME)
            return false;
        if (p->newest < lowest)
            lowest = p->newest;
    }
    *watermark = lowest == INT64_MAX ? highest : lowest;
    return *watermark != PARTITION_NO_TIME;
}

static bool is_uncommitted(const struct partition *p)
{
    return p->assigned && p->written != p->committed;
}

bool partitions_uncommitted(const struct partition_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        if (is_uncommitted(set->item[i]))
            return true;
    }
    return false;
}

rd_kafka_topic_partition_list_t *partitions_to_commit(struct partition_set *set)
{
    rd_kafka_topic_partition_list_t *list = NULL;

    for (size_t i = 0; i < set->count; i++) {
        struct partition *p = set->item[i];
        if (!is_uncommitted(p))
            continue;
        if (list == NULL)
            list = rd_kafka_topic_partition_list_new((int)set->count);
        rd_kafka_topic_partition_list_add(list, p->topic, p->id)->offset = p->written;
        p->committed = p->written;
    }
    return list;
}
