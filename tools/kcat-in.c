// SPDX-License-Identifier: BSD-2-Clause
//
// kcat-in: the records of Kafka topics as NDJSON on stdout, a value a line. Without a group it
// reads all partitions, or those of -p, by itself; with one it shares them with the group's other
// members and commits what has been written to stdout. With marks, what is committed is up to who
// acknowledges them, or to the last stage.

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/datetime.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/signals.h"
#include "kafka/consumer.h"
#include "kafka/mark_source.h"
#include "stream/stream.h"

#define BATCH_BYTES (64 * 1024)  // handed over in one go, before output is flushed
#define COMMIT_EVERY 1000        // ms
#define MARKS_TICK 100           // ms: how often to look for acknowledgements, and if a mark is due
#define MARKS_DEFAULT 1000       // ms
#define MARKS_SHORTEST 100       // ms
#define END_WAIT (5 * MS_MINUTE) // for the acknowledgement of the end mark
#define STOP_WAIT (20 * MS_SECOND) // for that of the last one after a signal, or before a rebalance

struct options {
    struct stream_options stream;
    struct kafka_options kafka;
    struct opt_list topics;
    const char *group;
    const char *partitions;
    int64_t shard, shards; // 0/0 when not given
    int32_t *ids;          // of -p
    int id_count;
    char *shard_name; // of the fixed set of partitions; NULL when it is not fixed
    struct mark_source_options marks;
    struct offset_range range;
    bool exit_at_end;
    uint64_t count; // 0 when there is no limit
};

struct reader {
    const struct options *options;
    struct stream *stream;
    struct consumer consumer;
    struct mark_source marks;
    bool open, ended; // marks are being written; the input has ended by request
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

static int set_shard(void *options, const char *arg, struct err *err)
{
    struct options *o = options;

    if (partition_shard_parse(arg, &o->shard, &o->shards) != 0)
        return err_set(err, EX_USAGE, "'%s' is not I/N, such as 0/2 or 1/2", arg);
    return 0;
}

static int set_marks(void *options, const char *arg, struct err *err)
{
    struct options *o = options;

    o->marks.interval = MARKS_DEFAULT;
    if (arg == NULL ||
        (duration_parse(arg, &o->marks.interval) == 0 && o->marks.interval >= MARKS_SHORTEST))
        return 0;
    return err_set(err, EX_USAGE, "'%s' is not a duration of 100ms or more", arg);
}

static const struct opt options_table[] = {
    OPT_LIST("topic", 't', "TOPIC", struct options, topics, "a topic, or ^REGEX; also as operands"),
    OPT_STRING("group", 'G', "GROUP", struct options, group,
               "share the partitions in a consumer group, and commit"),
    OPT_STRING("partitions", 'p', "LIST", struct options, partitions,
               "only these partitions, such as 0,2-4"),
    OPT_CALL("shard", 0, "I/N", set_shard, "only share I of N, from 0, of each topic's partitions"),
    OPT_CALL("offset", 'o', "FROM[:TO]", set_offset,
             "beginning (default), end, stored, N, -N, @TIME or @AGO"),
    OPT_FLAG("exit", 'e', struct options, exit_at_end, "stop at the end as it was at the start"),
    OPT_COUNT("count", 'c', "N", struct options, count, 1, "stop after N records"),
    OPT_CALL("marks", 0, "[=DUR]", set_marks, "write marks, as a rule every second"),
    OPT_STRING("acks", 0, "FIFO", struct options, marks.acks,
               "commit marks that come back here; implies --marks"),
    OPT_STRING("time-field", 0, "NAME", struct options, marks.time_field,
               "a record's time, for marks (default timestamp)"),
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

static bool is_too_long(const struct reader *r, size_t len)
{
    return len > r->options->stream.max_line;
}

// Copies a message's value to where it can be parsed, and hands it on as a record.
static int on_message(void *ctx, struct partition *p, const rd_kafka_message_t *message)
{
    static const char tombstone[] = "null";
    struct reader *r = ctx;
    const struct line_origin origin = {p->topic, p->id, message->offset};
    size_t full_len = message->payload == NULL ? sizeof tombstone - 1 : message->len;
    size_t len = full_len;

    if (is_too_long(r, len) && len > LINE_KEEP)
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
    if (stream_feed(r->stream, &line) != 0)
        return -1;
    // It is still parsed: as the jq program made it, or as it came where that has dropped it.
    if (r->open)
        mark_source_saw(&r->marks, p, is_too_long(r, full_len) ? NULL : stream_json(r->stream));
    if (count_reached(r))
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

    mark_source_wrote(&r->marks, len + 1);
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

// Writes a mark and what stands before it.
static int emit_mark(struct reader *r, enum mark_kind kind)
{
    return stream_emit_mark(r->stream, mark_source_make(&r->marks, kind));
}

// Partitions are about to go to somebody else: finish what was read of them.
static int give_up(void *ctx, bool blocked, bool lost)
{
    struct reader *r = ctx;
    struct err err;

    if (!r->open)
        return blocked ? 0 : stream_flush(r->stream);
    if (!blocked) {
        if (emit_mark(r, MARK_PROGRESS) != 0)
            return -1;
        if (!lost && mark_source_settle(&r->marks, STOP_WAIT, STDOUT_FILENO, false, &err) < 0)
            return stream_fail_err(r->stream, &err);
    }
    mark_source_give_up(&r->marks, lost);
    return 0;
}

static void committed(void *ctx, rd_kafka_resp_err_t code)
{
    mark_source_committed(&((struct reader *)ctx)->marks, code);
}

static int start(struct reader *r, struct err *err)
{
    const struct options *o = r->options;

    if (o->group != NULL && o->ids == NULL && o->shards == 0)
        return consumer_subscribe(&r->consumer, &o->topics, err);
    return consumer_assign(&r->consumer, &o->topics, o->ids, o->id_count, err);
}

// Writes a mark if one is due.
static int emit_due_mark(struct reader *r)
{
    const struct mark *mark = mark_source_due(&r->marks);

    return mark == NULL ? 0 : stream_emit_mark(r->stream, mark);
}

static int open_marks(struct reader *r)
{
    struct err err;

    if (r->options->marks.interval == 0)
        return 0;
    if (mark_source_open(&r->marks, &r->consumer, &r->options->marks, &err) != 0)
        return stream_fail_err(r->stream, &err);
    r->open = true;
    return emit_mark(r, MARK_HELLO);
}

static int open_topics(void *ctx, struct stream *s)
{
    static const struct consumer_ops ops = {
        .message = on_message, .give_up = give_up, .committed = committed};
    struct reader *r = ctx;
    struct err err;

    r->stream = s;
    r->consumer = (struct consumer){.ops = &ops,
                                    .ctx = r,
                                    .group = r->options->group,
                                    .range = r->options->range,
                                    .stop_at_end = r->options->exit_at_end,
                                    .shard = r->options->shard,
                                    .shards = r->options->shards,
                                    .owner_commits = r->options->marks.interval > 0,
                                    .others_commit = r->options->marks.interval > 0 &&
                                                     r->options->marks.acks == NULL};
    if (consumer_init(&r->consumer, &r->options->kafka, defaults, &err) != 0 || start(r, &err) != 0)
        return stream_fail_err(s, &err);
    return open_marks(r);
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
    *end = r->ended = count_reached(r) || consumer_done(&r->consumer);
    // As the first stage reads faster than the next one, a pipe may hold the records of many ticks.
    if (r->open && !r->ended && r->taken > 0 && emit_due_mark(r) != 0)
        return -1;
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
    struct reader *r = ctx;
    struct err err;

    consumer_serve(&r->consumer);
    if (r->open && mark_source_serve(&r->marks, &err) != 0)
        stream_fail_err(s, &err);
}

static int on_tick(void *ctx, struct stream *s)
{
    struct reader *r = ctx;
    struct err err;

    if (!r->open) {
        consumer_commit(&r->consumer);
        return 0;
    }
    if (mark_source_serve(&r->marks, &err) != 0)
        return stream_fail_err(s, &err);
    return emit_due_mark(r);
}

// The last mark. It is an end mark only if the input has ended by request: after a signal there
// is more to come, in another run, and the mark says stop.
static int end(void *ctx, struct stream *s)
{
    struct reader *r = ctx;
    struct err err;

    if (!r->open)
        return 0;
    if (stream_emit_mark(s, mark_source_make_last(&r->marks, r->ended)) != 0)
        return -1;
    int status =
        mark_source_settle(&r->marks, r->ended ? END_WAIT : STOP_WAIT, STDOUT_FILENO, true, &err);
    if (status < 0)
        return stream_fail_err(s, &err);
    if (status > 0 && r->ended)
        return stream_fail(s, EX_TEMPFAIL, "--acks: the end mark was not acknowledged");
    if (status > 0)
        log_warn("--acks: the last mark was not acknowledged; what is behind the one before is "
                 "read again");
    return 0;
}

static void close_topics(void *ctx, struct stream *s)
{
    struct reader *r = ctx;
    struct err err;

    r->open = false; // what the group still says is not for marks
    if (consumer_close(&r->consumer, &err) != 0)
        stream_fail_err(s, &err);
}

// What the options mean together.
static void check_options(struct options *o)
{
    if (o->topics.count == 0)
        opt_usage_error("no topic: give it as operand or by -t");
    if (o->group == NULL && o->range.from.kind == OFFSET_STORED)
        opt_usage_error("-o: stored offsets are a group's; give one by -G");
    if (o->partitions != NULL && o->shards > 0)
        opt_usage_error("-p, --shard: only one of them can be given");
    if (o->marks.acks != NULL && o->group == NULL)
        opt_usage_error("--acks: offsets are committed for a group; give one by -G");
    if (o->marks.acks != NULL && o->marks.interval == 0)
        o->marks.interval = MARKS_DEFAULT;
    if (o->partitions != NULL && (o->id_count = partition_list_parse(o->partitions, &o->ids)) < 0)
        opt_usage_error("-p: '%s' is not a list such as 0,2-4", o->partitions);
    // One name for one set, however it is given: pipelines that read the same fence each other.
    if (o->shards > 0)
        o->shard_name = partition_shard_name(o->shard, o->shards);
    else if (o->ids != NULL)
        o->shard_name = partition_list_name(o->ids, o->id_count);
    o->marks.shard = o->shard_name;
}

int main(int argc, char **argv)
{
    struct stream_ops ops = {.parse = true,
                             .tick = COMMIT_EVERY,
                             .open = open_topics,
                             .fill = fill,
                             .record = record,
                             .end = end,
                             .on_tick = on_tick,
                             .flushed = flushed,
                             .stalled = stalled,
                             .close = close_topics};
    struct options options = {.stream = STREAM_OPTIONS_INIT,
                              .kafka = KAFKA_OPTIONS_INIT,
                              .marks = {.time_field = "timestamp"}};
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
    check_options(&options);
    if (options.marks.interval > 0)
        ops.tick = MARKS_TICK;
    int status = stream_run(&ops, &reader, &options.stream);
    mark_source_release(&reader.marks);
    consumer_release(&reader.consumer);
    buf_release(&reader.value);
    free(options.ids);
    free(options.shard_name);
    opt_release(&program);
    return status;
}
