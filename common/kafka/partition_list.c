// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/partition_list.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/xalloc.h"

#define PARTITION_ID_MAX 999999 // more than a broker can hold; keeps the size of a list in bounds

bool partition_list_in_shard(int32_t id, int64_t shard, int64_t shards)
{
    return id % shards == shard;
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

int partition_list_parse_shard(const char *text, int64_t *shard, int64_t *shards)
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

char *partition_list_shard_name(int64_t shard, int64_t shards)
{
    return xasprintf("%lld/%lld", (long long)shard, (long long)shards);
}

static int compare_ids(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

    return (x > y) - (x < y);
}

static char *list_name(const int32_t *ids, size_t count)
{
    struct buf name = BUF_INIT;

    for (size_t i = 0, last; i < count; i = last + 1) {
        last = i;
        while (last + 1 < count && ids[last + 1] - ids[last] == 1)
            last++;
        buf_printf(&name, "%s%d", i == 0 ? "" : ",", (int)ids[i]);
        if (last > i)
            buf_printf(&name, "-%d", (int)ids[last]);
    }
    char *text = xstrndup(name.data, name.len);
    buf_release(&name);
    return text;
}

// Returns whether the ids, which are sorted, are the share of the topic.
static bool is_share(const struct partition_choice *topic, int64_t shard, int64_t shards)
{
    int64_t id = shard;

    for (size_t i = 0; i < topic->count; i++, id += shards) {
        if (topic->ids[i] != id)
            return false;
    }
    return id >= topic->partitions;
}

static bool all_are_share(const struct partition_choice *topics, size_t count, int64_t shard,
                          int64_t shards)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_share(&topics[i], shard, shards))
            return false;
    }
    return true;
}

char *partition_list_name(const struct partition_choice *topics, size_t count)
{
    const struct partition_choice *some = topics;
    int64_t most = 0;

    for (size_t i = 0; i < count; i++) {
        if (topics[i].count > 0)
            qsort(topics[i].ids, topics[i].count, sizeof *topics[i].ids, compare_ids);
        if (some->count == 0)
            some = &topics[i];
        most = topics[i].partitions > most ? topics[i].partitions : most;
    }
    // The lowest id of a share I/N is I, unless the share is empty.
    for (int64_t shards = some->ids[0] + 1; shards <= most; shards++) {
        if (all_are_share(topics, count, some->ids[0], shards))
            return partition_list_shard_name(some->ids[0], shards);
    }
    return list_name(some->ids, some->count);
}
