// SPDX-License-Identifier: BSD-2-Clause
//
// producer: writes the lines of a file to a topic with librdkafka, idempotent and without message
// keys, as fast as a plain loop of rd_kafka_produce() can. It is what kcat-out is compared with.
// Payloads are not copied: the file is mapped.
//
//     producer TOPIC FILE
//
// The brokers are in BOOTSTRAP_SERVERS. Exits with 0 once all lines are delivered.
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "probe.h"

// What of sink_defaults (common/kafka/sink_settings.c) changes the speed without keys. These must
// follow it, or kcat-out is compared with another way to produce; bench.bats looks.
static const char *const settings[] = {
    "enable.idempotence",
    "true",
    "linger.ms",
    "5",
    "batch.num.messages",
    "100000",
    "queue.buffering.max.messages",
    "500000",
    "queue.buffering.max.kbytes",
    "65536",
    "message.max.bytes",
    "67108864",
    "socket.nagle.disable",
    "true",
    NULL,
};

static void produce(rd_kafka_t *rk, rd_kafka_topic_t *topic, char *line, size_t length)
{
    while (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, 0, line, length, NULL, 0, NULL)) {
        if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            probe_fail("produce", rd_kafka_err2str(rd_kafka_last_error()));
        rd_kafka_poll(rk, 100);
    }
}

int main(int argc, char **argv)
{
    struct stat file;

    if (argc != 3)
        probe_fail("usage", "producer TOPIC FILE");
    int fd = open(argv[2], O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &file) != 0)
        probe_fail(argv[2], "cannot open");
    size_t size = (size_t)file.st_size;
    char *lines = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (lines == MAP_FAILED)
        probe_fail(argv[2], "cannot map");

    rd_kafka_t *rk = probe_client(RD_KAFKA_PRODUCER, settings);
    rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, argv[1], NULL);
    unsigned count = 0;
    for (char *line = lines, *end; (end = memchr(line, '\n', size - (size_t)(line - lines)));
         line = end + 1) {
        produce(rk, topic, line, (size_t)(end - line));
        if (++count % 1000 == 0)
            rd_kafka_poll(rk, 0);
    }
    while (rd_kafka_outq_len(rk) > 0)
        rd_kafka_poll(rk, 100);
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(rk);
    return 0;
}
