// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/group_view.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/datetime.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "kafka/group_offsets.h"
#include "kafka/offsets_find.h"

#define REQUEST_TIME 5000 // ms
#define FIRST_TIME 250  // ms for the first request for offsets; twice as long for each further one
#define RETRY_PAUSE 200 // ms
#define CHUNK 1000      // partitions in a request; librdkafka searches its list for each of them

// --- Groups ---

// Asks all brokers, until each of them has answered. `group` may be NULL for all groups.
static int ask(struct client *client, const char *group, const struct rd_kafka_group_list **list,
               struct err *err)
{
    const int64_t deadline = time_monotonic() + client->wait;
    rd_kafka_resp_err_t code;

    for (;;) {
        *list = NULL;
        code = rd_kafka_list_groups(client->rk, group, list, REQUEST_TIME);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
            return 0;
        if (*list != NULL)
            rd_kafka_group_list_destroy(*list);
        *list = NULL;
        if (code == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE) {
            log_info("groups: the broker does not list them");
            return 0;
        }
        if (client_is_final(code) || !client_keep_trying(client, deadline))
            break;
        log_debug("groups: %s; asking again", rd_kafka_err2str(code));
        rd_kafka_poll(client->rk, RETRY_PAUSE);
    }
    if (client_check(client, err) != 0)
        return -1;
    return client_error(err, &client->needs, code, EX_UNAVAILABLE, "groups");
}

static int by_name(const void *a, const void *b)
{
    const struct rd_kafka_group_info *first = a, *second = b;

    return strcmp(first->group, second->group);
}

int group_view_list(struct client *client, const struct rd_kafka_group_list **list, struct err *err)
{
    if (ask(client, NULL, list, err) != 0)
        return -1;
    if (*list != NULL)
        qsort((*list)->groups, (size_t)(*list)->group_cnt, sizeof *(*list)->groups, by_name);
    return 0;
}

bool group_view_described(const struct rd_kafka_group_info *group)
{
    return group->err == RD_KAFKA_RESP_ERR_NO_ERROR && strcmp(group->state, "Dead") != 0;
}

// --- Assignments ---

// A big-endian number of `size` bytes at *at, which is moved behind it. Returns -1 if it would pass
// the end.
static int64_t take_number(const unsigned char **at, const unsigned char *end, size_t size)
{
    int64_t n = 0;

    if ((size_t)(end - *at) < size)
        return -1;
    for (size_t i = 0; i < size; i++)
        n = n << 8 | *(*at)++;
    return n;
}

// ConsumerProtocolAssignment of Kafka: a version, and an array of topics, each with an array of
// partitions.
void group_view_assigned(const struct rd_kafka_group_member_info *member,
                         void (*visit)(void *ctx, const char *topic, size_t len, int32_t partition),
                         void *ctx)
{
    const unsigned char *at = member->member_assignment;

    if (at == NULL)
        return;
    const unsigned char *end = at + member->member_assignment_size;
    take_number(&at, end, 2); // the version
    for (int64_t topics = take_number(&at, end, 4); topics > 0; topics--) {
        const int64_t len = take_number(&at, end, 2);
        if (len < 0 || end - at < len)
            return;
        const char *topic = (const char *)at;
        at += len;
        for (int64_t count = take_number(&at, end, 4); count > 0; count--) {
            const int64_t partition = take_number(&at, end, 4);
            if (partition < 0)
                return;
            visit(ctx, topic, (size_t)len, (int32_t)partition);
        }
    }
}

// --- Offsets ---

// Reads the group's offsets in the partitions of the list.
static int read_offsets(struct client *client, const char *group,
                        rd_kafka_topic_partition_list_t *list, struct err *err)
{
    const int64_t deadline = time_monotonic() + client->wait;
    int time = FIRST_TIME; // short, since a refusal is only noticed between requests
    rd_kafka_resp_err_t code;

    do {
        code = group_offsets_read_unsubscribed(client, list, time);
        time = time < REQUEST_TIME ? time * 2 : time;
    } while (code != RD_KAFKA_RESP_ERR_NO_ERROR && !client_is_final(code) &&
             client_keep_trying(client, deadline));
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    if (client_check(client, err) != 0)
        return -1;
    if (code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
        return err_set(err, EX_NOPERM, "not authorized: needs DESCRIBE on group %s", group);
    return client_error(err, &client->needs, code, EX_UNAVAILABLE, "group %s: its offsets", group);
}

// Reads the group's offsets in the partitions of the list from `begin` on, and moves `begin`.
static int read_chunk(struct client *client, const char *group,
                      rd_kafka_topic_partition_list_t *all, int *begin, struct err *err)
{
    const int count = all->cnt - *begin < CHUNK ? all->cnt - *begin : CHUNK;
    rd_kafka_topic_partition_list_t *chunk = rd_kafka_topic_partition_list_new(count);

    for (int i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(chunk, all->elems[*begin + i].topic,
                                          all->elems[*begin + i].partition);
    const int status = read_offsets(client, group, chunk, err);
    for (int i = 0; i < count; i++)
        all->elems[*begin + i].offset = chunk->elems[i].offset;
    *begin += count;
    rd_kafka_topic_partition_list_destroy(chunk);
    return status;
}

// Reads the group's offsets in all partitions of the cluster.
static int read_committed(struct group_view *v, struct client *client, const char *group,
                          const struct cluster *cluster, struct err *err)
{
    int begin = 0;

    v->committed = rd_kafka_topic_partition_list_new(1);
    for (size_t i = 0; i < cluster->count; i++) {
        for (size_t j = 0; j < cluster->topics[i].count; j++)
            rd_kafka_topic_partition_list_add(v->committed, cluster->topics[i].is->topic,
                                              cluster->topics[i].partitions[j].is->id);
    }
    while (begin < v->committed->cnt) {
        if (read_chunk(client, group, v->committed, &begin, err) != 0)
            return -1;
    }
    return 0;
}

struct owner {
    struct group_view *view;
    const struct rd_kafka_group_member_info *member;
};

static void note_owner(void *ctx, const char *topic, size_t len, int32_t partition)
{
    const struct owner *o = ctx;

    for (size_t i = 0; i < o->view->count; i++) {
        struct group_lag *lag = &o->view->lags[i];
        if (lag->partition == partition && bytes_are(topic, len, lag->topic))
            lag->owner = o->member;
    }
}

// Leaves only the partitions that the group has an offset in or reads.
static void leave_own(struct group_view *v)
{
    size_t kept = 0;

    for (size_t i = 0; i < v->count; i++) {
        if (v->lags[i].committed >= 0 || v->lags[i].owner != NULL)
            v->lags[kept++] = v->lags[i];
    }
    v->count = kept;
}

static void make_lags(struct group_view *v)
{
    v->count = (size_t)v->committed->cnt;
    v->lags = xcalloc(v->count, sizeof *v->lags);
    for (size_t i = 0; i < v->count; i++) {
        const rd_kafka_topic_partition_t *entry = &v->committed->elems[i];
        v->lags[i] = (struct group_lag){.topic = entry->topic,
                                        .partition = entry->partition,
                                        .committed = entry->offset < 0 ? -1 : entry->offset,
                                        .end = -1};
    }
    for (int i = 0; v->group != NULL && i < v->group->member_cnt; i++) {
        struct owner owner = {v, &v->group->members[i]};
        group_view_assigned(owner.member, note_owner, &owner);
    }
    leave_own(v);
}

static void find_ends(struct group_view *v, struct client *client)
{
    v->ends = rd_kafka_topic_partition_list_new(1);
    for (size_t i = 0; i < v->count; i++)
        rd_kafka_topic_partition_list_add(v->ends, v->lags[i].topic, v->lags[i].partition)->offset =
            OFFSETS_FIND_END;
    offsets_find(client, v->ends);
    for (size_t i = 0; i < v->count; i++) {
        v->lags[i].err = v->ends->elems[i].err;
        v->lags[i].end =
            v->lags[i].err == RD_KAFKA_RESP_ERR_NO_ERROR ? v->ends->elems[i].offset : -1;
    }
}

int group_view_read(struct group_view *v, struct client *client, const char *group,
                    const struct cluster *cluster, struct err *err)
{
    *v = (struct group_view){.list = NULL};
    if (read_committed(v, client, group, cluster, err) != 0)
        return -1;
    if (ask(client, group, &v->list, err) != 0)
        return -1;
    if (v->list != NULL && v->list->group_cnt == 1)
        v->group = &v->list->groups[0];
    make_lags(v);
    if (v->list != NULL && v->group == NULL && v->count == 0)
        return err_set(err, EX_UNAVAILABLE, "group %s: does not exist", group);
    find_ends(v, client);
    return 0;
}

void group_view_release(struct group_view *v)
{
    if (v->list != NULL)
        rd_kafka_group_list_destroy(v->list);
    if (v->committed != NULL)
        rd_kafka_topic_partition_list_destroy(v->committed);
    if (v->ends != NULL)
        rd_kafka_topic_partition_list_destroy(v->ends);
    free(v->lags);
}
