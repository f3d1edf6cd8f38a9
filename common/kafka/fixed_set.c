// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/fixed_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "kafka/metadata.h"
#include "kafka/partition_list.h"

// Adds the partitions of one topic with these ids, or all of them when there are no ids.
static int add_topic(struct fixed_set *set, struct client *client,
                     rd_kafka_topic_partition_list_t *list, const char *topic, struct err *err)
{
    int partitions;

    if (metadata_wait_topic(client, topic, &partitions, err) != 0)
        return -1;
    partition_watch_add(&set->watch, client, topic, partitions);
    for (int i = 0; i < (set->id_count == 0 ? partitions : set->id_count); i++) {
        int32_t id = set->id_count == 0 ? i : set->ids[i];
        if (set->shards > 0 && !partition_list_in_shard(id, set->shard, set->shards))
            continue;
        if (id >= partitions)
            return err_set(err, EX_UNAVAILABLE, "topic %s: no partition %d, it has %d", topic,
                           (int)id, partitions);
        if (rd_kafka_topic_partition_list_find(list, topic, id) == NULL)
            rd_kafka_topic_partition_list_add(list, topic, id);
    }
    return 0;
}

int fixed_set_find(struct fixed_set *set, struct client *client, const struct opt_list *topics,
                   rd_kafka_topic_partition_list_t *list, struct err *err)
{
    for (size_t i = 0; i < topics->count; i++) {
        size_t before = set->names.count;
        if (topics->item[i][0] != '^') {
            if (add_topic(set, client, list, topics->item[i], err) != 0)
                return -1;
            continue;
        }
        if (metadata_match_topics(client, topics->item[i], &set->names, err) != 0)
            return -1;
        if (set->names.count == before)
            return err_set(err, EX_UNAVAILABLE,
                           "topic %s: no topic matches that this user may DESCRIBE",
                           topics->item[i]);
        for (size_t j = before; j < set->names.count; j++) {
            if (add_topic(set, client, list, set->names.item[j], err) != 0)
                return -1;
        }
    }
    return 0;
}

char *fixed_set_name(const struct fixed_set *set, const rd_kafka_topic_partition_list_t *list)
{
    struct partition_choice *topics = xcalloc(set->watch.count, sizeof *topics);

    if (list->cnt == 0) {
        free(topics);
        return partition_list_shard_name(set->shard, set->shards);
    }
    for (size_t i = 0; i < set->watch.count; i++) {
        topics[i].partitions = set->watch.topic[i].partitions;
        topics[i].ids = xcalloc((size_t)list->cnt, sizeof *topics[i].ids);
        for (int j = 0; j < list->cnt; j++) {
            if (strcmp(list->elems[j].topic, set->watch.topic[i].name) == 0)
                topics[i].ids[topics[i].count++] = list->elems[j].partition;
        }
    }
    char *name = partition_list_name(topics, set->watch.count);
    for (size_t i = 0; i < set->watch.count; i++)
        free(topics[i].ids);
    free(topics);
    return name;
}

bool fixed_set_grown(struct fixed_set *set, struct err *err)
{
    if (set->id_count > 0 || !partition_watch_answered(&set->watch))
        return false;
    for (size_t i = 0; i < set->watch.count; i++) {
        const struct watched_topic *topic = &set->watch.topic[i];
        for (int32_t id = topic->partitions; id < topic->found; id++) {
            if (set->shards > 0 && !partition_list_in_shard(id, set->shard, set->shards))
                continue;
            err_set(err, EX_TEMPFAIL,
                    "topic %s: partitions were added (it had %d, and has %d); start again to read "
                    "them too",
                    topic->name, topic->partitions, topic->found);
            return true;
        }
    }
    return false;
}

void fixed_set_release(struct fixed_set *set)
{
    partition_watch_release(&set->watch);
    for (size_t i = 0; i < set->names.count; i++)
        free((char *)set->names.item[i]);
    opt_list_release(&set->names);
}
