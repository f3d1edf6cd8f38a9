// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/partition.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/xalloc.h"

#define PARTITION_ID_MAX 999999 // far beyond what brokers hold; keeps a list in bounds

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

bool partitions_watermark(const struct partition_set *set, int64_t *watermark)
{
    int64_t lowest = INT64_MAX, highest = PARTITION_NO_TIME;

    for (size_t i = 0; i < set->count; i++) {
        const struct partition *p = set->item[i];
        if (!p->assigned)
            continue;
        if (p->newest > highest)
            highest = p->newest;
        if (p->at_end || p->done)
            continue;
        if (p->newest == PARTITION_NO_TIME)
            return false;
        if (p->newest < lowest)
            lowest = p->newest;
    }
    *watermark = lowest == INT64_MAX ? highest : lowest;
    return *watermark != PARTITION_NO_TIME;
}

bool partition_in_shard(int32_t id, int64_t shard, int64_t shards)
{
    return id % shards == shard;
}

rd_kafka_topic_partition_list_t *partitions_to_commit(struct partition_set *set)
{
    rd_kafka_topic_partition_list_t *list = NULL;

    for (size_t i = 0; i < set->count; i++) {
        struct partition *p = set->item[i];
        if (!p->assigned || p->written == p->committed)
            continue;
        if (list == NULL)
            list = rd_kafka_topic_partition_list_new((int)set->count);
        rd_kafka_topic_partition_list_add(list, p->topic, p->id)->offset = p->written;
        p->committed = p->written;
    }
    return list;
}

static bool take_id(const char **at, int32_t *id)
{
    char *end;

    if (!isdigit((unsigned char)**at))
        return false;
    errno = 0;
    long n = strtol(*at, &end, 10);
    if (errno != 0 || n > PARTITION_ID_MAX)
        return false;
    *at = end;
    *id = (int32_t)n;
    return true;
}

int partition_shard_parse(const char *text, int64_t *shard, int64_t *shards)
{
    int32_t i, n;

    if (!take_id(&text, &i) || *text++ != '/' || !take_id(&text, &n) || *text != '\0' || i >= n)
        return -1;
    *shard = i;
    *shards = n;
    return 0;
}

int partition_list_parse(const char *text, int32_t **ids)
{
    int count = 0;

    *ids = NULL;
    for (;;) {
        int32_t first, last;
        bool ok = take_id(&text, &first);
        last = first;
        if (ok && *text == '-') {
            text++;
            ok = take_id(&text, &last) && last >= first;
        }
        if (!ok || (*text != ',' && *text != '\0')) {
            free(*ids);
            *ids = NULL;
            return -1;
        }
        *ids = xreallocarray(*ids, (size_t)(count + last - first + 1), sizeof **ids);
        for (int32_t id = first; id <= last; id++)
            (*ids)[count++] = id;
        if (*text++ == '\0')
            return count;
    }
}

char *partition_shard_name(int64_t shard, int64_t shards)
{
    return xasprintf("%lld/%lld", (long long)shard, (long long)shards);
}

static int compare_ids(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

    return (x > y) - (x < y);
}

char *partition_list_name(int32_t *ids, int count)
{
    struct buf name = BUF_INIT;

    qsort(ids, (size_t)count, sizeof *ids, compare_ids);
    for (int i = 0, last; i < count; i = last + 1) {
        last = i;
        while (last + 1 < count && ids[last + 1] - ids[last] <= 1)
            last++;
        buf_printf(&name, "%s%d", i == 0 ? "" : ",", (int)ids[i]);
        if (ids[last] != ids[i])
            buf_printf(&name, "-%d", (int)ids[last]);
    }
    char *text = xstrndup(name.data, name.len);
    buf_release(&name);
    return text;
}
