// SPDX-License-Identifier: BSD-2-Clause
//
// Where a consumer begins and ends in each partition, and the offsets that its group keeps.
#include "kafka/consumer.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/datetime.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "kafka/group_offsets.h"

#define REQUEST_TIME 5000 // ms for one request
#define REACH_PAUSE 200   // ms between questions for the end of a partition

int consumer_check_reach(struct consumer *c, const struct partition *p, int64_t offset,
                         struct err *err)
{
    const struct offset_point at_end = {OFFSET_END, 0};
    int64_t deadline = time_monotonic() + c->kafka.wait, end;

    // An open transaction, or a new leader, can put the end lower for a while.
    do {
        if (offset_resolve(&c->kafka, p->topic, p->id, at_end, &end, err) != 0)
            return -1;
        if (offset <= end)
            return 0;
        poll(NULL, 0, REACH_PAUSE);
    } while (kafka_keep_trying(&c->kafka, deadline));
    return err_set(err, EX_CONFIG,
                   "topic %s [%d]: ends at offset %lld, but was read up to %lld already: it was "
                   "recreated or cut off; set the group back or take another one",
                   p->topic, (int)p->id, (long long)end, (long long)offset);
}

// Says which records nobody can read any more.
static int check_retention(struct consumer *c, const struct partition *p, struct err *err)
{
    const struct offset_point beginning = {OFFSET_BEGINNING, 0};
    int64_t low;

    if (offset_resolve(&c->kafka, p->topic, p->id, beginning, &low, err) != 0)
        return -1;
    if (low > p->next)
        log_warn("topic %s [%d]: offsets %lld to %lld are gone: the topic keeps records no longer",
                 p->topic, (int)p->id, (long long)p->next, (long long)low - 1);
    return 0;
}

// Where a partition begins: where the group stopped, or else where the range says. A partition that
// has come to a topic since the group began is read from its beginning, whatever the range says.
static int find_start(struct consumer *c, struct partition *p, int64_t committed, bool is_new,
                      struct err *err)
{
    struct offset_point from = c->range.from;

    if (committed >= 0) {
        p->committed = p->next = p->written = committed;
        return consumer_check_reach(c, p, committed, err) == 0 ? check_retention(c, p, err) : -1;
    }
    if (is_new)
        from.kind = OFFSET_BEGINNING;
    if (from.kind == OFFSET_NONE || from.kind == OFFSET_STORED)
        from.kind = OFFSET_BEGINNING;
    if (offset_resolve(&c->kafka, p->topic, p->id, from, &p->next, err) != 0)
        return -1;
    p->written = p->next;
    return 0;
}

// Where it ends; kept over rebalances, so that "the end at the start" stays that.
static int find_stop(struct consumer *c, struct partition *p, struct err *err)
{
    const struct offset_point at_end = {OFFSET_END, 0};
    int64_t end;

    if (p->stop != PARTITION_NO_STOP)
        return 0;
    if (c->range.to.kind != OFFSET_NONE &&
        offset_resolve(&c->kafka, p->topic, p->id, c->range.to, &p->stop, err) != 0)
        return -1;
    if (!c->stop_at_end)
        return 0;
    if (offset_resolve(&c->kafka, p->topic, p->id, at_end, &end, err) != 0)
        return -1;
    if (end < p->stop)
        p->stop = end;
    return 0;
}

static int prepare(struct consumer *c, struct partition *p, int64_t committed, bool is_new,
                   struct err *err)
{
    if (find_start(c, p, committed, is_new, err) != 0 || find_stop(c, p, err) != 0)
        return -1;
    p->assigned = true;
    p->at_end = false;
    p->done = p->next >= p->stop;
    log_info("%s [%d]: from offset %lld", p->topic, (int)p->id, (long long)p->next);
    return 0;
}

// Reads the group's offsets into the list, asking again while the broker cannot say.
static int read_committed(struct consumer *c, rd_kafka_topic_partition_list_t *list,
                          struct err *err)
{
    int64_t deadline = time_monotonic() + c->kafka.wait;
    rd_kafka_resp_err_t code;

    do {
        code = rd_kafka_committed(c->kafka.rk, list, REQUEST_TIME);
        for (int i = 0; i < list->cnt && code == RD_KAFKA_RESP_ERR_NO_ERROR; i++)
            code = list->elems[i].err;
    } while (code != RD_KAFKA_RESP_ERR_NO_ERROR && kafka_error_status(code) != EX_NOPERM &&
             kafka_keep_trying(&c->kafka, deadline));
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    return err_set(err, kafka_error_status(code), "group %s: its offsets: %s%s", c->group,
                   rd_kafka_err2str(code),
                   code == RD_KAFKA_RESP_ERR__TIMED_OUT
                       ? " (a transaction that is to change them may still be open)"
                       : "");
}

static rd_kafka_resp_err_t commit_progress(struct consumer *c, bool wait)
{
    rd_kafka_topic_partition_list_t *list;

    if (c->group == NULL || (list = partitions_to_commit(&c->partitions)) == NULL)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_resp_err_t code = rd_kafka_commit(c->kafka.rk, list, !wait);
    rd_kafka_topic_partition_list_destroy(list);
    return code;
}

rd_kafka_resp_err_t consumer_commit_written(struct consumer *c, bool wait)
{
    return c->owner_commits ? RD_KAFKA_RESP_ERR_NO_ERROR : commit_progress(c, wait);
}

void consumer_position(const struct consumer *c, struct mark *mark)
{
    for (size_t i = 0; i < c->partitions.count; i++) {
        const struct partition *p = c->partitions.item[i];
        if (p->assigned)
            mark_add_at(mark, p->topic, p->id, p->next);
    }
}

rd_kafka_resp_err_t consumer_commit_mark(struct consumer *c, const struct mark *mark, bool wait,
                                         bool *asked)
{
    rd_kafka_topic_partition_list_t *list = kafka_offsets_of_mark(mark);

    for (int i = list->cnt - 1; i >= 0; i--) {
        const rd_kafka_topic_partition_t *entry = &list->elems[i];
        if (!partition_get(&c->partitions, entry->topic, entry->partition)->assigned)
            rd_kafka_topic_partition_list_del_by_idx(list, i);
    }
    *asked = list->cnt > 0;
    rd_kafka_resp_err_t code =
        *asked ? rd_kafka_commit(c->kafka.rk, list, !wait) : RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_topic_partition_list_destroy(list);
    return code;
}

// Whether the group has an offset for any of these partitions of a topic.
static bool has_offset(const rd_kafka_topic_partition_list_t *list, const char *topic)
{
    for (int i = 0; i < list->cnt; i++) {
        if (list->elems[i].offset >= 0 && strcmp(list->elems[i].topic, topic) == 0)
            return true;
    }
    return false;
}

// Whether a partition without an offset is begun at its beginning anyway.
static bool begins_at_beginning(const struct consumer *c)
{
    return c->range.from.kind == OFFSET_NONE || c->range.from.kind == OFFSET_STORED ||
           c->range.from.kind == OFFSET_BEGINNING;
}

// Whether the group has read of the topic before: of the partitions in the list, or, where members
// share the topic, of any.
static int has_read(struct consumer *c, const rd_kafka_topic_partition_list_t *list,
                    const char *topic, bool *read, struct err *err)
{
    rd_kafka_topic_partition_list_t *all;
    int partitions;

    *read = has_offset(list, topic);
    if (*read || !c->subscribed)
        return 0;
    if (kafka_wait_topic(&c->kafka, topic, &partitions, err) != 0)
        return -1;
    all = rd_kafka_topic_partition_list_new(partitions);
    rd_kafka_topic_partition_list_add_range(all, topic, 0, partitions - 1);
    int status = read_committed(c, all, err);
    *read = status == 0 && has_offset(all, topic);
    rd_kafka_topic_partition_list_destroy(all);
    return status;
}

// Where a group begins is kept before its first record, so that a crash does not move "end". With a
// fixed set of partitions nothing keeps another pipeline from having moved on meanwhile, so who
// commits for us, and knows how to exclude it, has to do this too.
static int commit_beginning(struct consumer *c, struct err *err)
{
    if (c->others_commit && !c->subscribed)
        return 0;
    rd_kafka_resp_err_t code = commit_progress(c, true);

    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return 0;
    if (c->owner_commits) // somebody counts on finding it
        return err_set(err, kafka_error_status(code), "group %s: where it begins: %s", c->group,
                       rd_kafka_err2str(code));
    log_warn("group %s: where it begins: %s", c->group, rd_kafka_err2str(code));
    return 0;
}

int consumer_prepare(struct consumer *c, rd_kafka_topic_partition_list_t *list, struct err *err)
{
    bool *is_new = xcalloc((size_t)list->cnt + 1, sizeof *is_new);
    int status = 0;

    if (c->group != NULL && list->cnt > 0)
        status = read_committed(c, list, err);
    for (int i = 0; i < list->cnt && status == 0; i++) {
        if (c->group != NULL && list->elems[i].offset < 0 && !begins_at_beginning(c))
            status = has_read(c, list, list->elems[i].topic, &is_new[i], err);
    }
    for (int i = 0; i < list->cnt && status == 0; i++) {
        rd_kafka_topic_partition_t *entry = &list->elems[i];
        struct partition *p = partition_get(&c->partitions, entry->topic, entry->partition);
        status = prepare(c, p, c->group == NULL ? -1 : entry->offset, is_new[i], err);
        if (status == 0)
            kafka_newer_mark(entry, &c->seq, c->from);
        entry->offset = p->next;
    }
    free(is_new);
    return status == 0 ? commit_beginning(c, err) : -1;
}

void consumer_on_commit(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                        rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct consumer *c = ((struct kafka *)opaque)->ctx;

    (void)rk;
    if (c->owner_commits) {
        if (c->ops->committed != NULL)
            c->ops->committed(c->ctx, code);
        return;
    }
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR__NO_OFFSET)
        return;
    log_warn("group %s: commit: %s; trying again", c->group, rd_kafka_err2str(code));
    for (int i = 0; list != NULL && i < list->cnt; i++)
        partition_get(&c->partitions, list->elems[i].topic, list->elems[i].partition)->committed =
            PARTITION_NOT_COMMITTED;
}
