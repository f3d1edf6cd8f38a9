// SPDX-License-Identifier: BSD-2-Clause
//
// Lines are gathered, handed over in batches, and waited for while a broker is away.
#include "kafka/batcher.h"

#include <string.h>

#include <librdkafka/rdkafka_mock.h>

#include "base/datetime.h"
#include "tap.h"

#define LARGE 900000 // bytes of a line; 20 of them are more than librdkafka gets at a time

struct test {
    struct producer producer;
    struct batcher batcher;
    int delivered, failed, unsent;
    bool waited;
};

static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    struct test *t = ((struct client *)opaque)->ctx;

    (void)rk;
    *(message->err == RD_KAFKA_RESP_ERR_NO_ERROR ? &t->delivered : &t->failed) += 1;
    batcher_done(&t->batcher, message->_private);
}

static void on_waiting(void *ctx)
{
    ((struct test *)ctx)->waited = true;
}

static void on_unsent(void *ctx, const rd_kafka_message_t *message)
{
    struct test *t = ctx;

    t->unsent++;
    batcher_done(&t->batcher, message->_private);
}

// Opens a producer on the mock cluster that librdkafka has inside the client.
static bool open(struct test *t)
{
    static char *topics[] = {"t"};
    static const struct config_setting defaults[] = {{"bootstrap.servers", "replaced"},
                                                     {"test.mock.num.brokers", "1"},
                                                     {"message.timeout.ms", "6000"},
                                                     {"reconnect.backoff.max.ms", "100"},
                                                     {NULL, NULL}};
    static const struct config_options config = CONFIG_OPTIONS_INIT;
    static const struct new_topic_options new_topics = NEW_TOPIC_OPTIONS_INIT;
    static struct producer_settings settings = {.config = &config,
                                                .defaults = defaults,
                                                .topics = topics,
                                                .topic_count = 1,
                                                .new_topics = &new_topics,
                                                .on_report = on_report};
    struct err err;

    settings.ctx = t;
    if (producer_open(&t->producer, &settings, &err) != 0) {
        printf("# %s\n", err.text);
        return false;
    }
    t->batcher = (struct batcher){
        .producer = &t->producer, .unsent = on_unsent, .waiting = on_waiting, .ctx = t};
    batcher_init(&t->batcher);
    return true;
}

static void add(struct test *t, int count, size_t len)
{
    static char text[LARGE];
    const struct line line = {.data = text, .len = len, .full_len = len};
    const struct outgoing o = {.value = &line, .partition = RD_KAFKA_PARTITION_UA};

    for (int i = 0; i < count; i++)
        batcher_add(&t->batcher, &o);
}

static void test_batches(struct test *t)
{
    rd_kafka_t *rk = t->producer.client.rk;

    add(t, 127, 10);
    tap_int(rd_kafka_outq_len(rk), 0, "lines are gathered");
    add(t, 2, 10);
    tap_int(rd_kafka_outq_len(rk), 128, "a full batch is handed over");
    batcher_send(&t->batcher, true);
    tap_int(rd_kafka_outq_len(rk), 129, "so is the rest, if it is asked for");
    rd_kafka_flush(rk, 10 * MS_SECOND);
    tap_int(t->delivered, 129, "all lines are delivered");
}

// A block stays in memory as long as one of its lines does. So few lines can keep much memory, if
// each is in another block.
static void test_blocks(struct test *t)
{
    const size_t stuck = (size_t)1 << 30;

    t->waited = false;
    add(t, 256, 10);
    batcher_send(&t->batcher, true);
    tap_ok(!t->waited, "lines in few blocks do not wait for room");
    t->batcher.pool.closed += stuck;
    add(t, 256, 10);
    tap_ok(t->waited, "lines wait while others keep many blocks");
    t->batcher.pool.closed -= stuck;
    rd_kafka_flush(t->producer.client.rk, 10 * MS_SECOND);
    tap_int(t->delivered, 129 + 512, "and are delivered too");
    tap_int((int64_t)t->batcher.pool.closed, 0, "then no closed block has lines");
}

// librdkafka does not always say that all brokers are down, so the client has to find out. It must
// do so while the batcher waits for room, which lasts until the lines have timed out.
static void test_broker_away(struct test *t)
{
    struct client *client = &t->producer.client;
    int64_t deadline = time_monotonic() + 20 * MS_SECOND;

    rd_kafka_mock_broker_set_down(rd_kafka_handle_mock_cluster(client->rk), 1);
    while (!client->down && time_monotonic() < deadline)
        client_serve(client, 20);
    client->down = false; // as if librdkafka had not said it
    client->unsure_since = time_monotonic() - MS_MINUTE;
    add(t, 20, LARGE);
    tap_ok(t->waited, "lines wait for room");
    tap_ok(client->down, "while lines wait for room, an unreachable broker is noticed");
    batcher_send(&t->batcher, false);
    rd_kafka_purge(client->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(client->rk, 10 * MS_SECOND);
    tap_int(t->failed + t->unsent, 20, "each line is reported");
}

int main(void)
{
    struct test t = {.delivered = 0};

    if (tap_ok(open(&t), "a producer opens")) {
        test_batches(&t);
        test_blocks(&t);
        test_broker_away(&t);
    }
    producer_release(&t.producer);
    batcher_release(&t.batcher);
    return tap_done();
}
