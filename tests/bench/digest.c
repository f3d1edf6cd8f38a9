// SPDX-License-Identifier: BSD-2-Clause
//
// digest: prints how many committed records a topic has, and a number that depends on the keys and
// the partitions of all of them, but not on their order. So two jobs that give the same two numbers
// wrote equally many records, with the same keys, to the same partitions.
//
//     digest TOPIC
#include <inttypes.h>
#include <stdio.h>

#include "probe.h"

#define TIMEOUT 30000 // ms

// FNV-1a, begun with the partition.
static uint64_t hash(const rd_kafka_message_t *message)
{
    uint64_t h = 0xcbf29ce484222325 ^ (uint64_t)message->partition;
    const unsigned char *key = message->key;

    for (size_t i = 0; i < message->key_len; i++)
        h = (h ^ key[i]) * 0x100000001b3;
    return h ^ h >> 32;
}

int main(int argc, char **argv)
{
    static const char *const settings[] = {
        "group.id",
        "digest",
        "enable.auto.commit",
        "false",
        "isolation.level",
        "read_committed",
        "enable.partition.eof",
        "true",
        "fetch.wait.max.ms",
        "10",
        NULL,
    };
    uint64_t records = 0, sum = 0;

    if (argc != 2)
        probe_fail("usage", "digest TOPIC");
    rd_kafka_t *rk = probe_client(RD_KAFKA_CONSUMER, settings);
    for (int open = probe_read_topic(rk, argv[1]); open > 0;) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(rk, TIMEOUT);
        if (message == NULL)
            probe_fail(argv[1], "no answer");
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            open--;
        } else if (message->err != 0) {
            probe_fail(argv[1], rd_kafka_message_errstr(message));
        } else {
            records++;
            sum += hash(message);
        }
        rd_kafka_message_destroy(message);
    }
    rd_kafka_consumer_close(rk);
    rd_kafka_destroy(rk);
    printf("%" PRIu64 " %016" PRIx64 "\n", records, sum);
    return 0;
}
