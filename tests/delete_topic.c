// SPDX-License-Identifier: BSD-2-Clause
//
// delete_topic TOPIC: deletes it, at $BOOTSTRAP_SERVERS. Exits with 0 or 1.
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>

#define TIMEOUT 20000 // ms

int main(int argc, char **argv)
{
    char why[256] = "no answer";
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    const char *brokers = getenv("BOOTSTRAP_SERVERS");

    if (argc != 2 || brokers == NULL)
        return 1;
    rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why, sizeof why);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(rk);
    rd_kafka_DeleteTopic_t *topic = rd_kafka_DeleteTopic_new(argv[1]);
    rd_kafka_DeleteTopics(rk, &topic, 1, NULL, queue);
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, TIMEOUT);
    rd_kafka_resp_err_t code =
        event == NULL ? RD_KAFKA_RESP_ERR__TIMED_OUT : rd_kafka_event_error(event);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        fprintf(stderr, "delete_topic: %s: %s\n", argv[1], rd_kafka_err2str(code));
    if (event != NULL)
        rd_kafka_event_destroy(event);
    rd_kafka_DeleteTopic_destroy(topic);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(rk);
    return code != RD_KAFKA_RESP_ERR_NO_ERROR;
}
