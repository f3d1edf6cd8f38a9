// SPDX-License-Identifier: BSD-2-Clause
//
// The consumer in a group, on the mock cluster that librdkafka has inside the client.
// tests/kcat-in*.bats have all else.
#include "kafka/consumer.h"

#include "base/datetime.h"
#include "mock_consumer.h"
#include "tap.h"

struct calls {
    int begun, revoked;
};

static int on_record(void *ctx, struct partition *p, const struct line *line)
{
    (void)ctx, (void)p, (void)line;
    return 0;
}

static int on_begin(void *ctx, struct err *err)
{
    (void)err;
    ((struct calls *)ctx)->begun++;
    return 0;
}

static int on_revoke(void *ctx, bool blocked, bool lost)
{
    (void)blocked, (void)lost;
    ((struct calls *)ctx)->revoked++;
    return 0;
}

static void on_committed(void *ctx, rd_kafka_resp_err_t code,
                         const rd_kafka_topic_partition_list_t *list)
{
    (void)ctx, (void)code, (void)list;
}

// Joins a group and waits until partitions are assigned.
static bool join(struct consumer *c, struct calls *calls, struct opt_list *topics)
{
    int64_t deadline = time_monotonic() + 30 * MS_SECOND;
    struct err err;

    *c = (struct consumer){.ops = {on_record, on_begin, NULL, on_revoke, on_committed},
                           .ctx = calls};
    if (!mock_consumer_open(c))
        return false;
    if (consumer_start(c, topics, &err) != 0) {
        printf("# %s\n", err.text);
        return false;
    }
    while (calls->begun == 0 && time_monotonic() < deadline) {
        if (consumer_poll(c, 100, &err) != 0) {
            printf("# %s\n", err.text);
            return false;
        }
    }
    return calls->begun == 1;
}

int main(void)
{
    struct opt_list topics = {0};
    struct consumer c;
    struct calls calls = {0};

    opt_list_add(&topics, "t");
    tap_ok(join(&c, &calls, &topics), "partitions that are assigned begin");
    consumer_close(&c);
    consumer_release(&c);
    tap_ok(calls.revoked == 0, "a consumer that is closed does not revoke them");

    calls = (struct calls){0};
    tap_ok(join(&c, &calls, &topics), "partitions begin again");
    // As after a failure, when what the callbacks use may be gone.
    consumer_release(&c);
    tap_ok(calls.revoked == 0, "a consumer that is released without being closed does not either");
    opt_list_release(&topics);
    return tap_done();
}
