// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/consumer_offsets.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/datetime.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "kafka/metadata.h"

#define FIRST_TIME 500       // ms for the first request about the group
#define REQUEST_TIME 5000    // ms for one request
#define TRUNCATION_PAUSE 200 // ms between checks for the end of a partition

// The metadata of the offsets at which a group starts to read.
static const char start_metadata[] = "start";

int consumer_offsets_check_truncation(struct consumer_offsets *o, const struct partition *p,
                                      int64_t offset, struct err *err)
{
    const struct offset_point at_end = {OFFSET_END, 0};
    int64_t deadline = time_monotonic() + o->client->wait, end;

    // After an open transaction or a change of leader, the end may be too low for a while.
    do {
        if (offset_spec_resolve(o->client, p->topic, p->id, at_end, &end, err) != 0)
            return -1;
        if (offset <= end)
            return 0;
        poll(NULL, 0, TRUNCATION_PAUSE);
    } while (client_keep_trying(o->client, deadline));
    return err_set(err, EX_CONFIG,
                   "topic %s [%d]: ends at offset %lld, but was read up to %lld already: it was "
                   "recreated or truncated; reset the group's offsets or use another group",
                   p->topic, (int)p->id, (long long)end, (long long)offset);
}

// Warns of records that the topic has deleted before they were read.
static int check_retention(struct consumer_offsets *o, const struct partition *p, struct err *err)
{
    const struct offset_point beginning = {OFFSET_BEGINNING, 0};
    int64_t low;

    if (offset_spec_resolve(o->client, p->topic, p->id, beginning, &low, err) != 0)
        return -1;
    if (low > p->next)
        log_warn("topic %s [%d]: offsets %lld to %lld were deleted by the topic's retention",
                 p->topic, (int)p->id, (long long)p->next, (long long)low - 1);
    return 0;
}

// Finds where a partition starts: at the group's committed offset or, if there is none, where the
// range says. A partition that was added to a topic that the group has already read starts at its
// beginning, whatever the range says.
static int find_start(struct consumer_offsets *o, struct partition *p, int64_t committed,
                      bool is_new, struct err *err)
{
    struct offset_point from = o->range.from;

    if (committed >= 0) {
        p->committed = p->next = p->written = committed;
        return consumer_offsets_check_truncation(o, p, committed, err) == 0
                   ? check_retention(o, p, err)
                   : -1;
    }
    if (is_new)
        from.kind = OFFSET_BEGINNING;
    if (from.kind == OFFSET_REFUSED)
        return err_set(err, EX_CONFIG,
                       "group %s: no offset is committed for topic %s [%d], and with "
                       "auto.offset.reset=error it starts nowhere else; say where with -o",
                       o->group, p->topic, (int)p->id);
    if (from.kind == OFFSET_NONE || from.kind == OFFSET_STORED)
        from.kind = OFFSET_BEGINNING;
    if (offset_spec_resolve(o->client, p->topic, p->id, from, &p->next, err) != 0)
        return -1;
    p->written = p->next;
    return 0;
}

// Finds where a partition stops. A rebalance does not change this, so that the partition still
// stops at the end it had when it was first assigned.
static int find_stop(struct consumer_offsets *o, struct partition *p, struct err *err)
{
    const struct offset_point at_end = {OFFSET_END, 0};
    int64_t end;

    if (p->stop != PARTITION_NO_STOP)
        return 0;
    if (o->range.to.kind != OFFSET_NONE &&
        offset_spec_resolve(o->client, p->topic, p->id, o->range.to, &p->stop, err) != 0)
        return -1;
    if (!o->stop_at_end)
        return 0;
    if (offset_spec_resolve(o->client, p->topic, p->id, at_end, &end, err) != 0)
        return -1;
    if (end < p->stop)
        p->stop = end;
    return 0;
}

static int prepare(struct consumer_offsets *o, struct partition *p, int64_t committed, bool is_new,
                   struct err *err)
{
    if (find_start(o, p, committed, is_new, err) != 0 || find_stop(o, p, err) != 0)
        return -1;
    p->assigned = true;
    p->at_end = false;
    if (o->shared) // another member may have read further meanwhile
        p->newest = PARTITION_NO_TIME;
    p->done = p->next >= p->stop;
    log_info("%s [%d]: from offset %lld", p->topic, (int)p->id, (long long)p->next);
    return 0;
}

// Reads the group's offsets into the list. Tries again while the broker gives no answer.
static int read_committed(struct consumer_offsets *o, rd_kafka_topic_partition_list_t *list,
                          struct err *err)
{
    int64_t deadline = time_monotonic() + o->client->wait;
    rd_kafka_resp_err_t code;
    int time = FIRST_TIME;

    do {
        code = o->shared ? group_offsets_read(o->client, list, REQUEST_TIME)
                         : group_offsets_read_unsubscribed(o->client, list, time);
        time = REQUEST_TIME;
    } while (code != RD_KAFKA_RESP_ERR_NO_ERROR && !client_is_refused(code) &&
             client_keep_trying(o->client, deadline));
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    return client_error(
        err, &o->client->needs, code, EX_TEMPFAIL, "group %s: cannot read its offsets%s", o->group,
        code == RD_KAFKA_RESP_ERR__TIMED_OUT ? " (an open transaction may still be changing them)"
                                             : "");
}

bool consumer_offsets_uncommitted(const struct consumer_offsets *o)
{
    return o->group != NULL && !o->commits_nothing && partitions_uncommitted(o->partitions);
}

static void count_commit(struct consumer_offsets *o, int64_t began)
{
    metrics_durations_add(&o->commits, time_monotonic() - began);
    o->committed_at = time_now();
}

void consumer_offsets_committed(struct consumer_offsets *o, rd_kafka_resp_err_t code)
{
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && o->asked_at != 0)
        count_commit(o, o->asked_at);
    o->asked_at = 0;
}

static rd_kafka_resp_err_t commit(struct consumer_offsets *o,
                                  const rd_kafka_topic_partition_list_t *list, bool wait)
{
    const int64_t began = time_monotonic();

    if (!wait)
        o->asked_at = began;
    rd_kafka_resp_err_t code = rd_kafka_commit(o->client->rk, list, !wait);
    if (wait && code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        group_known_set(&o->known, list);
        count_commit(o, began);
    }
    return code;
}

// Commits with this metadata, or with none if it is NULL.
static rd_kafka_resp_err_t commit_written(struct consumer_offsets *o, bool wait,
                                          const char *metadata)
{
    if (!consumer_offsets_uncommitted(o))
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_topic_partition_list_t *list = partitions_to_commit(o->partitions);
    for (int i = 0; i < list->cnt && metadata != NULL; i++) {
        list->elems[i].metadata = xstrdup(metadata);
        list->elems[i].metadata_size = strlen(metadata);
    }
    rd_kafka_resp_err_t code = commit(o, list, wait);
    rd_kafka_topic_partition_list_destroy(list);
    return code;
}

rd_kafka_resp_err_t consumer_offsets_commit_written(struct consumer_offsets *o, bool wait)
{
    return commit_written(o, wait, NULL);
}

void consumer_offsets_retry(struct consumer_offsets *o, const rd_kafka_topic_partition_list_t *list)
{
    for (int i = 0; list != NULL && i < list->cnt; i++)
        partition_get(o->partitions, list->elems[i].topic, list->elems[i].partition)->committed =
            PARTITION_NOT_COMMITTED;
}

rd_kafka_topic_partition_list_t *consumer_offsets_assigned(const struct consumer_offsets *o)
{
    rd_kafka_topic_partition_list_t *list =
        rd_kafka_topic_partition_list_new((int)o->partitions->count);

    for (size_t i = 0; i < o->partitions->count; i++) {
        const struct partition *p = o->partitions->item[i];
        if (p->assigned)
            rd_kafka_topic_partition_list_add(list, p->topic, p->id);
    }
    return list;
}

int consumer_offsets_check(struct consumer_offsets *o, const struct group_allowed *allowed,
                           int timeout_ms, rd_kafka_resp_err_t *code, struct err *err)
{
    rd_kafka_topic_partition_list_t *list = consumer_offsets_assigned(o);
    int status = 0;

    *code = group_offsets_read(o->client, list, timeout_ms);
    if (*code == RD_KAFKA_RESP_ERR_NO_ERROR)
        status = group_known_compare(&o->known, o->group, allowed, list, err);
    rd_kafka_topic_partition_list_destroy(list);
    return status;
}

rd_kafka_resp_err_t consumer_offsets_commit_mark(struct consumer_offsets *o,
                                                 const struct mark *mark, bool wait, bool *asked)
{
    rd_kafka_topic_partition_list_t *list = group_offsets_of_mark(mark);

    for (int i = list->cnt - 1; i >= 0; i--) {
        const rd_kafka_topic_partition_t *entry = &list->elems[i];
        if (!partition_get(o->partitions, entry->topic, entry->partition)->assigned)
            rd_kafka_topic_partition_list_del_by_idx(list, i);
    }
    *asked = list->cnt > 0;
    rd_kafka_resp_err_t code = *asked ? commit(o, list, wait) : RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_topic_partition_list_destroy(list);
    return code;
}

// Returns whether an offset is only where the group has started to read.
static bool is_start(const rd_kafka_topic_partition_t *entry)
{
    return bytes_are(entry->metadata, entry->metadata_size, start_metadata);
}

// Returns whether the group has read any of these partitions of a topic.
static bool has_offset(const rd_kafka_topic_partition_list_t *list, const char *topic)
{
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *entry = &list->elems[i];
        if (entry->offset >= 0 && strcmp(entry->topic, topic) == 0 && !is_start(entry))
            return true;
    }
    return false;
}

// Returns whether the group has an offset for a partition with a higher id. Then this one was not
// added after the group has begun to read.
static bool has_higher(const rd_kafka_topic_partition_list_t *all, int32_t id)
{
    for (int i = 0; i < all->cnt; i++) {
        if (all->elems[i].offset >= 0 && all->elems[i].partition > id)
            return true;
    }
    return false;
}

// Returns whether a partition without a committed offset always starts at its beginning.
static bool starts_at_beginning(const struct consumer_offsets *o)
{
    return o->range.from.kind == OFFSET_NONE || o->range.from.kind == OFFSET_STORED ||
           o->range.from.kind == OFFSET_BEGINNING;
}

// Reads the group's offsets of all partitions of a topic. Returns NULL with *err set.
static rd_kafka_topic_partition_list_t *read_topic(struct consumer_offsets *o, const char *topic,
                                                   struct err *err)
{
    int partitions;

    if (metadata_wait_topic(o->client, topic, &partitions, err) != 0)
        return NULL;
    rd_kafka_topic_partition_list_t *all = rd_kafka_topic_partition_list_new(partitions);
    rd_kafka_topic_partition_list_add_range(all, topic, 0, partitions - 1);
    if (read_committed(o, all, err) == 0)
        return all;
    rd_kafka_topic_partition_list_destroy(all);
    return NULL;
}

// Sets is_new[i] to whether partition i of the list has no offset because it was added to a topic
// that the group has read before. If the members share the topic, checks its other partitions as
// well as those in the list: other members may be about to start at the same time. Returns 0, or -1
// with *err set.
static int find_new(struct consumer_offsets *o, const rd_kafka_topic_partition_list_t *list,
                    bool *is_new, struct err *err)
{
    rd_kafka_topic_partition_list_t *all = NULL; // of the topic of the last partition
    int status = 0;

    for (int i = 0; i < list->cnt && status == 0; i++) {
        const rd_kafka_topic_partition_t *entry = &list->elems[i];
        if (entry->offset >= 0)
            continue;
        if (!o->shared) {
            is_new[i] = has_offset(list, entry->topic);
            continue;
        }
        if (all == NULL || strcmp(all->elems[0].topic, entry->topic) != 0) {
            if (all != NULL)
                rd_kafka_topic_partition_list_destroy(all);
            all = read_topic(o, entry->topic, err);
            status = all == NULL ? -1 : 0;
        }
        is_new[i] =
            status == 0 && has_offset(all, entry->topic) && !has_higher(all, entry->partition);
    }
    if (all != NULL)
        rd_kafka_topic_partition_list_destroy(all);
    return status;
}

int consumer_offsets_commit_start(struct consumer_offsets *o, struct err *err)
{
    rd_kafka_resp_err_t code = commit_written(o, true, start_metadata);

    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    return client_error(err, &o->client->needs, code, EX_TEMPFAIL,
                        "group %s: cannot commit the start offsets", o->group);
}

int consumer_offsets_prepare(struct consumer_offsets *o, rd_kafka_topic_partition_list_t *list,
                             struct err *err)
{
    bool *is_new = xcalloc((size_t)list->cnt + 1, sizeof *is_new);
    int status = 0;

    if (o->group != NULL && list->cnt > 0)
        status = read_committed(o, list, err);
    // Offsets that are gone since an earlier assignment are not those of a new group.
    if (o->group != NULL && status == 0)
        status = group_known_compare(&o->known, o->group, NULL, list, err);
    if (o->group != NULL && status == 0)
        group_known_set(&o->known, list);
    if (o->group != NULL && status == 0 && !starts_at_beginning(o))
        status = find_new(o, list, is_new, err);
    for (int i = 0; i < list->cnt && status == 0; i++) {
        rd_kafka_topic_partition_t *entry = &list->elems[i];
        struct partition *p = partition_get(o->partitions, entry->topic, entry->partition);
        status = prepare(o, p, o->group == NULL ? -1 : entry->offset, is_new[i], err);
        if (status == 0)
            group_offsets_newer_mark(entry, &o->seq, o->from);
        entry->offset = p->next;
    }
    free(is_new);
    return status;
}
