// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/consumer.h"

#include <stdlib.h>
#include <string.h>

#include "base/datetime.h"
#include "base/log.h"
#include "base/number.h"
#include "kafka/metadata.h"
#include "stream/topic_counts.h"

#define EXPLAIN_TIME 2000     // ms to find out why a topic is not available
#define GROWTH_INTERVAL 10000 // ms between questions whether topics have more partitions
#define RATE_BURST 100        // ms of a delay for which a rate makes up

static bool still_reads(void *ctx)
{
    const struct consumer *c = ctx;

    return !c->stopped && !c->closing;
}

static int begin_shared(void *ctx, struct err *err)
{
    struct consumer *c = ctx;

    return c->ops.begin(c->ctx, err);
}

// Gives the owner its last chance to commit what was read from the assigned partitions.
static void revoke_shared(void *ctx, bool lost)
{
    struct consumer *c = ctx;

    if (!c->closing && c->ops.revoke(c->ctx, c->serving, lost) != 0)
        c->stopped = true;
}

static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                         rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct consumer *c = ((struct client *)opaque)->ctx;

    (void)rk;
    shared_set_rebalance(&c->shared, code, list);
}

// librdkafka delivers errors as messages.
static void on_message_error(struct consumer *c, const rd_kafka_message_t *message)
{
    struct partition *p = partition_of(&c->partitions, message);
    int status = client_error_status(message->err);
    const struct client_needs needs = client_needs_topic(
        &c->client, message->rkt == NULL ? NULL : rd_kafka_topic_name(message->rkt));

    switch (message->err) {
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        if (p == NULL || !p->assigned)
            return;
        partition_reached_end(p, message->offset);
        if (message->offset >= p->stop)
            partition_finish(p);
        return;
    case RD_KAFKA_RESP_ERR__FATAL: // of a consumer, it comes as a message
        client_fail_fatal(&c->client, c->client.rk);
        return;
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
        client_fail(&c->client, EX_CONFIG, "%s", rd_kafka_message_errstr(message));
        return;
    default:
        if (client_is_final(message->err))
            client_fail_error(&c->client, &needs, message->err, "%s",
                              rd_kafka_message_errstr(message));
        else if (status != EX_TEMPFAIL)
            client_fail(&c->client, status, "%s", rd_kafka_message_errstr(message));
        else
            log_warn("%s", rd_kafka_message_errstr(message));
    }
}

static void pass_record(struct consumer *c, struct partition *p, const rd_kafka_message_t *message)
{
    struct line line;

    c->message = message;
    value_read(&c->value, message, c->max_line, &line);
    line.number = ++c->records;
    line.origin = message_origin_set(&c->origin, message, p->topic);
    if (c->ops.record(c->ctx, p, &line) != 0) {
        c->stopped = true;
        consumer_yield(c);
    }
    if (c->rate.count > 0) {
        rate_take(&c->rate);
        if (--c->due == 0)
            consumer_yield(c);
    }
}

static void on_message(rd_kafka_message_t *message, void *opaque)
{
    struct consumer *c = opaque;

    if (!still_reads(c))
        return;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        on_message_error(c, message);
        return;
    }
    struct partition *p = partition_of(&c->partitions, message);
    if (p == NULL || !p->assigned || p->done)
        return;
    if (message->offset < p->next) {
        p->offset_regressed = true; // consumer_poll() finds out why
        return;
    }
    p->at_end = false;
    if (message->offset >= p->stop) {
        partition_finish(p);
        return;
    }
    p->next = message->offset + 1;
    pass_record(c, p, message);
    p->done = p->next == p->stop;
}

static void on_commit(rd_kafka_t *rk, rd_kafka_resp_err_t code,
                      rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct consumer *c = ((struct client *)opaque)->ctx;

    (void)rk;
    if (client_is_refused(code))
        client_fail_error(&c->client, &c->client.needs, code, "group %s: commit", c->offsets.group);
    consumer_offsets_committed(&c->offsets, code);
    c->ops.committed(c->ctx, code, list);
}

// If the broker has deleted the next record, reading continues with the first record that still
// exists. With "latest" it would skip all existing records too.
static void read_what_is_left(rd_kafka_conf_t *conf)
{
    char policy[32], unused[8];
    size_t size = sizeof policy;

    if (rd_kafka_conf_get(conf, "auto.offset.reset", policy, &size) == RD_KAFKA_CONF_OK &&
        strcmp(policy, "error") != 0)
        rd_kafka_conf_set(conf, "auto.offset.reset", "earliest", unused, sizeof unused);
}

// How often to ask for added partitions. A group asks as often as the setting says, so kcat-in sets
// it to GROWTH_INTERVAL.
static int64_t growth_interval(const rd_kafka_conf_t *conf)
{
    char text[32];
    size_t size = sizeof text;
    int64_t ms;

    if (rd_kafka_conf_get(conf, "topic.metadata.refresh.interval.ms", text, &size) !=
            RD_KAFKA_CONF_OK ||
        number_parse_int(text, &ms) != 0 || ms <= 0 || ms > GROWTH_INTERVAL)
        return GROWTH_INTERVAL;
    return ms;
}

int consumer_init(struct consumer *c, const struct config_options *options,
                  const struct config_setting *defaults, struct err *err)
{
    char why[256];
    rd_kafka_conf_t *conf = config_new(options, defaults, err);

    if (conf == NULL)
        return -1;
    c->rate.burst = RATE_BURST;
    read_what_is_left(conf);
    if (c->offsets.group != NULL && rd_kafka_conf_set(conf, "group.id", c->offsets.group, why,
                                                      sizeof why) != RD_KAFKA_CONF_OK) {
        rd_kafka_conf_destroy(conf);
        return err_set(err, EX_USAGE, "group %s: %s", c->offsets.group, why);
    }
    c->set.watch.interval = growth_interval(conf);
    rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
    rd_kafka_conf_set_offset_commit_cb(conf, on_commit);
    if (client_init(&c->client, RD_KAFKA_CONSUMER, conf, options, c, err) != 0)
        return -1;
    c->client.needs.group = c->offsets.group;
    c->messages = rd_kafka_queue_new(c->client.rk);
    c->nothing = rd_kafka_queue_new(c->client.rk);
    c->offsets.client = &c->client;
    c->offsets.partitions = &c->partitions;
    c->shared.ops = (struct shared_set_ops){still_reads, begin_shared, revoke_shared};
    c->shared.ctx = c;
    c->shared.client = &c->client;
    c->shared.offsets = &c->offsets;
    c->shared.topics = &c->topics;
    c->shared.messages = c->messages;
    return 0;
}

static int subscribe(struct consumer *c, const struct opt_list *topics, struct err *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)topics->count);
    int partitions, status = 0;

    c->shared.names = topics;
    for (size_t i = 0; i < topics->count && status == 0; i++) {
        rd_kafka_topic_partition_list_add(list, topics->item[i], RD_KAFKA_PARTITION_UA);
        if (topics->item[i][0] != '^')
            status = metadata_wait_topic(&c->client, topics->item[i], &partitions, err);
    }
    if (status == 0) {
        rd_kafka_poll_set_consumer(c->client.rk);
        rd_kafka_resp_err_t code = rd_kafka_subscribe(c->client.rk, list);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
            status =
                err_set(err, EX_USAGE, "group %s: %s", c->offsets.group, rd_kafka_err2str(code));
    }
    rd_kafka_topic_partition_list_destroy(list);
    c->offsets.shared = status == 0;
    return status;
}

static int start_fetching(struct consumer *c, const rd_kafka_topic_partition_list_t *list,
                          struct err *err)
{
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *entry = &list->elems[i];
        struct partition *p = partition_get(&c->partitions, entry->topic, entry->partition);
        if (p->done)
            continue;
        p->handle = rd_kafka_topic_new(c->client.rk, p->topic, NULL);
        if (rd_kafka_consume_start_queue(p->handle, p->id, p->next, c->messages) != 0)
            return err_set(err, EX_UNAVAILABLE, "topic %s [%d]: %s", p->topic, (int)p->id,
                           rd_kafka_err2str(rd_kafka_last_error()));
    }
    return 0;
}

static int assign(struct consumer *c, const struct opt_list *topics, struct err *err)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    int status = fixed_set_find(&c->set, &c->client, topics, list, err);

    if (status == 0 && list->cnt == 0 && c->offsets.group == NULL)
        status = err_set(err, EX_CONFIG, "shard %lld/%lld: no topic has a partition in this share",
                         (long long)c->set.shard, (long long)c->set.shards);
    if (status == 0 && list->cnt == 0)
        log_warn("shard %lld/%lld: no topic has a partition in this share; waiting until one is "
                 "added",
                 (long long)c->set.shard, (long long)c->set.shards);
    if (status == 0)
        c->share = fixed_set_name(&c->set, list);
    for (size_t i = 0; i < c->set.watch.count && c->set.id_count == 0; i++)
        topic_counts_add(&c->topics, c->set.watch.topic[i].name, c->set.watch.topic[i].partitions);
    if (status == 0)
        status = consumer_offsets_prepare(&c->offsets, list, err);
    if (status == 0)
        status = c->ops.begin(c->ctx, err);
    if (status == 0)
        status = start_fetching(c, list, err);
    rd_kafka_topic_partition_list_destroy(list);
    return status;
}

int consumer_start(struct consumer *c, const struct opt_list *topics, struct err *err)
{
    for (size_t i = 0; i < topics->count; i++)
        client_add_topic(&c->topic_names, topics->item[i]);
    buf_putc(&c->topic_names, '\0');
    c->client.needs.topics = c->topic_names.data;
    if (c->offsets.group != NULL && c->set.ids == NULL && c->set.shards == 0)
        return subscribe(c, topics, err);
    return assign(c, topics, err);
}

static void serve_events(struct consumer *c)
{
    rd_kafka_message_t *message;

    if (!c->offsets.shared) {
        rd_kafka_poll(c->client.rk, 0);
        return;
    }
    while ((message = rd_kafka_consumer_poll(c->client.rk, 0)) != NULL) {
        on_message(message, c);
        rd_kafka_message_destroy(message);
    }
}

// Never called: there is no message in the queue.
static void ignore_message(rd_kafka_message_t *message, void *opaque)
{
    (void)message;
    (void)opaque;
}

void consumer_serve(struct consumer *c)
{
    c->serving = true;
    // librdkafka counts any poll as a sign of life (rd_kafka_consume_callback0() in 2.0.2), but
    // only one of the client's own queue handles a rebalance.
    if (c->shared.keeps && c->offsets.shared)
        rd_kafka_consume_callback_queue(c->nothing, 0, ignore_message, c);
    else
        serve_events(c);
    client_watch(&c->client);
    c->serving = false;
}

// Checks partitions in which a record below the next offset has arrived. Such a record is a
// duplicate, and is dropped, unless the topic has been truncated.
static int check_regressed(struct consumer *c, struct err *err)
{
    for (size_t i = 0; i < c->partitions.count; i++) {
        struct partition *p = c->partitions.item[i];
        if (!p->offset_regressed)
            continue;
        p->offset_regressed = false;
        if (p->assigned && consumer_offsets_check_truncation(&c->offsets, p, p->next, err) != 0)
            return -1;
    }
    return 0;
}

// A topic that no longer exists takes the group's offsets with it. This is more serious than a
// topic that is not available: a later run would continue in another topic of that name.
static int explain(struct consumer *c, struct err *err)
{
    rd_kafka_resp_err_t code;
    struct err gone;

    if (err->status == EX_UNAVAILABLE && c->offsets.group != NULL &&
        consumer_offsets_check(&c->offsets, NULL, EXPLAIN_TIME, &code, &gone) != 0)
        *err = gone;
    return -1;
}

// Tells the owner of partitions that were assigned or revoked since the last time.
static void announce(struct consumer *c)
{
    if (c->stopped || c->announced == c->shared.assignment || c->ops.assigned == NULL)
        return;
    c->announced = c->shared.assignment;
    c->stopped = c->ops.assigned(c->ctx) != 0;
}

// Takes messages from the queue, and waits for the first one. While the rate allows no record, only
// waits. Returns the number of messages.
static int take_messages(struct consumer *c, int timeout_ms)
{
    if (c->rate.count == 0)
        return rd_kafka_consume_callback_queue(c->messages, timeout_ms, on_message, c);
    int64_t now = time_monotonic();
    c->due = rate_due(&c->rate, now);
    if (c->due > 0)
        return rd_kafka_consume_callback_queue(c->messages, timeout_ms, on_message, c);
    int64_t wait = rate_wait(&c->rate, now);
    return rd_kafka_consume_callback_queue(c->nothing, wait < timeout_ms ? (int)wait : timeout_ms,
                                           ignore_message, c);
}

int consumer_poll(struct consumer *c, int timeout_ms, struct err *err)
{
    serve_events(c);
    if (!c->client.failed)
        announce(c);
    int taken = take_messages(c, timeout_ms);
    refill_check(&c->refill, c->client.rk, c->messages, taken > 0 ? (size_t)taken : 0,
                 &c->partitions);
    client_watch(&c->client);
    if (client_check(&c->client, err) != 0 || check_regressed(c, err) != 0)
        return explain(c, err);
    err->status = EX_OK;
    return c->stopped ? -1 : 0;
}

int64_t consumer_timestamp(const struct consumer *c)
{
    rd_kafka_timestamp_type_t type;

    return rd_kafka_message_timestamp(c->message, &type);
}

void consumer_yield(struct consumer *c)
{
    rd_kafka_yield(c->client.rk);
}

bool consumer_grown(struct consumer *c, struct err *err)
{
    return !c->offsets.shared && fixed_set_grown(&c->set, err);
}

// Returns whether the partitions stop nowhere.
static bool is_endless(const struct consumer_offsets *o)
{
    return !o->stop_at_end && o->range.to.kind == OFFSET_NONE;
}

bool consumer_done(const struct consumer *c)
{
    return !is_endless(&c->offsets) && (c->shared.assigned || !c->offsets.shared) &&
           partitions_done(&c->partitions);
}

// Stops reading a fixed set. librdkafka cannot destroy a client that is still fetching.
static void stop_fetching(struct consumer *c)
{
    for (size_t i = 0; i < c->partitions.count; i++) {
        struct partition *p = c->partitions.item[i];
        if (p->handle == NULL)
            continue;
        rd_kafka_consume_stop(p->handle, p->id);
        rd_kafka_topic_destroy(p->handle);
        p->handle = NULL;
    }
}

void consumer_close(struct consumer *c)
{
    stop_fetching(c);
    c->closing = true;
    if (c->offsets.shared)
        rd_kafka_consumer_close(c->client.rk);
}

void consumer_release(struct consumer *c)
{
    c->closing = true;
    stop_fetching(c);
    fixed_set_release(&c->set);
    refill_release(&c->refill);
    if (c->messages != NULL)
        rd_kafka_queue_destroy(c->messages);
    if (c->nothing != NULL)
        rd_kafka_queue_destroy(c->nothing);
    client_release(&c->client);
    group_known_release(&c->offsets.known);
    partition_set_release(&c->partitions);
    shared_set_release(&c->shared);
    topic_counts_clear(&c->topics);
    free(c->share);
    buf_release(&c->topic_names);
    value_release(&c->value);
    message_origin_release(&c->origin);
}
