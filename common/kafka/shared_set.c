// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/shared_set.h"

#include <stdlib.h>

#include "base/log.h"
#include "kafka/membership.h"
#include "kafka/metadata.h"
#include "kafka/partition.h"

static void forward_messages(struct shared_set *set, const rd_kafka_topic_partition_t *entry)
{
    rd_kafka_queue_t *queue =
        rd_kafka_queue_get_partition(set->client->rk, entry->topic, entry->partition);

    if (queue == NULL)
        return;
    rd_kafka_queue_forward(queue, set->messages);
    rd_kafka_queue_destroy(queue);
}

static int count_topic(struct shared_set *set, const char *topic, struct err *err)
{
    int partitions;

    if (topic_counts_find(set->topics, topic) != NULL)
        return 0;
    if (metadata_wait_topic(set->client, topic, &partitions, err) != 0)
        return -1;
    topic_counts_add(set->topics, topic, partitions);
    return 0;
}

// Finds out how many partitions the topics have: those that are subscribed by name, and those that
// match a pattern and of which this member has a partition.
static int count_partitions(struct shared_set *set, const rd_kafka_topic_partition_list_t *list,
                            struct err *err)
{
    int status = 0;

    topic_counts_clear(set->topics);
    for (size_t i = 0; i < set->names->count && status == 0; i++) {
        if (set->names->item[i][0] != '^')
            status = count_topic(set, set->names->item[i], err);
    }
    for (int i = 0; i < list->cnt && status == 0; i++)
        status = count_topic(set, list->elems[i].topic, err);
    return status;
}

static void let_go(struct shared_set *set)
{
    const struct partition_set *partitions = set->offsets->partitions;

    for (size_t i = 0; i < partitions->count; i++)
        partitions->item[i]->assigned = false;
    topic_counts_clear(set->topics);
    set->assigned = false;
}

static void set_member(struct shared_set *set, char *take)
{
    free(set->member);
    set->member = take;
}

// Finds where the partitions start. Returns 1, 0 if they belong to an assignment that is no longer
// valid, or -1 with *err set.
static int prepare(struct shared_set *set, rd_kafka_topic_partition_list_t *list, struct err *err)
{
    if ((set->keeps && count_partitions(set, list, err) != 0) ||
        consumer_offsets_prepare(set->offsets, list, err) != 0)
        return -1;
    if (set->is_next)
        return 0;
    return set->keeps ? membership_confirm(set->client->rk, set->offsets->group, set->member, list,
                                           set->client->wait, err)
                      : 1;
}

// Returns whether the partitions can be read; if not, another assignment follows, or the client has
// failed.
static bool take_partitions(struct shared_set *set, rd_kafka_topic_partition_list_t *list)
{
    struct err err;

    set_member(set, set->keeps ? membership_text(set->client->rk) : NULL);
    int status = prepare(set, list, &err);
    if (status > 0 && set->ops.begin(set->ctx, &err) != 0)
        status = -1;
    if (status < 0)
        client_fail(set->client, err.status, "%s", err.text);
    else if (status == 0)
        log_info("group %s: is shared anew already", set->offsets->group);
    return status > 0;
}

static void give_up(struct shared_set *set)
{
    bool lost = rd_kafka_assignment_lost(set->client->rk);

    if (set->assigned)
        set->ops.revoke(set->ctx, lost);
    let_go(set);
}

static void assign(struct shared_set *set, rd_kafka_topic_partition_list_t *list)
{
    // If librdkafka has joined anew while it waited for an answer, it may not revoke first.
    give_up(set);
    bool taken = set->ops.reads(set->ctx) && take_partitions(set, list);
    if (set->is_next) {
        let_go(set); // librdkafka would take an answer for one to the next rebalance
    } else if (!taken) {
        rd_kafka_topic_partition_list_t *none = rd_kafka_topic_partition_list_new(0);
        let_go(set);
        rd_kafka_assign(set->client->rk, none);
        rd_kafka_topic_partition_list_destroy(none);
    } else {
        for (int i = 0; i < list->cnt; i++)
            forward_messages(set, &list->elems[i]);
        rd_kafka_assign(set->client->rk, list);
        set->assigned = true;
    }
    set->assignment++;
}

static void revoke(struct shared_set *set)
{
    give_up(set);
    rd_kafka_assign(set->client->rk, NULL);
    set->assignment++;
}

// Takes the list.
static void put_next(struct shared_set *set, rd_kafka_topic_partition_list_t *assigned)
{
    if (set->next != NULL)
        rd_kafka_topic_partition_list_destroy(set->next);
    set->next = assigned;
    set->is_next = true;
}

static void handle_next(struct shared_set *set)
{
    rd_kafka_topic_partition_list_t *assigned = set->next;

    set->next = NULL;
    set->is_next = false;
    if (assigned == NULL)
        revoke(set);
    else if (!set->ops.reads(set->ctx))
        rd_kafka_assign(set->client->rk, NULL);
    else
        assign(set, assigned);
    if (assigned != NULL)
        rd_kafka_topic_partition_list_destroy(assigned);
}

// Handling a rebalance asks the broker, which serves librdkafka's events, among them the next
// rebalance.
void shared_set_rebalance(struct shared_set *set, rd_kafka_resp_err_t code,
                          const rd_kafka_topic_partition_list_t *list)
{
    bool assigns = code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;

    log_info("group %s: %d partitions %s", set->offsets->group, list->cnt,
             assigns ? "assigned" : "revoked");
    put_next(set, assigns ? rd_kafka_topic_partition_list_copy(list) : NULL);
    if (set->handling)
        return;
    set->handling = true;
    while (set->is_next)
        handle_next(set);
    set->handling = false;
}

void shared_set_release(struct shared_set *set)
{
    set_member(set, NULL);
    if (set->next != NULL)
        rd_kafka_topic_partition_list_destroy(set->next);
    set->next = NULL;
}
