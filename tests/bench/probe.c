// SPDX-License-Identifier: BSD-2-Clause
#include "probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define TIMEOUT 30000 // ms

void probe_fail(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, why);
    exit(1);
}

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    (void)rk;
    (void)opaque;
    if (message->err != 0)
        probe_fail("not delivered", rd_kafka_err2str(message->err));
}

rd_kafka_t *probe_client(rd_kafka_type_t type, const char *const *settings)
{
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    if (rd_kafka_conf_set(conf, "bootstrap.servers", getenv("BOOTSTRAP_SERVERS"), why, sizeof why))
        probe_fail("bootstrap.servers", why);
    for (; *settings != NULL; settings += 2)
        if (rd_kafka_conf_set(conf, settings[0], settings[1], why, sizeof why))
            probe_fail(settings[0], why);
    if (type == RD_KAFKA_PRODUCER)
        rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof why);
    if (rk == NULL)
        probe_fail("client", why);
    return rk;
}

int probe_read_topic(rd_kafka_t *consumer, const char *topic)
{
    const rd_kafka_metadata_t *metadata;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(consumer, topic, NULL);
    rd_kafka_resp_err_t err = rd_kafka_metadata(consumer, 0, handle, &metadata, TIMEOUT);

    if (err != 0 || metadata->topics[0].err != 0)
        probe_fail(topic, rd_kafka_err2str(err ? err : metadata->topics[0].err));
    int count = metadata->topics[0].partition_cnt;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(count);
    for (int i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    if ((err = rd_kafka_assign(consumer, list)) != 0)
        probe_fail(topic, rd_kafka_err2str(err));
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(handle);
    rd_kafka_poll_set_consumer(consumer);
    return count;
}
