// SPDX-License-Identifier: BSD-2-Clause
//
// latency: measures how long a record takes from one topic to another while some job copies it. It
// writes login events at a steady rate, each with the time at which it is due, and reads the
// committed records of the other topic. If the sender itself is late, the records behind it are
// late too: the time that they were due counts, not the time when they were sent.
//
//     latency IN OUT RATE WARM-UP SECONDS
//
// The warm-up, in seconds, begins when the first record has come out. After it, the latencies of
// the records that are due in SECONDS count. Prints their median, 99th percentile and maximum in
// ms. Exits with 1 if one of the records is missing 30 seconds later.
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "probe.h"

#define PATIENCE 30       // s
#define FIRST_PATIENCE 90 // s, for a job that must start

static const char due_member[] = "\"due\":";

struct run {
    const char *in;
    const char *out;
    int64_t rate;              // records per second
    _Atomic(int64_t) from, to; // only what is due between them counts; in ns, 0 before it is known
    atomic_bool seen;          // a record has come out
    atomic_bool stop;
    int64_t *latencies; // ns
    size_t capacity;
    _Atomic(size_t) received;
};

static int64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

// The time in a record, or 0.
static int64_t due_at(const rd_kafka_message_t *message)
{
    char *member = memmem(message->payload, message->len, due_member, sizeof due_member - 1);

    return member != NULL ? strtoll(member + sizeof due_member - 1, NULL, 10) : 0;
}

static void *read_out(void *arg)
{
    static const char *const settings[] = {
        "group.id",
        "latency",
        "enable.auto.commit",
        "false",
        "isolation.level",
        "read_committed",
        "fetch.wait.max.ms",
        "100",
        NULL,
    };
    struct run *run = arg;
    rd_kafka_t *rk = probe_client(RD_KAFKA_CONSUMER, settings);

    probe_read_topic(rk, run->out);
    while (!run->stop) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(rk, 100);
        if (message == NULL)
            continue;
        if (message->err != 0)
            probe_fail(run->out, rd_kafka_message_errstr(message));
        int64_t due = due_at(message);
        run->seen = true;
        if (run->from != 0 && due >= run->from && due < run->to && run->received < run->capacity)
            run->latencies[run->received++] = now() - due;
        rd_kafka_message_destroy(message);
    }
    rd_kafka_consumer_close(rk);
    rd_kafka_destroy(rk);
    return NULL;
}

static void sleep_until(int64_t ns)
{
    struct timespec t = {.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};

    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static void send_one(rd_kafka_t *rk, rd_kafka_topic_t *topic, int64_t number, int64_t due)
{
    char line[320];
    int n =
        snprintf(line, sizeof line,
                 "{\"user_id\":\"%08" PRIx64 "-50e9-468e-ae99-ae679507c37e\",\"app_version\":"
                 "\"2.3.0\",\"ip\":\"79.177.172.53\",\"locale\":\"OH\",\"device_id\":"
                 "\"248-31-5788\",\"timestamp\":1694476803,\"device_type\":\"web\",%s%" PRId64 "}",
                 number * 2654435761 & 0xffffffff, due_member, due);

    if (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, line, (size_t)n, NULL,
                         0, NULL))
        probe_fail("produce", rd_kafka_err2str(rd_kafka_last_error()));
    rd_kafka_poll(rk, 0);
}

// Sends one record after the other until the measured time is over. Returns how many were due in
// it.
static size_t send_all(struct run *run, int64_t warm_up, int64_t length)
{
    static const char *const settings[] = {
        "linger.ms", "0",  "sticky.partitioning.linger.ms", "0", "socket.nagle.disable",
        "true",      NULL,
    };
    rd_kafka_t *rk = probe_client(RD_KAFKA_PRODUCER, settings);
    rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, run->in, NULL);
    int64_t start = now(), due = start;
    size_t counted = 0;

    for (int64_t i = 0; run->from == 0 || due < run->to; i++) {
        sleep_until(due);
        if (run->seen && run->from == 0) {
            run->to = now() + warm_up + length;
            run->from = run->to - length;
        }
        if (!run->seen && now() > start + FIRST_PATIENCE * INT64_C(1000000000))
            probe_fail(run->out, "nothing came out");
        send_one(rk, topic, i, due);
        counted += run->from != 0 && due >= run->from;
        due = start + (i + 1) * 1000000000 / run->rate;
    }
    rd_kafka_flush(rk, PATIENCE * 1000);
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(rk);
    return counted;
}

static int compare(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static void report(struct run *run)
{
    size_t n = run->received;

    qsort(run->latencies, n, sizeof *run->latencies, compare);
    printf("%.1f %.1f %.1f\n", (double)run->latencies[n / 2] / 1e6,
           (double)run->latencies[n * 99 / 100] / 1e6, (double)run->latencies[n - 1] / 1e6);
}

int main(int argc, char **argv)
{
    pthread_t reader;

    if (argc != 6)
        probe_fail("usage", "latency IN OUT RATE WARM-UP SECONDS");
    int64_t length = atoll(argv[5]) * 1000000000;
    struct run run = {.in = argv[1], .out = argv[2], .rate = atoll(argv[3])};
    run.capacity = (size_t)(run.rate * (atoll(argv[5]) + 1));
    run.latencies = calloc(run.capacity, sizeof *run.latencies);
    if (run.latencies == NULL || pthread_create(&reader, NULL, read_out, &run) != 0)
        probe_fail("reader", "cannot start");
    size_t sent = send_all(&run, atoll(argv[4]) * 1000000000, length);
    for (int64_t end = now() + PATIENCE * INT64_C(1000000000); run.received < sent && now() < end;)
        sleep_until(now() + 10000000);
    run.stop = true;
    pthread_join(reader, NULL);
    if (run.received < sent)
        probe_fail(run.out, "records are missing");
    report(&run);
    free(run.latencies);
    return 0;
}
