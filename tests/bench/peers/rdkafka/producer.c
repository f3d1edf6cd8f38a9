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
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "producer: %s: %s\n", what, why);
    exit(1);
}

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    (void)rk;
    (void)opaque;
    if (message->err)
        fail("not delivered", rd_kafka_err2str(message->err));
}

static rd_kafka_t *connect_to_brokers(void)
{
    static const char *const settings[][2] = {
        {"enable.idempotence", "true"},
        {"linger.ms", "5"},
        {"queue.buffering.max.messages", "500000"},
        {"queue.buffering.max.kbytes", "65536"},
        {"socket.nagle.disable", "true"},
    };
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], why, sizeof why))
            fail(settings[i][0], why);
    if (rd_kafka_conf_set(conf, "bootstrap.servers", getenv("BOOTSTRAP_SERVERS"), why, sizeof why))
        fail("bootstrap.servers", why);
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (rk == NULL)
        fail("client", why);
    return rk;
}

static void produce(rd_kafka_t *rk, rd_kafka_topic_t *topic, char *line, size_t length)
{
    while (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, 0, line, length, NULL, 0, NULL)) {
        if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            fail("produce", rd_kafka_err2str(rd_kafka_last_error()));
        rd_kafka_poll(rk, 100);
    }
}

int main(int argc, char **argv)
{
    struct stat file;

    if (argc != 3)
        fail("usage", "producer TOPIC FILE");
    int fd = open(argv[2], O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &file) != 0)
        fail(argv[2], "cannot open");
    size_t size = (size_t)file.st_size;
    char *lines = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (lines == MAP_FAILED)
        fail(argv[2], "cannot map");

    rd_kafka_t *rk = connect_to_brokers();
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
