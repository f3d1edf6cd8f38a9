// SPDX-License-Identifier: BSD-2-Clause
//
// offsets_find: an error of one partition, or a broker that does not answer, costs no other
// partition its offset.

#include "kafka/offsets_find.h"

#include <librdkafka/rdkafka_mock.h>

#include "base/datetime.h"
#include "kafka/cluster.h"
#include "tap.h"

#define PARTITIONS 12

static bool open_client(struct client *client)
{
    static const struct config_setting defaults[] = {
        {"bootstrap.servers", "replaced"}, {"test.mock.num.brokers", "3"}, {NULL, NULL}};
    static const struct config_options options = CONFIG_OPTIONS_INIT;
    struct err err;

    rd_kafka_conf_t *conf = config_new(&options, defaults, &err);
    return conf != NULL && client_init(client, RD_KAFKA_CONSUMER, conf, &options, NULL, &err) == 0;
}

// Returns the end of each partition. The caller destroys the list.
static rd_kafka_topic_partition_list_t *find_ends(struct client *client,
                                                  const struct cluster *cluster)
{
    rd_kafka_topic_partition_list_t *list = cluster_partitions(cluster);

    for (int i = 0; i < list->cnt; i++)
        list->elems[i].offset = OFFSETS_FIND_END;
    offsets_find(client, list);
    return list;
}

// Returns how many partitions have an offset.
static int count_found(struct client *client, const struct cluster *cluster)
{
    rd_kafka_topic_partition_list_t *list = find_ends(client, cluster);
    int count = 0;

    for (int i = 0; i < list->cnt; i++)
        count += list->elems[i].err == RD_KAFKA_RESP_ERR_NO_ERROR && list->elems[i].offset == 0;
    rd_kafka_topic_partition_list_destroy(list);
    return count;
}

// The broker of a third of the partitions is down.
static void test_broker_down(struct client *client, const struct cluster *cluster)
{
    const int64_t began = time_monotonic();
    rd_kafka_topic_partition_list_t *list = find_ends(client, cluster);
    bool right = true;

    for (int32_t i = 0; i < PARTITIONS; i++) {
        const rd_kafka_topic_partition_t *found = rd_kafka_topic_partition_list_find(list, "t", i);
        right = right && (found->err != RD_KAFKA_RESP_ERR_NO_ERROR) == (i % 3 == 2);
    }
    tap_ok(right, "just the partitions of a broker that is down have an error");
    tap_ok(time_monotonic() - began < 15000, "the wait for that broker is bounded");
    rd_kafka_topic_partition_list_destroy(list);
}

int main(void)
{
    struct opt_list topics = {0};
    struct cluster cluster;
    struct client client;
    struct err err;

    if (!tap_ok(open_client(&client), "a client opens"))
        return tap_done();
    rd_kafka_mock_cluster_t *mock = rd_kafka_handle_mock_cluster(client.rk);
    rd_kafka_mock_topic_create(mock, "t", PARTITIONS, 1);
    rd_kafka_mock_topic_create(mock, "u", 1, 1);
    for (int32_t i = 0; i < PARTITIONS; i++)
        rd_kafka_mock_partition_set_leader(mock, "t", i, 1 + i % 3);
    if (!tap_ok(cluster_read(&cluster, &client, &topics, &err) == 0, "the cluster is read"))
        return tap_done();
    tap_int(count_found(&client, &cluster), PARTITIONS + 1, "each partition has an offset");

    // The client does not know of the new leader, so the old one refuses to answer for partition 4.
    rd_kafka_mock_partition_set_leader(mock, "t", 4, 1);
    tap_int(count_found(&client, &cluster), PARTITIONS, "an error of one partition is its own");

    rd_kafka_mock_partition_set_leader(mock, "t", 4, 2);
    rd_kafka_mock_broker_set_down(mock, 3);
    test_broker_down(&client, &cluster);
    cluster_release(&cluster);
    client_release(&client);
    return tap_done();
}
