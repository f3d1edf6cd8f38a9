// SPDX-License-Identifier: BSD-2-Clause
//
// How long an answer about the group's offsets counts, on the mock cluster that librdkafka has
// inside the client.
#include "kafka/group_check.h"

#include <poll.h>

#include "base/datetime.h"
#include "mock_consumer.h"
#include "tap.h"

// Asks, and waits until the answer has come and nobody has taken it.
static void ask(struct group_check *check, struct consumer *c)
{
    int64_t deadline = time_monotonic() + 30 * MS_SECOND;

    group_check_start(check, c);
    while (!atomic_load(&check->background.done) && time_monotonic() < deadline)
        poll(NULL, 0, 10);
    check->code = RD_KAFKA_RESP_ERR_NO_ERROR; // the mock cluster was asked about no partition
}

int main(void)
{
    const rd_kafka_topic_partition_list_t *found;
    struct group_check check = {.code = RD_KAFKA_RESP_ERR_NO_ERROR};
    struct consumer c = {0};

    if (tap_ok(mock_consumer_open(&c), "a consumer opens")) {
        ask(&check, &c);
        tap_ok(group_check_answer(&check, &c, &found) && found != NULL, "a fresh answer counts");
        tap_ok(!group_check_answer(&check, &c, &found), "it is taken only once");

        ask(&check, &c);
        check.asked -= GROUP_CHECK_FRESH + 1; // as if the process had been stopped meanwhile
        tap_ok(group_check_answer(&check, &c, &found) && found == NULL, "an old one does not");

        ask(&check, &c);
        c.shared.assignment++;
        tap_ok(group_check_answer(&check, &c, &found) && found == NULL,
               "nor does one about an earlier assignment");
        group_check_release(&check);
    }
    consumer_close(&c);
    consumer_release(&c);
    return tap_done();
}
