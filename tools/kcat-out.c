// SPDX-License-Identifier: BSD-2-Clause
//
// kcat-out: writes the lines of stdin to Kafka topics, idempotently and with acks=all. Every line
// is delivered, becomes a reject with the reason, or is undelivered. If a line is undelivered, the
// exit status is not 0, and --undelivered keeps the line. The delivery guarantee
// (kafka/guarantee.h) decides how marks are acknowledged or committed.

#include <stdbool.h>

#include "base/bytes.h"
#include "base/log.h"
#include "base/opt.h"
#include "base/signals.h"
#include "kafka/acked.h"
#include "kafka/check.h"
#include "kafka/delivery.h"
#include "kafka/guarantee.h"
#include "kafka/new_topic.h"
#include "kafka/plain.h"
#include "kafka/sink_settings.h"
#include "kafka/tee.h"
#include "kafka/transactional.h"
#include "stream/router.h"
#include "stream/stream.h"

#define SERVE_EVERY 50 // ms between checks for delivery reports

struct options {
    struct stream_options stream;
    struct config_options kafka;
    struct check_options check;
    struct router_options router;
    struct opt_list headers; // NAME=VALUE
    const char *codec;
    struct new_topic_options new_topics;
    bool tombstones, tee, exactly_once;
    const struct sink_guarantee *guarantee;
    struct sink_options sink;
    const char *undelivered;
};

struct writer {
    const struct options *options;
    struct router router;
    struct producer_settings settings;
    struct sink sink;
    bool warned_of_null;
};

static const struct opt options_table[] = {
    OPT_STRING("topic", 't', "TOPIC", struct options, router.topic, "where lines go"),
    OPT_LIST("route", 0, "KEY=TOPIC", struct options, router.routes,
             "lines with that top-level key go there instead"),
    OPT_STRING(NULL, 'k', "KEY", struct options, router.key, "one message key for all"),
    OPT_STRING("key", 0, "FIELD", struct options, router.key_field,
               "a top-level field as key; insights have a key of their own"),
    OPT_STRING("key-jq", 0, "EXPR", struct options, router.key_jq,
               "the output of a jq program as key"),
    OPT_LIST("header", 'H', "NAME=VALUE", struct options, headers, "a header for each message"),
    OPT_STRING("compress", 'z', "CODEC", struct options, codec, "gzip, snappy, lz4 or zstd"),
    OPT_FLAG("tombstones", 'Z', struct options, tombstones,
             "write a line that is null as a tombstone"),
    OPT_FLAG("tee", 0, struct options, tee, "pass each line on to stdout, once the broker has it"),
    OPT_STRING("undelivered", 0, "FILE", struct options, undelivered,
               "append lines that could not be delivered"),
    OPT_STRING("acks", 0, "FIFO", struct options, sink.acks,
               "send marks back once all lines before them are delivered"),
    OPT_FLAG("exactly-once", 0, struct options, exactly_once,
             "commit lines and offsets in transactions that end at marks"),
    OPT_DURATION("commit-every", 0, "DUR", struct options, sink.commit_every,
                 "with --exactly-once: how often (default as the marks)"),
    OPT_STRING("transactional-id", 0, "ID", struct options, sink.transactional_id,
               "the id of the transactions (default loginpipe.GROUP.SHARD)"),
    OPT_STRING("health", 0, "FILE", struct options, sink.health,
               "update this file's time whenever a mark was handled"),
};

static void on_report(void *ctx, const struct delivery_report *report)
{
    struct sink *sink = &((struct writer *)ctx)->sink;

    sink->guarantee->reported(sink, report);
}

// Sends a line as `value`, which is the line itself or a tombstone. `passed` says that the line is
// a reject of an earlier stage.
static int produce(struct writer *w, const struct router_destination *to, const struct line *line,
                   const struct line *value, bool passed)
{
    struct sink *sink = &w->sink;
    uint32_t segment;

    if (sink->guarantee->before(sink, line, &segment) != 0) {
        if (passed)
            stream_reclaim(sink->stream);
        stream_lose(sink->stream, 1);
        return -1;
    }
    return delivery_produce(&sink->delivery, to->topic, to->key, to->key_len, value, passed,
                            segment);
}

// Sends a line that is null. kcat-in writes a tombstone as null.
static int produce_null(struct writer *w, const struct router_destination *to,
                        const struct line *line)
{
    const struct reject no_key = {REJECT_NO_KEY, NULL, "a tombstone needs a key"};
    const struct line tombstone = {.data = NULL, .number = line->number};

    if (w->options->tombstones && to->key == NULL)
        return stream_reject(w->sink.stream, &no_key, line);
    if (!w->options->tombstones && !w->warned_of_null) {
        log_warn("line %llu: null is written as the text null; with -Z it is a tombstone",
                 (unsigned long long)line->number);
        w->warned_of_null = true;
    }
    return produce(w, to, line, w->options->tombstones ? &tombstone : line, false);
}

static int record(void *ctx, struct stream *s, const struct line *line)
{
    struct writer *w = ctx;
    struct json *json = NULL;
    struct router_destination to;
    struct reject why;

    if (router_needs_json(&w->router, line) && (json = stream_json(s)) == NULL)
        return stream_reject_not_json(s, line);
    if (router_choose(&w->router, json, line, &to, &why) != 0)
        return stream_reject(s, &why, line);
    if (bytes_are(line->data, line->len, "null"))
        return produce_null(w, &to, line);
    return produce(w, &to, line, line, false);
}

// Sends a reject of an earlier stage, unchanged, to the topic of --route reject=TOPIC.
static int pass(void *ctx, struct stream *s, const struct line *line)
{
    struct writer *w = ctx;
    const struct router_destination to = {router_reject_topic(&w->router), NULL, 0};

    (void)s;
    return produce(w, &to, line, line, true);
}

static int open_delivery(struct writer *w, struct err *err)
{
    const struct options *o = w->options;

    w->settings = (struct producer_settings){.config = &o->kafka,
                                             .defaults = sink_defaults,
                                             .codec = o->codec,
                                             .topics = w->router.topic,
                                             .topic_count = w->router.topic_count,
                                             .new_topics = &o->new_topics,
                                             .transactions = o->exactly_once};
    return delivery_open(&w->sink.delivery, &w->settings, o->undelivered, err);
}

static int open_writer(void *ctx, struct stream *s)
{
    struct writer *w = ctx;
    struct err err;

    w->sink.stream = s;
    w->sink.health.file = w->options->sink.health;
    w->sink.delivery = (struct delivery){.stream = s, .reported = on_report, .ctx = w};
    if (router_init(&w->router, &w->options->router, &err) != 0 ||
        health_check(&w->sink.health, &err) != 0 ||
        delivery_add_headers(&w->sink.delivery, &w->options->headers, &err) != 0 ||
        open_delivery(w, &err) != 0 || w->sink.guarantee->open(&w->sink, &err) != 0)
        return stream_fail_err(s, &err);
    return 0;
}

static int mark(void *ctx, struct stream *s, const struct mark *m, const struct line *line)
{
    struct sink *sink = &((struct writer *)ctx)->sink;

    (void)s;
    if (delivery_send(&sink->delivery) != 0)
        return -1;
    if (m->kind == MARK_HELLO)
        return sink->guarantee->hello(sink, m, line);
    if (m->kind == MARK_ASSIGN)
        return sink->guarantee->assign(sink, m, line);
    return sink->guarantee->mark(sink, m, line);
}

static int paused(void *ctx, struct stream *s)
{
    (void)s;
    return delivery_send(&((struct writer *)ctx)->sink.delivery);
}

static int on_tick(void *ctx, struct stream *s)
{
    struct sink *sink = &((struct writer *)ctx)->sink;

    (void)s;
    return delivery_serve(&sink->delivery) != 0 ? -1 : sink->guarantee->serve(sink);
}

static int reopen(void *ctx, struct stream *s)
{
    (void)s;
    return delivery_reopen(&((struct writer *)ctx)->sink.delivery);
}

static int end(void *ctx, struct stream *s)
{
    struct writer *w = ctx;

    (void)s;
    router_end(&w->router);
    return w->sink.guarantee->end(&w->sink);
}

static void close_writer(void *ctx, struct stream *s)
{
    struct sink *sink = &((struct writer *)ctx)->sink;

    (void)s;
    sink->guarantee->close(sink);
    delivery_close(&sink->delivery);
}

static struct sink_choice sink_choice(const struct options *o)
{
    return (struct sink_choice){
        .exactly_once = o->exactly_once, .tee = o->tee, .undelivered = o->undelivered != NULL};
}

static void read_settings(struct options *o)
{
    struct err err;

    if (config_read(&o->kafka, RD_KAFKA_PRODUCER, &err) != 0 ||
        sink_settings_apply(&o->kafka, sink_choice(o), &o->sink, &o->codec, &err) != 0)
        err_die(&err);
}

static const struct sink_guarantee *choose_guarantee(const struct options *o)
{
    if (o->exactly_once)
        return &transactional_sink;
    if (o->sink.acks != NULL)
        return &acked_sink;
    return o->tee ? &tee_sink : &plain_sink;
}

// Checks the options against each other, and chooses the delivery guarantee.
static void check_options(struct options *o)
{
    const struct router_options *r = &o->router;
    int keys = (r->key != NULL) + (r->key_field != NULL) + (r->key_jq != NULL);
    struct err err;

    if (o->router.topic == NULL)
        opt_usage_error("no topic: give it with -t");
    if (keys > 1)
        opt_usage_error("-k, --key, --key-jq: only one of them can be given");
    if (o->tombstones && keys == 0)
        opt_usage_error("-Z: needs a key: -k, --key or --key-jq");
    if (sink_settings_check(sink_choice(o), &o->sink, &err) != 0)
        opt_usage_error("%s", err.text);
    o->guarantee = choose_guarantee(o);
}

static int check(struct writer *w)
{
    const struct options *o = w->options;
    struct check c = {.options = &o->check,
                      .config = &o->kafka,
                      .defaults = sink_defaults,
                      .right = "WRITE",
                      .creates = o->new_topics.create};
    const struct health health = {.file = o->sink.health};
    struct err err;

    if (router_init(&w->router, &o->router, &err) != 0 ||
        new_topic_check(&o->new_topics, w->router.topic, w->router.topic_count, &err) != 0)
        err_die(&err);
    if (health_check(&health, &err) != 0)
        check_report_failed(&c.report, &err);
    else if (health.file != NULL)
        check_report_passed(&c.report, "--health: %s can be written", health.file);
    return check_topics(&c, (const char *const *)w->router.topic, w->router.topic_count);
}

int main(int argc, char **argv)
{
    struct stream_ops ops = {.sink = true,
                             .tick = SERVE_EVERY,
                             .open = open_writer,
                             .record = record,
                             .pass = pass,
                             .mark = mark,
                             .paused = paused,
                             .on_tick = on_tick,
                             .end = end,
                             .reopen = reopen,
                             .close = close_writer};
    struct options options = {.stream = STREAM_OPTIONS_INIT,
                              .kafka = CONFIG_OPTIONS_INIT,
                              .new_topics = NEW_TOPIC_OPTIONS_INIT,
                              .sink = SINK_OPTIONS_INIT};
    const struct opt_group groups[] = {
        OPT_GROUP("Writing", options_table, &options),
        {"New topics", new_topic_opts, new_topic_opt_count, &options.new_topics},
        {"Kafka", config_opts, config_opt_count, &options.kafka},
        {"Checks", check_opts, check_opt_count, &options.check},
        {"Stream", stream_opts, stream_opt_count, &options.stream},
    };
    const struct opt_program program = {"-t TOPIC [OPTION]... < lines",
                                        "Writes lines to Kafka topics.", groups,
                                        sizeof groups / sizeof *groups, config_libraries};
    struct writer writer = {.options = &options, .sink = {.options = &options.sink}};

    log_init(argv[0]);
    options.kafka.stopping = signals_stopping;
    if (opt_parse(&program, argc, argv) != argc)
        opt_usage_error("%s: takes no operands; lines come from stdin", argv[argc - 1]);
    read_settings(&options);
    config_show(&options.kafka, sink_defaults);
    check_options(&options);
    ops.sink = !options.guarantee->passes_on;
    ops.holds_last = options.guarantee->holds_last;
    writer.sink.guarantee = options.guarantee;
    int status = options.check.wanted ? check(&writer) : stream_run(&ops, &writer, &options.stream);
    options.guarantee->release(&writer.sink);
    delivery_release(&writer.sink.delivery);
    router_release(&writer.router);
    config_release(&options.kafka);
    opt_release(&program);
    return status;
}
