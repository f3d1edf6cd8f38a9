// SPDX-License-Identifier: BSD-2-Clause
//
// The lag of a consumer that reads nothing, on the mock cluster that librdkafka has inside the
// client.
#include "kafka/lag.h"

#include <poll.h>

#include <librdkafka/rdkafka_mock.h>

#include "base/datetime.h"
#include "mock_consumer.h"
#include "tap.h"

// Adds records to the partition 0 of the topic t.
static bool produce(rd_kafka_mock_cluster_t *cluster, int count)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char why[200];

    rd_kafka_conf_set(conf, "bootstrap.servers", rd_kafka_mock_cluster_bootstraps(cluster), why,
                      sizeof why);
    rd_kafka_t *producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (producer == NULL)
        return false;
    for (int i = 0; i < count; i++)
        rd_kafka_producev(producer, RD_KAFKA_V_TOPIC("t"), RD_KAFKA_V_PARTITION(0),
                          RD_KAFKA_V_VALUE("x", 1), RD_KAFKA_V_END);
    bool done = rd_kafka_flush(producer, 10000) == RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_destroy(producer);
    return done;
}

// Writes the metrics until they end in this sample, for ten seconds at most.
static bool wait_for(struct lag *lag, const char *sample)
{
    const int64_t deadline = time_monotonic() + 10 * MS_SECOND;
    struct buf b = BUF_INIT;
    bool found;

    do {
        struct metrics m = {.b = &b};
        buf_clear(&b);
        lag_put_metrics(lag, &m);
        found = b.len >= strlen(sample) &&
                memcmp(b.data + b.len - strlen(sample), sample, strlen(sample)) == 0;
    } while (!found && time_monotonic() < deadline && poll(NULL, 0, 20) == 0);
    if (!found)
        tap_show("the metrics", b.data, b.len);
    buf_release(&b);
    return found;
}

static void test_lag(struct consumer *c, rd_kafka_mock_cluster_t *cluster)
{
    struct partition *p = partition_get(&c->partitions, "t", 0);
    struct partition *other = partition_get(&c->partitions, "u", 0);
    struct lag lag = {.consumer = c};

    p->assigned = other->assigned = true;
    p->next = 2;
    other->told_end = 9;
    tap_ok(wait_for(&lag, "gauge\n"), "no lag is told until a broker has answered for all");
    other->assigned = false;
    tap_ok(produce(cluster, 7), "records are written");
    tap_ok(wait_for(&lag, "lag{topic=\"t\",partition=\"0\"} 5\n"),
           "the records after the next one");
    tap_ok(produce(cluster, 3), "more records are written");
    tap_ok(wait_for(&lag, "lag{topic=\"t\",partition=\"0\"} 8\n"),
           "the lag grows although nothing is read");
    tap_int(lag_to_stop(&lag), -1, "the partition does not stop");
    p->stop = 4;
    tap_int(lag_to_stop(&lag), 2, "the records before the stop");
    tap_ok(wait_for(&lag, "} 2\n"), "the lag ends where the partition stops");
    p->assigned = false;
    tap_ok(wait_for(&lag, "gauge\n"), "a partition that is given up has no lag");
    tap_int(lag_to_stop(&lag), 0, "and nothing is left of it");
    lag_close(&lag);
    p->assigned = true;
    tap_ok(wait_for(&lag, "} 2\n") && lag.list == NULL, "after the close nothing is asked");
}

int main(void)
{
    struct consumer c = {0};

    if (tap_ok(mock_consumer_open(&c), "a consumer opens")) {
        rd_kafka_mock_cluster_t *cluster = rd_kafka_handle_mock_cluster(c.client.rk);
        rd_kafka_mock_topic_create(cluster, "t", 1, 1);
        rd_kafka_mock_topic_create(cluster, "u", 1, 1);
        test_lag(&c, cluster);
    }
    consumer_close(&c);
    consumer_release(&c);
    return tap_done();
}
