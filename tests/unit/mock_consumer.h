// SPDX-License-Identifier: BSD-2-Clause
//
// mock_consumer: a consumer in a group, on the mock cluster that librdkafka has inside the client.
//
//     struct consumer c = {0}; // or with ops and ctx
//     if (tap_ok(mock_consumer_open(&c), "a consumer opens"))
//         ...
//     consumer_close(&c);
//     consumer_release(&c);
#ifndef TESTS_UNIT_MOCK_CONSUMER_H
#define TESTS_UNIT_MOCK_CONSUMER_H

#include <stdbool.h>
#include <stdio.h>

#include "kafka/consumer.h"

// Opens it without partitions.
static inline bool mock_consumer_open(struct consumer *c)
{
    static const struct config_setting defaults[] = {
        {"bootstrap.servers", "replaced"},
        {"test.mock.num.brokers", "1"},
        {"allow.auto.create.topics", "true"}, // so that the mock cluster has each topic
        {"reconnect.backoff.max.ms", "100"},
        {NULL, NULL}};
    static const struct config_options options = CONFIG_OPTIONS_INIT;
    struct err err;

    c->max_line = 1000;
    c->offsets.group = "g";
    if (consumer_init(c, &options, defaults, &err) == 0)
        return true;
    printf("# %s\n", err.text);
    return false;
}

#endif
