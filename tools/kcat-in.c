// SPDX-License-Identifier: BSD-2-Clause
//
// kcat-in: writes the records of Kafka topics to stdout as NDJSON, one value per line. It reads a
// fixed set of partitions, or shares the partitions with the other members of a group. The delivery
// guarantee (kafka/guarantee.h) decides which offsets it commits, and when.

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/datetime.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/signals.h"
#include "kafka/acked.h"
#include "kafka/check.h"
#include "kafka/guarantee.h"
#include "kafka/partition_list.h"
#include "kafka/plain.h"
#include "kafka/source_settings.h"
#include "kafka/transactional.h"
#include "stream/stream.h"

#define BATCH_BYTES (64 * 1024) // handed over at a time, before output is flushed
#define MARKS_DEFAULT 1000      // ms
#define MARKS_SHORTEST 100      // ms

struct options {
    struct stream_options stream;
    struct config_options kafka;
    struct check_options check;
    struct opt_list topics;
    const char *group;
    const char *partitions;
    int64_t shard, shards; // 0/0 when not given
    int32_t *ids;          // of -p
    int id_count;
    const struct source_guarantee *guarantee;
    struct source_options source;
    struct offset_range range;
    bool exit_at_end;
    uint64_t count; // 0 for no limit
};

struct reader {
    const struct options *options;
    struct source source;
    bool ended;   // the input has ended by request
    size_t batch; // bytes handed over in this fill
    int taken;    // records handed over in this fill
};

static int set_offset(void *options, const char *arg, struct err *err)
{
    return offset_spec_parse(arg, time_now(), &((struct options *)options)->range, err);
}

static int set_shard(void *options, const char *arg, struct err *err)
{
    struct options *o = options;

    if (partition_list_parse_shard(arg, &o->shard, &o->shards) != 0)
        return err_set(err, EX_USAGE, "'%s' is not I/N, such as 0/2 or 1/2", arg);
    return 0;
}

static int set_marks(void *options, const char *arg, struct err *err)
{
    struct options *o = options;

    o->source.marks.interval = MARKS_DEFAULT;
    if (arg == NULL || (duration_parse(arg, &o->source.marks.interval) == 0 &&
                        o->source.marks.interval >= MARKS_SHORTEST))
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
    OPT_FLAG("exit", 'e', struct options, exit_at_end,
             "stop at the end offsets as they are at the start"),
    OPT_COUNT("count", 'c', "N", struct options, count, 1, "stop after N records"),
    OPT_CALL("marks", 0, "[=DUR]", set_marks, "write marks, by default every second"),
    OPT_STRING("acks", 0, "FIFO", struct options, source.acks,
               "commit marks that come back through FIFO; implies --marks"),
};

static bool count_reached(const struct reader *r)
{
    return r->options->count > 0 && r->source.consumer.records == r->options->count;
}

static int on_record(void *ctx, struct partition *p, const struct line *line)
{
    struct source *source = ctx;
    struct reader *r = source->ctx;

    r->batch += line->len + 1;
    r->taken++;
    if (stream_feed(source->stream, line) != 0)
        return -1;
    // The parsed record is the jq program's output or, if there was none, the input.
    bool too_long = line->full_len > source->consumer.max_line;
    if (source->guarantee->saw != NULL)
        source->guarantee->saw(source, p, too_long ? NULL : stream_json(source->stream));
    if (count_reached(r))
        return -1;
    if (r->batch >= BATCH_BYTES)
        consumer_yield(&source->consumer);
    return 0;
}

static int record(void *ctx, struct stream *s, const struct line *line)
{
    static const struct reject reserved = {REJECT_RESERVED, "@mark", "only marks can have it"};
    struct reader *r = ctx;

    if (r->source.guarantee->accepts != NULL &&
        !r->source.guarantee->accepts(&r->source, stream_json(s)))
        return stream_reject(s, &reserved, line);
    mark_source_wrote(&r->source.marks, line->len + 1);
    return stream_emit(s, line->data, consumer_join_lines(&r->source.consumer, line));
}

static int open_source(void *ctx, struct stream *s)
{
    struct reader *r = ctx;
    struct consumer *c = &r->source.consumer;
    const struct options *o = r->options;
    struct err err;

    r->source.stream = s;
    *c = (struct consumer){
        .ops = source_consumer_ops(on_record),
        .ctx = &r->source,
        .max_line = o->stream.max_line,
        .set = {.shard = o->shard, .shards = o->shards, .ids = o->ids, .id_count = o->id_count},
        .shared.keeps = r->source.guarantee->keeps,
        .offsets = {.group = o->group,
                    .range = o->range,
                    .stop_at_end = o->exit_at_end,
                    .commits_nothing = o->source.commits_nothing}};
    if (consumer_init(c, &o->kafka, source_defaults, &err) != 0 ||
        consumer_start(c, &o->topics, &err) != 0)
        return stream_fail_err(s, &err);
    return r->source.guarantee->open(&r->source);
}

static int fill(void *ctx, struct stream *s, int timeout_ms, bool *end)
{
    struct reader *r = ctx;
    struct consumer *c = &r->source.consumer;
    struct err err;

    r->batch = 0;
    r->taken = 0;
    if (consumer_poll(c, timeout_ms, &err) != 0 && !count_reached(r))
        return err.status == EX_OK ? -1 : stream_fail_err(s, &err);
    if (r->taken > 0)
        client_alive(&c->client);
    *end = r->ended = count_reached(r) || consumer_done(c);
    if (!r->ended && r->options->source.marks.live && consumer_grown(c, &err)) {
        log_error("%s", err.text);
        stream_set_status(s, err.status);
        *end = true;
    }
    // Writes a mark after each batch, not only at ticks. The source is faster than the next stage,
    // so the pipe could otherwise fill with records and no mark.
    if (!r->ended && r->taken > 0 && r->source.guarantee->mark(&r->source) != 0)
        return -1;
    return r->taken;
}

static void flushed(void *ctx, struct stream *s)
{
    (void)s;
    partitions_written(&((struct reader *)ctx)->source.consumer.partitions);
}

// Called while stdout is blocked. Keeps the membership in the group, and commits.
static void stalled(void *ctx, struct stream *s)
{
    struct source *source = &((struct reader *)ctx)->source;

    (void)s;
    consumer_serve(&source->consumer);
    source->guarantee->serve(source, true);
}

static int on_tick(void *ctx, struct stream *s)
{
    struct source *source = &((struct reader *)ctx)->source;

    (void)s;
    return source->guarantee->serve(source, false) != 0 ? -1 : source->guarantee->mark(source);
}

static int end(void *ctx, struct stream *s)
{
    struct reader *r = ctx;

    (void)s;
    return r->source.guarantee->settle(&r->source, r->ended);
}

static void close_source(void *ctx, struct stream *s)
{
    struct source *source = &((struct reader *)ctx)->source;

    (void)s;
    source->guarantee->close(source);
    consumer_close(&source->consumer);
}

static const struct source_guarantee *choose_guarantee(const struct options *o)
{
    if (o->source.acks != NULL)
        return &acked_source;
    return o->source.marks.interval > 0 ? &transactional_source : &plain_source;
}

static void read_settings(struct options *o)
{
    struct err err;

    if (config_read(&o->kafka, RD_KAFKA_CONSUMER, &err) != 0 ||
        source_settings_apply(&o->kafka, &o->group, &o->range, &o->source, &err) != 0)
        err_die(&err);
}

// Checks the options against each other, and chooses the delivery guarantee.
static void check_options(struct options *o)
{
    if (o->topics.count == 0)
        opt_usage_error("no topic: give it as an operand or with -t");
    if (o->group == NULL && o->range.from.kind == OFFSET_STORED)
        opt_usage_error("-o: stored offsets need a group (-G)");
    if (o->partitions != NULL && o->shards > 0)
        opt_usage_error("-p, --shard: only one of them can be given");
    if (o->source.acks != NULL && o->group == NULL)
        opt_usage_error("--acks: needs a group (-G), for which offsets are committed");
    if (o->source.acks != NULL && o->source.marks.interval == 0)
        o->source.marks.interval = MARKS_DEFAULT;
    if (o->partitions != NULL && (o->id_count = partition_list_parse(o->partitions, &o->ids)) < 0)
        opt_usage_error("-p: '%s' is not a list such as 0,2-4", o->partitions);
    if (strcmp(o->source.marks.time_field, "@mark") == 0)
        opt_usage_error("--time-field: @mark is reserved for marks");
    o->source.marks.live = !o->exit_at_end && o->count == 0 && o->range.to.kind == OFFSET_NONE;
    o->guarantee = choose_guarantee(o);
}

static int check(const struct options *o)
{
    struct check c = {
        .options = &o->check, .config = &o->kafka, .defaults = source_defaults, .right = "READ"};

    return check_topics(&c, o->topics.item, o->topics.count);
}

int main(int argc, char **argv)
{
    struct stream_ops ops = {.parse = true,
                             .open = open_source,
                             .fill = fill,
                             .record = record,
                             .end = end,
                             .on_tick = on_tick,
                             .flushed = flushed,
                             .stalled = stalled,
                             .close = close_source};
    struct options options = {.stream = STREAM_OPTIONS_INIT,
                              .kafka = CONFIG_OPTIONS_INIT,
                              .source = {.marks = MARK_SOURCE_OPTIONS_INIT}};
    const struct opt_group groups[] = {
        OPT_GROUP("Reading", options_table, &options),
        {"Watermark", mark_source_opts, mark_source_opt_count, &options.source.marks},
        {"Kafka", config_opts, config_opt_count, &options.kafka},
        {"Checks", check_opts, check_opt_count, &options.check},
        {"Stream", stream_opts, stream_opt_count, &options.stream},
    };
    const struct opt_program program = {"[OPTION]... TOPIC...",
                                        "Writes the records of Kafka topics as NDJSON.", groups,
                                        sizeof groups / sizeof *groups, config_libraries};
    struct reader reader = {.options = &options,
                            .source = {.options = &options.source, .ctx = &reader}};

    log_init(argv[0]);
    options.kafka.stopping = signals_stopping;
    for (int i = opt_parse(&program, argc, argv); i < argc; i++)
        opt_list_add(&options.topics, argv[i]);
    read_settings(&options);
    config_show(&options.kafka, source_defaults);
    check_options(&options);
    ops.tick = options.guarantee->tick;
    reader.source.guarantee = options.guarantee;
    int status =
        options.check.wanted ? check(&options) : stream_run(&ops, &reader, &options.stream);
    consumer_release(&reader.source.consumer);
    options.guarantee->release(&reader.source);
    free(options.ids);
    config_release(&options.kafka);
    opt_release(&program);
    return status;
}
