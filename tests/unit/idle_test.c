// SPDX-License-Identifier: BSD-2-Clause
//
// Quiet partitions around an outage of the broker, on the mock cluster that librdkafka has inside
// the client. tests/watermark.bats has all else.
#include "kafka/idle.h"

#include <poll.h>

#include <librdkafka/rdkafka_mock.h>

#include "base/datetime.h"
#include "mock_consumer.h"
#include "tap.h"

#define AFTER 1000 // ms

// Checks until a check has had the wanted outcome, for 20 seconds at most. The check may be due at
// once.
static bool check_until(struct idle *i, struct consumer *c, const bool *what, bool wanted)
{
    int64_t deadline = time_monotonic() + 20 * MS_SECOND;

    do {
        i->due = 0;
        idle_check(i, &c->client, &c->partitions);
        if (*what == wanted)
            return true;
        poll(NULL, 0, 20);
    } while (time_monotonic() < deadline);
    return false;
}

static void test_outage(struct consumer *c, rd_kafka_mock_cluster_t *cluster)
{
    struct partition *p = partition_get(&c->partitions, "t", 0);
    struct idle idle;

    idle_init(&idle, AFTER);
    p->assigned = p->at_end = true;
    p->end = 0;
    p->end_since = time_monotonic() - AFTER;
    tap_ok(check_until(&idle, c, &p->idle, true), "a partition at its end becomes idle");

    rd_kafka_mock_broker_set_down(cluster, 1);
    tap_ok(check_until(&idle, c, &p->idle, false), "it is not idle while no broker answers");

    rd_kafka_mock_broker_set_up(cluster, 1);
    check_until(&idle, c, &p->unanswered, false);
    int64_t back = time_monotonic();
    tap_ok(!p->idle, "the first answer after an outage does not make it idle");
    tap_ok(check_until(&idle, c, &p->idle, true) && time_monotonic() - back >= AFTER - 100,
           "it becomes idle again after the whole time");
}

int main(void)
{
    struct consumer c = {0};

    if (tap_ok(mock_consumer_open(&c), "a consumer opens")) {
        rd_kafka_mock_cluster_t *cluster = rd_kafka_handle_mock_cluster(c.client.rk);
        rd_kafka_mock_topic_create(cluster, "t", 1, 1);
        test_outage(&c, cluster);
    }
    consumer_close(&c);
    consumer_release(&c);
    return tap_done();
}
