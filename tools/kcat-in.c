// SPDX-License-Identifier: BSD-2-Clause
//
// kcat-in: the records of Kafka topics as NDJSON on stdout, a value a line. Without a group it
// reads all partitions, or those of -p, by itself; with one it shares them with the group's other
// members and commits what has been written to stdout.

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "datetime.h"
#include "kafka_consumer.h"
#include "log.h"
#include "opt.h"
#include "signals.h"
#include "stream.h"

#define BATCH_BYTES (64 * 1024) // handed over in one go, before output is flushed
#define COMMIT_EVERY 1000       // ms

struct options {
    struct stream_options stream;
    struct kafka_options kafka;
    struct opt_list topics;
    const char *group;
    const char *partitions;
    struct offset_range range;
    bool exit_at_end;
    uint64_t count; // 0 when there is no limit
};

struct reader {
    const struct options *options;
    struct stream *stream;
    struct consumer consumer;
    struct buf value;
    bool several_lines; // the value in hand holds newlines
    size_t batch;       // bytes handed over in this fill
    int taken;          // records handed over in this fill
    uint64_t total;
};

static int set_offset(void *options, const char *arg, struct err *err)
{
    return offset_range_parse(arg, time_now(), &((struct options *)options)->range, err);
}

static const struct opt options_table[] = {
    {"topic", 't', OPT_LIST, "TOPIC", "a topic, or ^REGEX; also as operands",
     offsetof(struct options, topics), NULL, 0},
    {"group", 'G', OPT_STRING, "GROUP", "share the partitions in a consumer group, and commit",
     offsetof(struct options, group), NULL, 0},
    {"partitions", 'p', OPT_STRING, "LIST", "only these partitions, such as 0,2-4",
     offsetof(struct options, partitions), NULL, 0},
    {"offset", 'o', OPT_CALL, "FROM[:TO]", "beginning (default), end, stored, N, -N, @TIME or @AGO",
     0, set_offset, 0},
    {"exit", 'e', OPT_FLAG, NULL, "stop at the end as it was at the start",
     offsetof(struct options, exit_at_end), NULL, 0},
    {"count", 'c', OPT_COUNT, "N", "stop after N records", offsetof(struct options, count), NULL,
     1},
};

static const struct kafka_setting defaults[] = {
    {"client.id", "loginpipe"},
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"enable.partition.eof", "true"},
    // Never skip to the end because an offset has gone.
    {"auto.offset.reset", "earliest"},
    // Eager rebalancing; the cooperative kind has known bugs before librdkafka 2.10.
    {"partition.assignment.strategy", "range"},
    // What is prefetched while stdout is blocked, by all partitions together.
    {"queued.max.messages.kbytes", "32768"},
    {"log.connection.close", "false"},
    {NULL, NULL},
};

static bool count_reached(const struct reader *r)
{
    return r->options->count > 0 && r->total == r->options->count;
}

// Copies a message's value to where it can be parsed, and hands it on as a record.
static int on_message(void *ctx, const struct partition *p, const rd_kafka_message_t *message)
{
    static const char tombstone[] = "null";
    struct reader *r = ctx;
    const struct line_origin origin = {p->topic, p->id, message->offset};
    size_t full_len = message->payload == NULL ? sizeof tombstone - 1 : message->len;
    size_t len = full_len;

    if (len > r->options->stream.max_line && len > LINE_KEEP)
        len = LINE_KEEP;
    buf_clear(&r->value);
    buf_reserve(&r->value, len + 1);
    buf_append(&r->value, message->payload == NULL ? tombstone : message->payload, len);
    r->several_lines = memchr(r->value.data, '\n', len) != NULL;
    r->batch += len + 1;
    r->taken++;
    r->total++;
    const struct line line = {.data = r->value.data,
                              .len = len,
                              .number = r->total,
                              .full_len = full_len,
                              .origin = &origin};
    if (stream_take(r->stream, &line) != 0 || count_reached(r))
        return -1;
    if (r->batch >= BATCH_BYTES)
        consumer_yield(&r->consumer);
    return 0;
}

// Emits a value; one that has newlines is joined to one line. Between tokens a space means the
// same, and within strings JSON has no newline.
static int record(void *ctx, struct stream *s, const struct line *line)
{
    struct reader *r = ctx;
    char *data = r->value.data;
    size_t len = line->len;

    if (!r->several_lines || line->data != data)
        return stream_emit(s, line->data, line->len);
    for (size_t i = 0; i < len; i++) {
        if (data[i] == '\n' || data[i] == '\r')
            data[i] = ' ';
    }
    while (data[len - 1] == ' ' || data[len - 1] == '\t')
        len--;
    return stream_emit(s, data, len);
}

static int flush_for_consumer(void *ctx)
{
    return stream_flush(((struct reader *)ctx)->stream);
}

static int start(struct reader *r, struct err *err)
{
    const struct options *o = r->options;
    int32_t *ids = NULL;
    int id_count = 0;

    if (o->partitions != NULL && (id_count = partition_list_parse(o->partitions, &ids)) < 0)
        return err_set(err, EX_USAGE, "-p: '%s' is not a list such as 0,2-4", o->partitions);
    if (o->group != NULL && ids == NULL)
        return consumer_subscribe(&r->consumer, &o->topics, err);
    int status = consumer_assign(&r->consumer, &o->topics, ids, id_count, err);
    free(ids);
    return status;
}

static int open_topics(void *ctx, struct stream *s)
{
    static const struct consumer_ops ops = {.message = on_message, .flush = flush_for_consumer};
    struct reader *r = ctx;
    struct err err;

    r->stream = s;
    r->consumer = (struct consumer){.ops = &ops,
                                    .ctx = r,
                                    .group = r->options->group,
                                    .range = r->options->range,
                                    .stop_at_end = r->options->exit_at_end};
    if (consumer_init(&r->consumer, &r->options->kafka, defaults, &err) != 0 || start(r, &err) != 0)
        return stream_fail_err(s, &err);
    return 0;
}

static int fill(void *ctx, struct stream *s, int timeout_ms, bool *end)
{
    struct reader *r = ctx;
    struct err err;

    r->batch = 0;
    r->taken = 0;
    if (consumer_poll(&r->consumer, timeout_ms, &err) != 0 && !count_reached(r))
        return err.status == EX_OK ? -1 : stream_fail_err(s, &err);
    if (r->taken > 0)
        kafka_alive(&r->consumer.kafka);
    *end = count_reached(r) || consumer_done(&r->consumer);
    return r->taken;
}

static void flushed(void *ctx, struct stream *s)
{
    (void)s;
    partitions_written(&((struct reader *)ctx)->consumer.partitions);
}

// stdout is blocked: stay a member of the group. What is prefetched meanwhile is bounded.
static void stalled(void *ctx, struct stream *s)
{
    (void)s;
    consumer_serve(&((struct reader *)ctx)->consumer);
}

static int on_tick(void *ctx, struct stream *s)
{
    (void)s;
    consumer_commit(&((struct reader *)ctx)->consumer);
    return 0;
}

static void close_topics(void *ctx, struct stream *s)
{
    struct reader *r = ctx;
    struct err err;

    if (consumer_close(&r->consumer, &err) != 0)
        stream_fail_err(s, &err);
}

int main(int argc, char **argv)
{
    static const struct stream_ops ops = {.parse = true,
                                          .tick = COMMIT_EVERY,
                                          .open = open_topics,
                                          .fill = fill,
                                          .record = record,
                                          .on_tick = on_tick,
                                          .flushed = flushed,
                                          .stalled = stalled,
                                          .close = close_topics};
    struct options options = {.stream = STREAM_OPTIONS_INIT, .kafka = KAFKA_OPTIONS_INIT};
    const struct opt_group groups[] = {
        OPT_GROUP("Reading", options_table, &options),
        {"Kafka", kafka_opts, kafka_opt_count, &options.kafka},
        {"Stream", stream_opts, stream_opt_count, &options.stream},
    };
    const struct opt_program program = {"[OPTION]... TOPIC...",
                                        "Writes the records of Kafka topics as NDJSON.", groups, 3};
    struct reader reader = {.options = &options, .value = BUF_INIT};

    log_init(argv[0]);
    options.kafka.stopping = signals_stopping;
    for (int i = opt_parse(&program, argc, argv); i < argc; i++)
        opt_list_add(&options.topics, argv[i]);
    kafka_show(&options.kafka, defaults);
    if (options.topics.count == 0)
        opt_usage_error("no topic: give it as operand or by -t");
    if (options.group == NULL && options.range.from.kind == OFFSET_STORED)
        opt_usage_error("-o: stored offsets are a group's; give one by -G");
    int status = stream_run(&ops, &reader, &options.stream);
    consumer_release(&reader.consumer);
    buf_release(&reader.value);
    opt_release(&program);
    return status;
}
