// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/listing.h"

#include "json/sheet.h"
#include "kafka/cluster.h"
#include "kafka/group_view.h"

// Where a listing goes.
struct printer {
    bool json;
    struct buf *out;
};

static void print_sheet(const struct printer *p, struct sheet *s)
{
    sheet_print(s, p->out);
    sheet_release(s);
}

static void put_error(struct sheet *s, rd_kafka_resp_err_t code)
{
    sheet_text(s, code == RD_KAFKA_RESP_ERR_NO_ERROR ? NULL : rd_kafka_err2str(code));
}

// A number that is not known is negative.
static void put_known(struct sheet *s, int64_t n)
{
    if (n < 0)
        sheet_none(s);
    else
        sheet_int(s, n);
}

// --- The cluster ---

static size_t count_partitions(const struct cluster *c)
{
    size_t count = 0;

    for (size_t i = 0; i < c->count; i++)
        count += c->topics[i].count;
    return count;
}

static void print_cluster(const struct printer *p, const struct cluster *c)
{
    static const char *const columns[] = {"cluster", "controller", "brokers",
                                          "topics",  "partitions", NULL};
    struct sheet s;

    sheet_init(&s, "cluster", columns, p->json);
    sheet_text(&s, c->id);
    put_known(&s, c->controller);
    sheet_int(&s, c->brokers->broker_cnt);
    sheet_int(&s, (int64_t)c->count);
    sheet_int(&s, (int64_t)count_partitions(c));
    print_sheet(p, &s);
}

static void print_brokers(const struct printer *p, const struct cluster *c)
{
    static const char *const columns[] = {"broker", "host", "port", "controller", NULL};
    struct sheet s;

    sheet_init(&s, "broker", columns, p->json);
    for (int i = 0; i < c->brokers->broker_cnt; i++) {
        const struct rd_kafka_metadata_broker *b = &c->brokers->brokers[i];
        sheet_int(&s, b->id);
        sheet_text(&s, b->host);
        sheet_int(&s, b->port);
        sheet_flag(&s, b->id == c->controller);
    }
    print_sheet(p, &s);
}

// Returns how many offsets a topic spans, or -1 if that is not known of each partition.
static int64_t count_offsets(const struct cluster_topic *t)
{
    int64_t sum = 0;

    for (size_t i = 0; i < t->count; i++) {
        if (t->partitions[i].end < 0)
            return -1;
        sum += t->partitions[i].end - t->partitions[i].first;
    }
    return sum;
}

// Returns how many partitions lack a replica that is in sync.
static int64_t count_short(const struct cluster_topic *t)
{
    int64_t count = 0;

    for (size_t i = 0; i < t->count; i++)
        count += t->partitions[i].is->isr_cnt < t->partitions[i].is->replica_cnt;
    return count;
}

static void print_topics(const struct printer *p, const struct cluster *c)
{
    static const char *const columns[] = {"topic",   "partitions", "replicas", "under_replicated",
                                          "offsets", "error",      NULL};
    struct sheet s;

    sheet_init(&s, "topic", columns, p->json);
    for (size_t i = 0; i < c->count; i++) {
        const struct cluster_topic *t = &c->topics[i];
        sheet_text(&s, t->is->topic);
        sheet_int(&s, (int64_t)t->count);
        sheet_int(&s, t->count == 0 ? 0 : t->partitions[0].is->replica_cnt);
        sheet_int(&s, count_short(t));
        put_known(&s, count_offsets(t));
        put_error(&s, t->is->err);
    }
    print_sheet(p, &s);
}

static void print_partitions(const struct printer *p, const struct cluster *c)
{
    static const char *const columns[] = {"topic",     "partition", "leader",  "replicas", "isr",
                                          "beginning", "end",       "offsets", "error",    NULL};
    struct sheet s;

    sheet_init(&s, "partition", columns, p->json);
    for (size_t i = 0; i < c->count; i++) {
        for (size_t j = 0; j < c->topics[i].count; j++) {
            const struct cluster_partition *part = &c->topics[i].partitions[j];
            sheet_text(&s, c->topics[i].is->topic);
            sheet_int(&s, part->is->id);
            put_known(&s, part->is->leader);
            sheet_ints(&s, part->is->replicas, (size_t)part->is->replica_cnt);
            sheet_ints(&s, part->is->isrs, (size_t)part->is->isr_cnt);
            put_known(&s, part->first);
            put_known(&s, part->end);
            put_known(&s, part->end < 0 ? -1 : part->end - part->first);
            put_error(&s, part->err);
        }
    }
    print_sheet(p, &s);
}

// --- Groups ---

static const char *const group_columns[] = {"group",   "state", "type",  "protocol", "coordinator",
                                            "members", "lag",   "error", NULL};

// Of a group that is not described, only the name and the coordinator are known.
static void put_group(struct sheet *s, const struct rd_kafka_group_info *g, int64_t lag)
{
    const bool described = group_view_described(g);

    sheet_text(s, g->group);
    sheet_text(s, described ? g->state : NULL);
    sheet_text(s, described ? g->protocol_type : NULL);
    sheet_text(s, described ? g->protocol : NULL);
    sheet_int(s, g->broker.id);
    put_known(s, described ? g->member_cnt : -1);
    put_known(s, lag);
    if (g->err == RD_KAFKA_RESP_ERR_NO_ERROR && !described)
        sheet_text(s, "not a classic group: its members are not known");
    else
        put_error(s, g->err);
}

// Of a group that the brokers do not list, only the name is known.
static void put_unlisted(struct sheet *s, const char *group, int64_t lag)
{
    sheet_text(s, group);
    for (int i = 0; i < 5; i++)
        sheet_none(s);
    put_known(s, lag);
    sheet_none(s);
}

static int64_t lag_of(const struct group_lag *lag)
{
    if (lag->committed < 0 || lag->end < 0)
        return -1;
    return lag->end > lag->committed ? lag->end - lag->committed : 0;
}

// Returns the lag in all partitions, or -1 if it is not known of each one.
static int64_t sum_lag(const struct group_view *v)
{
    int64_t sum = v->count == 0 ? -1 : 0;

    for (size_t i = 0; i < v->count; i++) {
        const int64_t lag = lag_of(&v->lags[i]);
        if (lag < 0)
            return -1;
        sum += lag;
    }
    return sum;
}

static void count_one(void *ctx, const char *topic, size_t len, int32_t partition)
{
    (void)topic, (void)len, (void)partition;
    ++*(int64_t *)ctx;
}

static void print_members(const struct printer *p, const struct rd_kafka_group_info *g)
{
    static const char *const columns[] = {"group", "member", "client", "host", "partitions", NULL};
    struct sheet s;

    sheet_init(&s, "member", columns, p->json);
    for (int i = 0; i < g->member_cnt; i++) {
        const struct rd_kafka_group_member_info *m = &g->members[i];
        int64_t partitions = 0;
        group_view_assigned(m, count_one, &partitions);
        sheet_text(&s, g->group);
        sheet_text(&s, m->member_id);
        sheet_text(&s, m->client_id);
        sheet_text(&s, m->client_host);
        sheet_int(&s, partitions);
    }
    print_sheet(p, &s);
}

static void print_lags(const struct printer *p, const char *group, const struct group_view *v)
{
    static const char *const columns[] = {"group", "topic",  "partition", "committed", "end",
                                          "lag",   "member", "error",     NULL};
    struct sheet s;

    sheet_init(&s, "lag", columns, p->json);
    for (size_t i = 0; i < v->count; i++) {
        const struct group_lag *lag = &v->lags[i];
        sheet_text(&s, group);
        sheet_text(&s, lag->topic);
        sheet_int(&s, lag->partition);
        put_known(&s, lag->committed);
        put_known(&s, lag->end);
        put_known(&s, lag_of(lag));
        sheet_text(&s, lag->owner == NULL ? NULL : lag->owner->member_id);
        put_error(&s, lag->err);
    }
    print_sheet(p, &s);
}

static int print_group(const struct printer *p, struct client *client,
                       const struct cluster *cluster, const char *group, struct err *err)
{
    struct group_view v;
    struct sheet s;
    const int status = group_view_read(&v, client, group, cluster, err);

    if (status == 0) {
        sheet_init(&s, "group", group_columns, p->json);
        if (v.group == NULL)
            put_unlisted(&s, group, sum_lag(&v));
        else
            put_group(&s, v.group, sum_lag(&v));
        print_sheet(p, &s);
        if (v.group != NULL)
            print_members(p, v.group);
        print_lags(p, group, &v);
    }
    group_view_release(&v);
    return status;
}

static int print_groups(const struct printer *p, struct client *client, struct err *err)
{
    const struct rd_kafka_group_list *list;
    struct sheet s;

    if (group_view_list(client, &list, err) != 0)
        return -1;
    sheet_init(&s, "group", group_columns, p->json);
    for (int i = 0; list != NULL && i < list->group_cnt; i++)
        put_group(&s, &list->groups[i], -1);
    print_sheet(p, &s);
    if (list != NULL)
        rd_kafka_group_list_destroy(list);
    return 0;
}

// --- All together ---

static int print_all(const struct listing *l, const struct printer *p, struct client *client,
                     struct cluster *cluster, struct err *err)
{
    if (l->group == NULL || l->topics->count > 0) {
        cluster_find_offsets(cluster, client);
        print_cluster(p, cluster);
        print_brokers(p, cluster);
        print_topics(p, cluster);
        print_partitions(p, cluster);
    }
    if (l->group != NULL)
        return print_group(p, client, cluster, l->group, err);
    return l->topics->count == 0 ? print_groups(p, client, err) : 0;
}

int listing_make(struct listing *l, struct client *client, struct buf *out, struct err *err)
{
    const struct printer p = {l->json, out};
    struct cluster cluster;
    int status = cluster_read(&cluster, client, l->topics, err);

    l->status = cluster.status;
    if (status == 0)
        status = print_all(l, &p, client, &cluster, err);
    cluster_release(&cluster);
    return status;
}
