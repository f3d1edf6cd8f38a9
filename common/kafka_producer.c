// SPDX-License-Identifier: BSD-2-Clause
#include "kafka_producer.h"

#include <stdio.h>
#include <stdlib.h>

#include "kafka_admin.h"
#include "log.h"
#include "xalloc.h"

#define BATCH_SIZE_DEFAULT 1000000 // bytes; of librdkafka

// Connects, with batches of at most so many bytes unless that is 0.
static int connect_producer(struct producer *p, int64_t batch_size, struct err *err)
{
    const struct producer_settings *s = p->settings;
    char why[256], number[24];
    rd_kafka_conf_t *conf = kafka_conf_new(s->kafka, s->defaults, err);
    rd_kafka_conf_res_t result = RD_KAFKA_CONF_OK;

    if (conf == NULL)
        return -1;
    if (s->codec != NULL)
        result = rd_kafka_conf_set(conf, "compression.codec", s->codec, why, sizeof why);
    if (result == RD_KAFKA_CONF_OK && batch_size > 0) {
        snprintf(number, sizeof number, "%lld", (long long)batch_size);
        result = rd_kafka_conf_set(conf, "batch.size", number, why, sizeof why);
    }
    if (result != RD_KAFKA_CONF_OK) {
        rd_kafka_conf_destroy(conf);
        return err_set(err, EX_USAGE, "-z: %s", why);
    }
    rd_kafka_conf_set_dr_msg_cb(conf, s->on_report);
    return kafka_init(&p->kafka, RD_KAFKA_PRODUCER, conf, s->kafka, s->ctx, err);
}

static int await_topics(struct producer *p, struct err *err)
{
    const struct producer_settings *s = p->settings;
    int partitions;

    if (kafka_find_controller(&p->kafka, err) != 0)
        return -1;
    for (size_t i = 0; i < s->topic_count; i++) {
        if (s->create &&
            kafka_create_topic(&p->kafka, s->topics[i], s->partitions, s->replication, err) != 0)
            return -1;
        if (kafka_wait_topic(&p->kafka, s->topics[i], &partitions, err) != 0)
            return -1;
    }
    return 0;
}

// A broker refuses a batch that is too large with all that is in it, and librdkafka does not
// divide it. So where the topics take less than a usual batch, connect anew with smaller ones.
static int fit_batches(struct producer *p, struct err *err)
{
    p->largest_batch =
        kafka_largest_batch(&p->kafka, p->settings->topics, p->settings->topic_count);
    if (p->largest_batch >= BATCH_SIZE_DEFAULT)
        return 0;
    log_info("batches of at most %lld bytes, as the topics have it", (long long)p->largest_batch);
    kafka_release(&p->kafka);
    return connect_producer(p, p->largest_batch, err);
}

static void open_topics(struct producer *p)
{
    const struct producer_settings *s = p->settings;

    p->topic = xcalloc(s->topic_count, sizeof(rd_kafka_topic_t *));
    for (size_t i = 0; i < s->topic_count; i++)
        p->topic[i] = rd_kafka_topic_new(p->kafka.rk, s->topics[i], NULL);
}

int producer_open(struct producer *p, const struct producer_settings *settings, struct err *err)
{
    *p = (struct producer){.settings = settings};
    if (connect_producer(p, 0, err) != 0 || await_topics(p, err) != 0 || fit_batches(p, err) != 0)
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

void producer_release(struct producer *p)
{
    close_topics(p);
    kafka_release(&p->kafka);
}
