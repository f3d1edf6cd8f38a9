// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/producer.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/number.h"
#include "base/opt.h"
#include "base/xalloc.h"
#include "kafka/metadata.h"

#define BATCH_SIZE_DEFAULT 1000000 // bytes; librdkafka's default
#define BATCH_OVERHEAD 61          // bytes of a batch besides its records (Kafka's RecordBatch)
#define RECORD_LEAST 1000          // bytes; the lowest valid message.max.bytes

// Lowers a number to n if it is higher.
static rd_kafka_conf_res_t lower(rd_kafka_conf_t *conf, const char *name, int64_t n, char *why,
                                 size_t size)
{
    char number[24];
    size_t number_size = sizeof number;
    int64_t set;

    if (rd_kafka_conf_get(conf, name, number, &number_size) != RD_KAFKA_CONF_OK ||
        number_parse_int(number, &set) != 0 || set <= n)
        return RD_KAFKA_CONF_OK;
    snprintf(number, sizeof number, "%lld", (long long)n);
    return rd_kafka_conf_set(conf, name, number, why, size);
}

// Sets the sizes that depend on the topics' limits, if these limits are known.
static rd_kafka_conf_res_t set_sizes(const struct producer *p, rd_kafka_conf_t *conf, char *why,
                                     size_t size)
{
    int64_t record = p->largest_batch - BATCH_OVERHEAD;

    if (lower(conf, "batch.size", p->largest_batch, why, size) != RD_KAFKA_CONF_OK)
        return RD_KAFKA_CONF_INVALID;
    if (p->transactional_id == NULL)
        return RD_KAFKA_CONF_OK;
    return lower(conf, "message.max.bytes", record < RECORD_LEAST ? RECORD_LEAST : record, why,
                 size);
}

static int connect_producer(struct producer *p, struct err *err)
{
    const struct producer_settings *s = p->settings;
    char why[256];
    rd_kafka_conf_t *conf = config_new(s->config, s->defaults, err);
    const char *what = "-z";
    rd_kafka_conf_res_t result = RD_KAFKA_CONF_OK;

    if (conf == NULL)
        return -1;
    if (s->codec != NULL)
        result = rd_kafka_conf_set(conf, "compression.codec", s->codec, why, sizeof why);
    if (result == RD_KAFKA_CONF_OK && p->transactional_id != NULL) {
        what = "--transactional-id";
        result = rd_kafka_conf_set(conf, "transactional.id", p->transactional_id, why, sizeof why);
    }
    if (result == RD_KAFKA_CONF_OK)
        result = set_sizes(p, conf, why, sizeof why);
    if (result != RD_KAFKA_CONF_OK) {
        rd_kafka_conf_destroy(conf);
        return err_set(err, EX_USAGE, "%s: %s", what, why);
    }
    rd_kafka_conf_set_dr_msg_cb(conf, s->on_report);
    if (client_init(&p->client, RD_KAFKA_PRODUCER, conf, s->config, s->ctx, err) != 0)
        return -1;
    p->client.needs.topics = p->names.data;
    p->client.needs.transactional_id = p->transactional_id;
    return 0;
}

static int await_topics(struct producer *p, struct err *err)
{
    const struct producer_settings *s = p->settings;
    int partitions;

    if (metadata_find_controller(&p->client, err) != 0)
        return -1;
    if (!s->new_topics->create)
        p->client.creates = "; --create creates it";
    for (size_t i = 0; i < s->topic_count; i++) {
        if (s->new_topics->create &&
            metadata_create_topic(&p->client, s->topics[i], s->new_topics, err) != 0)
            return -1;
        if (metadata_wait_topic(&p->client, s->topics[i], &partitions, err) != 0)
            return -1;
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

// A broker refuses a batch that is too large, with all its records, and librdkafka does not split
// it. So if a topic's limit is below the size of batches, connect again with smaller batches.
static int fit_batches(struct producer *p, struct err *err)
{
    p->largest_batch =
        metadata_largest_batch(&p->client, p->settings->topics, p->settings->topic_count);
    if (p->largest_batch >= batch_size(p->settings->config))
        return 0;
    log_info("batches are limited to %lld bytes by the topics", (long long)p->largest_batch);
    client_release(&p->client);
    return connect_producer(p, err);
}

static void open_topics(struct producer *p)
{
    const struct producer_settings *s = p->settings;

    p->topic = xcalloc(s->topic_count, sizeof(rd_kafka_topic_t *));
    for (size_t i = 0; i < s->topic_count; i++)
        p->topic[i] = rd_kafka_topic_new(p->client.rk, s->topics[i], NULL);
}

int producer_open(struct producer *p, const struct producer_settings *settings, struct err *err)
{
    *p = (struct producer){.settings = settings, .largest_batch = INT64_MAX};
    for (size_t i = 0; i < settings->topic_count; i++)
        client_add_topic(&p->names, settings->topics[i]);
    buf_putc(&p->names, '\0');
    if (new_topic_check(settings->new_topics, settings->topics, settings->topic_count, err) != 0 ||
        connect_producer(p, err) != 0 || await_topics(p, err) != 0)
        return -1;
    p->cluster = client_cluster(&p->client);
    if (fit_batches(p, err) != 0)
        return -1;
    open_topics(p);
    return 0;
}

static void close_topics(struct producer *p)
{
    for (size_t i = 0; p->topic != NULL && i < p->settings->topic_count; i++) {
        if (p->topic[i] != NULL)
            rd_kafka_topic_destroy(p->topic[i]);
    }
    free(p->topic);
    p->topic = NULL;
}

static void disconnect(struct producer *p)
{
    close_topics(p);
    client_release(&p->client);
}

void producer_release(struct producer *p)
{
    disconnect(p);
    buf_release(&p->names);
    free(p->cluster);
    p->cluster = NULL;
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
