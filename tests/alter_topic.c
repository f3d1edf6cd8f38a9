// SPDX-License-Identifier: BSD-2-Clause
//
// alter_topic delete TOPIC | grow TOPIC PARTITIONS: deletes a topic, or gives it more partitions,
// so many then, at $BOOTSTRAP_SERVERS. Exits with 0 or 1.
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT 20000 // ms

static void delete_topic(rd_kafka_t *rk, rd_kafka_queue_t *queue, const char *name)
{
    rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(name);

    rd_kafka_DeleteTopics(rk, &topic, 1, NULL, queue);
    rd_kafka_DeleteTopic_destroy(topic);
}

static void grow_topic(rd_kafka_t *rk, rd_kafka_queue_t *queue, const char *name, const char *count)
{
    char why[256];
    rd_kafka_NewPartitions_t *topic =
        rd_kafka_NewPartitions_new(name, (size_t)atoi(count), why, sizeof why);

    if (topic == NULL)
        return; // there is no answer then
    rd_kafka_CreatePartitions(rk, &topic, 1, NULL, queue);
    rd_kafka_NewPartitions_destroy(topic);
}

int main(int argc, char **argv)
{
    char why[256] = "no answer";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    const char *brokers = getenv("BOOTSTRAP_SERVERS");

    if (argc < 3 || brokers == NULL)
        return 1;
    rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why, sizeof why);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    if (strcmp(argv[1], "delete") == 0)
        delete_topic(rk, queue, argv[2]);
    else if (argc > 3)
        grow_topic(rk, queue, argv[2], argv[3]);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, TIMEOUT);
    rd_kafka_resp_err_t code =
        event == NULL ? RD_KAFKA_RESP_ERR__TIMED_OUT : rd_kafka_event_error(event);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        fprintf(stderr, "alter_topic: %s: %s\n", argv[2], rd_kafka_err2str(code));
    if (event != NULL)
        rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(rk);
    return code != RD_KAFKA_RESP_ERR_NO_ERROR;
}
