// SPDX-License-Identifier: BSD-2-Clause
//
// A client that lost a connection finds out by itself whether any broker is reachable.
#include "kafka/client.h"

#include <poll.h>

#include <librdkafka/rdkafka_mock.h>

#include "base/datetime.h"
#include "mock_consumer.h"
#include "tap.h"

// Watches, and serves librdkafka's errors, until *what has the wanted value, for 20 seconds at
// most.
static bool watch_until(struct client *client, const bool *what, bool wanted)
{
    int64_t deadline = time_monotonic() + 20 * MS_SECOND;

    do {
        rd_kafka_poll(client->rk, 0);
        client_watch(client);
        if (*what == wanted)
            return true;
        poll(NULL, 0, 20);
    } while (time_monotonic() < deadline);
    return false;
}

// Waits for the answer to a question that is still under way: librdkafka may have said first what
// it asks.
static void let_end(struct client *client)
{
    int64_t deadline = time_monotonic() + 20 * MS_SECOND;

    while (background_busy(&client->probe) && time_monotonic() < deadline) {
        client_watch(client);
        poll(NULL, 0, 20);
    }
}

// Forgets what librdkafka has said, as if it had missed that all brokers are down.
static void forget(struct client *client)
{
    client->down = client->answered = false;
    client->unsure_since = time_monotonic() - MS_MINUTE;
}

int main(void)
{
    struct consumer c = {0};

    if (tap_ok(mock_consumer_open(&c), "a consumer opens")) {
        struct client *client = &c.client;
        rd_kafka_mock_cluster_t *cluster = rd_kafka_handle_mock_cluster(client->rk);

        forget(client);
        tap_ok(watch_until(client, &client->answered, true) && !client->down &&
                   client->unsure_since == 0,
               "a broker that answers ends the doubt");
        rd_kafka_mock_broker_set_down(cluster, 1);
        watch_until(client, &client->down, true);
        forget(client);
        tap_ok(watch_until(client, &client->down, true) && !client->answered,
               "if no broker answers, the client is down");
        let_end(client);
        client->down = false;
        client->unsure_since = 0;
        client_watch(client);
        tap_ok(!background_busy(&client->probe), "without a failure, nothing is asked");
    }
    consumer_close(&c);
    consumer_release(&c);
    return tap_done();
}
