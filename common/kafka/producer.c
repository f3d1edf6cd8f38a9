// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/producer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/number.h"
#include "base/opt.h"
#include "base/xalloc.h"
#include "kafka/metadata.h"

#define BATCH_SIZE_DEFAULT 1000000 // bytes; librdkafka's default
#define BATCH_OVERHEAD 61          // bytes of a batch besides its records (Kafka's RecordBatch)
#define RECORD_LEAST 1000          // bytes; the lowest valid message.max.bytes
#define REQUESTS "max.in.flight.requests.per.connection"
#define REQUESTS_MAX 5 // with idempotence

// Sets a setting. `what` is blamed if librdkafka refuses the value.
static int set(rd_kafka_conf_t *conf, const char *name, const char *value, const char *what,
               struct err *err)
{
    char why[256];

    if (rd_kafka_conf_set(conf, name, value, why, sizeof why) == RD_KAFKA_CONF_OK)
        return 0;
    return err_set(err, EX_USAGE, "%s: %s", what, why);
}

static int set_number(rd_kafka_conf_t *conf, const char *name, int64_t n, struct err *err)
{
    char number[24];

    snprintf(number, sizeof number, "%lld", (long long)n);
    return set(conf, name, number, name, err);
}

// Lowers a number to n if it is higher.
static int lower(rd_kafka_conf_t *conf, const char *name, int64_t n, struct err *err)
{
    char number[24];
    size_t size = sizeof number;
    int64_t old;

    if (rd_kafka_conf_get(conf, name, number, &size) != RD_KAFKA_CONF_OK ||
        number_parse_int(number, &old) != 0 || old <= n)
        return 0;
    return set_number(conf, name, n, err);
}

// Sets what depends on the topics, as far as they are known.
static int fit_to_topics(const struct producer *p, rd_kafka_conf_t *conf, struct err *err)
{
    int64_t record = p->largest_batch - BATCH_OVERHEAD;

    if (p->requests > 0 && set_number(conf, REQUESTS, p->requests, err) != 0)
        return -1;
    if (lower(conf, "batch.size", p->largest_batch, err) != 0)
        return -1;
    if (p->transactional_id == NULL)
        return 0;
    return lower(conf, "message.max.bytes", record < RECORD_LEAST ? RECORD_LEAST : record, err);
}

// Called by librdkafka, in any thread, for lines of which it chooses the partition itself.
static int32_t choose_partition(const rd_kafka_topic_t *handle, const void *key, size_t key_len,
                                int32_t partitions, void *producer, void *message)
{
    struct producer *p = producer;

    for (size_t i = 0; i < p->settings->topic_count; i++) {
        if (strcmp(p->settings->topics[i], rd_kafka_topic_name(handle)) == 0)
            atomic_store(&p->topic[i].partitions, partitions);
    }
    return rd_kafka_msg_partitioner_murmur2_random(handle, key, key_len, partitions, producer,
                                                   message);
}

static void set_partitioner(struct producer *p, rd_kafka_conf_t *conf)
{
    const char *name = config_value(p->settings->config, "partitioner");
    rd_kafka_topic_conf_t *topic_conf = rd_kafka_conf_get_default_topic_conf(conf);

    p->murmur2 = topic_conf != NULL && (name == NULL || strcmp(name, "murmur2_random") == 0);
    if (!p->murmur2)
        return;
    rd_kafka_topic_conf_set_partitioner_cb(topic_conf, choose_partition);
    rd_kafka_topic_conf_set_opaque(topic_conf, p);
}

static int change_settings(const struct producer *p, rd_kafka_conf_t *conf, struct err *err)
{
    const char *codec = p->settings->codec, *id = p->transactional_id;

    if (codec != NULL && set(conf, "compression.codec", codec, "-z", err) != 0)
        return -1;
    if (id != NULL && set(conf, "transactional.id", id, "--transactional-id", err) != 0)
        return -1;
    return fit_to_topics(p, conf, err);
}

static int connect_producer(struct producer *p, struct err *err)
{
    const struct producer_settings *s = p->settings;
    rd_kafka_conf_t *conf = config_new(s->config, s->defaults, err);

    if (conf == NULL)
        return -1;
    if (change_settings(p, conf, err) != 0) {
        rd_kafka_conf_destroy(conf);
        return -1;
    }
    set_partitioner(p, conf);
    rd_kafka_conf_set_dr_msg_cb(conf, s->on_report);
    if (!s->transactions)
        halt_watch(&p->halt, conf);
    if (client_init(&p->client, RD_KAFKA_PRODUCER, conf, s->config, s->ctx, err) != 0)
        return -1;
    p->client.needs.topics = p->names.data;
    p->client.needs.transactional_id = p->transactional_id;
    return 0;
}

static int await_topics(struct producer *p, int *partitions, struct err *err)
{
    const struct producer_settings *s = p->settings;
    int count;

    if (metadata_find_controller(&p->client, err) != 0)
        return -1;
    if (!s->new_topics->create)
        p->client.creates = "; --create creates it";
    for (size_t i = 0; i < s->topic_count; i++) {
        if (s->new_topics->create &&
            metadata_create_topic(&p->client, s->topics[i], s->new_topics, err) != 0)
            return -1;
        if (metadata_wait_topic(&p->client, s->topics[i], &count, err) != 0)
            return -1;
        atomic_store(&p->topic[i].partitions, count);
        *partitions += count;
    }
    return 0;
}

// Returns the size of batches that the user has set, or else librdkafka's default.
static int64_t batch_size(const struct config_options *options)
{
    const char *text = config_value(options, "batch.size");
    int64_t size = BATCH_SIZE_DEFAULT;

    if (text != NULL)
        number_parse_int(text, &size);
    return size;
}

// Returns how many requests may be in flight for each broker at a time; 0 for librdkafka's default.
//
// An idempotent producer of librdkafka sends one request at a time for each partition (seen in
// 2.0.2 and 2.8.0: it compares its limit for requests with the number of messages in flight). While
// partitions with more lines wait for their answers, its thread polls without a pause, unless
// another request already waits until it may be sent. So fewer requests may be in flight than there
// are partitions. That is no slower, since a broker handles one request of a connection at a time.
static int choose_requests(const struct producer *p, int partitions)
{
    const char *idempotence = config_value(p->settings->config, "enable.idempotence");
    int requests = partitions / (p->client.brokers > 0 ? p->client.brokers : 1) / 2;

    if (config_value(p->settings->config, REQUESTS) != NULL ||
        (idempotence != NULL && strcmp(idempotence, "true") != 0))
        return 0;
    return requests < 1 ? 1 : requests > REQUESTS_MAX ? REQUESTS_MAX : requests;
}

// Asks which records the topics refuse.
static void ask_rules(struct producer *p)
{
    const size_t count = p->settings->topic_count;

    topic_rules_ask(&p->client, p->settings->topics, count, p->rules);
    for (size_t i = 0; i < count; i++) {
        if (p->rules[i].largest_batch < p->largest_batch)
            p->largest_batch = p->rules[i].largest_batch;
    }
}

// Connects again if these topics need other settings. A broker refuses a batch that is too large,
// with all its records, and librdkafka does not split it; so batches must not be larger than the
// topics' limits.
static int reconnect_if_needed(struct producer *p, int partitions, struct err *err)
{
    const struct producer_settings *s = p->settings;

    p->requests = choose_requests(p, partitions);
    ask_rules(p);
    bool limited = p->largest_batch < batch_size(s->config);
    if (limited)
        log_info("batches are limited to %lld bytes by the topics", (long long)p->largest_batch);
    if (s->transactions) // producer_make_transactional() connects again, with these settings
        return 0;
    if (!limited && p->requests == 0)
        return 0;
    client_release(&p->client);
    return connect_producer(p, err);
}

static void open_topics(struct producer *p)
{
    const struct producer_settings *s = p->settings;

    for (size_t i = 0; i < s->topic_count; i++) {
        p->topic[i].handle = rd_kafka_topic_new(p->client.rk, s->topics[i], NULL);
        p->topic[i].ask = true;
    }
}

int32_t producer_partition(struct producer *p, size_t topic, const void *key, size_t key_len)
{
    struct producer_topic *t = &p->topic[topic];
    const int partitions = atomic_load_explicit(&t->partitions, memory_order_relaxed);

    if (!p->murmur2 || key == NULL)
        return RD_KAFKA_PARTITION_UA;
    if (t->ask) {
        t->ask = false;
        return RD_KAFKA_PARTITION_UA;
    }
    return rd_kafka_msg_partitioner_murmur2(t->handle, key, key_len, partitions, NULL, NULL);
}

bool producer_has_partition(const struct producer *p, size_t topic, int32_t partition)
{
    return partition >= 0 &&
           partition < atomic_load_explicit(&p->topic[topic].partitions, memory_order_relaxed);
}

void producer_ask_partitions(struct producer *p)
{
    for (size_t i = 0; i < p->settings->topic_count; i++)
        p->topic[i].ask = true;
}

int producer_open(struct producer *p, const struct producer_settings *settings, struct err *err)
{
    int partitions = 0;

    *p = (struct producer){.settings = settings, .halt = HALT_INIT, .largest_batch = INT64_MAX};
    p->topic = xcalloc(settings->topic_count, sizeof *p->topic);
    p->rules = xcalloc(settings->topic_count, sizeof *p->rules);
    for (size_t i = 0; i < settings->topic_count; i++)
        client_add_topic(&p->names, settings->topics[i]);
    buf_putc(&p->names, '\0');
    if (new_topic_check(settings->new_topics, settings->topics, settings->topic_count, err) != 0 ||
        connect_producer(p, err) != 0 || await_topics(p, &partitions, err) != 0)
        return -1;
    p->cluster = client_cluster(&p->client);
    if (reconnect_if_needed(p, partitions, err) != 0)
        return -1;
    open_topics(p);
    return 0;
}

static void close_topics(struct producer *p)
{
    for (size_t i = 0; p->topic != NULL && i < p->settings->topic_count; i++) {
        if (p->topic[i].handle != NULL)
            rd_kafka_topic_destroy(p->topic[i].handle);
        p->topic[i].handle = NULL;
    }
}

static void disconnect(struct producer *p)
{
    close_topics(p);
    halt_release(&p->halt);
    client_release(&p->client);
}

void producer_release(struct producer *p)
{
    disconnect(p);
    free(p->topic);
    p->topic = NULL;
    free(p->rules);
    p->rules = NULL;
    buf_release(&p->names);
    free(p->cluster);
    p->cluster = NULL;
}

int producer_reopen(struct producer *p, struct err *err)
{
    background_release(&p->client.probe);
    const struct client old = p->client;
    if (connect_producer(p, err) != 0) {
        p->client = old;
        return -1;
    }
    close_topics(p);
    halt_release(&p->halt);
    rd_kafka_destroy(old.rk);
    open_topics(p);
    return 0;
}

int producer_make_transactional(struct producer *p, const char *id, struct err *err)
{
    disconnect(p);
    p->transactional_id = id;
    if (connect_producer(p, err) != 0)
        return -1;
    open_topics(p);
    return 0;
}
