// SPDX-License-Identifier: BSD-2-Clause
//
// kcat-out: writes the lines of stdin to Kafka topics, idempotently and with acks=all. Every line
// is delivered, becomes a reject with the reason, or is undelivered. If a line is undelivered, the
// exit status is not 0, and --undelivered keeps the line. The delivery guarantee
// (kafka/guarantee.h) decides how marks are acknowledged or committed.

#include <stdbool.h>
#include <string.h>

#include "base/log.h"
#include "base/opt.h"
#include "base/signals.h"
#include "kafka/acked.h"
#include "kafka/check.h"
#include "kafka/codec_settings.h"
#include "kafka/line_message.h"
#include "kafka/new_topic.h"
#include "kafka/plain.h"
#include "kafka/sink.h"
#include "kafka/sink_settings.h"
#include "kafka/tee.h"
#include "kafka/transactional.h"
#include "schema/codec.h"
#include "stream/input.h"
#include "stream/router.h"
#include "stream/stream.h"

#define SERVE_EVERY 50 // ms between checks for delivery reports

struct options {
    struct stream_options stream;
    struct config_options kafka;
    struct check_options check;
    struct router_options router;
    const char *codec;
    struct new_topic_options new_topics;
    struct line_message_options message;
    struct input_options input;
    uint64_t count; // of messages; 0 for no limit
    const struct sink_guarantee *guarantee;
    struct sink_options sink;
    struct codec_options schemas;
};

struct writer {
    const struct options *options;
    struct router router;
    struct producer_settings settings;
    struct sink sink;
    struct line_message messages;
    uint64_t count; // messages so far
    struct codec codec;
};

static const struct opt options_table[] = {
    OPT_STRING("compress", 'z', "gzip|snappy|lz4|zstd", struct options, codec,
               "compress messages in batches"),
    OPT_CALL(NULL, 'P', NULL, opt_accept, "accepted, as in kcat: kcat-out always writes"),
    OPT_COUNT("count", 'c', "N", struct options, count, 1, "stop after N messages"),
};

static bool has_enough(const struct writer *w)
{
    return w->options->count > 0 && w->count == w->options->count;
}

// Sends the message of an input line.
static int produce(struct writer *w, const struct line *input, struct outgoing *o)
{
    w->count++;
    if (has_enough(w))
        stream_end_input(w->sink.stream);
    return sink_produce(&w->sink, input, o);
}

static void split(void *ctx, const struct line *line, struct line *record)
{
    line_message_split(&((struct writer *)ctx)->messages, line, record);
}

// Puts the key or the value of a message, or both, into the registry's format. `value` then holds
// the bytes of the value.
static int encode(struct writer *w, const struct json *json, const struct line *record,
                  struct line *value, struct outgoing *o, struct reject *why)
{
    struct codec_message message = {o->key, o->key_len, o->value->data, o->value->len};

    if (codec_encode(&w->codec, json, &message, why) != 0) {
        if (o->headers != NULL)
            rd_kafka_headers_destroy(o->headers);
        return -1;
    }
    *value = *record;
    value->data = message.value;
    value->len = value->full_len = message.value_len;
    if (o->form != INPUT_ENVELOPE)
        o->form = INPUT_DECODED;
    o->input = stream_input(w->sink.stream, record);
    o->value = value;
    o->key = message.key;
    o->key_len = message.key_len;
    return 0;
}

static int record(void *ctx, struct stream *s, const struct line *line)
{
    struct writer *w = ctx;
    const struct line *input = stream_input(s, line);
    struct json *json = NULL;
    struct router_destination to;
    struct reject why;

    if (has_enough(w)) { // the jq program has several outputs for the last line
        stream_drop(s);
        return 0;
    }
    if ((router_needs_json(&w->router, line) || line_message_needs_json(&w->messages) ||
         w->options->schemas.value != CODEC_PLAIN) &&
        (json = stream_json(s)) == NULL)
        return stream_reject_not_json(s, line);
    if (router_choose(&w->router, json, line, &to, &why) != 0)
        return stream_reject(s, &why, line);
    struct line value;
    struct outgoing o = {.topic = to.topic,
                         .key = to.key,
                         .key_len = to.key_len,
                         .input = input == line ? NULL : input};
    if (line_message_make(&w->messages, &w->sink.delivery, json, line, &o, &why) != 0)
        return stream_reject(s, &why, line);
    if (o.topic == 0 && codec_options_wanted(&w->options->schemas) &&
        encode(w, json, line, &value, &o, &why) != 0)
        return stream_reject(s, &why, line);
    return produce(w, input, &o);
}

// Sends a reject of an earlier stage, unchanged, to the topic of --route reject=TOPIC.
static int pass(void *ctx, struct stream *s, const struct line *line)
{
    struct writer *w = ctx;
    struct outgoing o = {.topic = router_reject_topic(&w->router),
                         .partition = w->options->message.partition,
                         .value = line,
                         .passed = true};

    (void)s;
    return produce(w, line, &o);
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
                                             .transactions = o->sink.exactly_once};
    return delivery_open(&w->sink.delivery, &w->settings, o->sink.undelivered, err);
}

static int open_codec(struct writer *w, struct err *err)
{
    const struct codec_options *o = &w->options->schemas;

    return codec_options_wanted(o) ? codec_open_writer(&w->codec, o, w->router.topic[0], err) : 0;
}

static int open_writer(void *ctx, struct stream *s)
{
    struct writer *w = ctx;
    struct err err;

    sink_init(&w->sink, s);
    if (router_init(&w->router, &w->options->router, &err) != 0 ||
        line_message_init(&w->messages, &w->options->message, &w->options->router, &err) != 0 ||
        health_check(&w->sink.health, &err) != 0 || open_codec(w, &err) != 0 ||
        delivery_add_headers(&w->sink.delivery, &w->options->message.headers, &err) != 0 ||
        open_delivery(w, &err) != 0 ||
        line_message_check_partition(&w->messages, &w->sink.delivery.producer, &err) != 0 ||
        w->sink.guarantee->open(&w->sink, &err) != 0)
        return stream_fail_err(s, &err);
    return 0;
}

static int mark(void *ctx, struct stream *s, const struct mark *m, const struct line *line)
{
    (void)s;
    return sink_mark(&((struct writer *)ctx)->sink, m, line);
}

static int paused(void *ctx, struct stream *s)
{
    (void)s;
    return delivery_send(&((struct writer *)ctx)->sink.delivery);
}

static int on_tick(void *ctx, struct stream *s)
{
    (void)s;
    return sink_serve(&((struct writer *)ctx)->sink);
}

static void put_metrics(void *ctx, struct stream *s, struct metrics *m)
{
    (void)s;
    sink_put_metrics(&((struct writer *)ctx)->sink, m);
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
    (void)s;
    sink_close(&((struct writer *)ctx)->sink);
}

static void read_settings(struct options *o)
{
    struct err err;

    if (config_read(&o->kafka, RD_KAFKA_PRODUCER, &err) != 0 ||
        sink_settings_apply(&o->kafka, &o->sink, &o->codec, &err) != 0)
        err_die(&err);
    codec_settings_apply(&o->kafka, &o->schemas);
}

static const struct sink_guarantee *choose_guarantee(const struct options *o)
{
    if (o->sink.exactly_once)
        return &transactional_sink;
    if (o->sink.acks != NULL)
        return &acked_sink;
    return o->sink.tee ? &tee_sink : &plain_sink;
}

static void check_input(struct options *o)
{
    bool marks = o->sink.exactly_once || o->sink.acks != NULL;
    struct err err;

    if (input_options_check(&o->input, &err) != 0)
        opt_usage_error("%s", err.text);
    if (o->count > 0 && marks)
        opt_usage_error("-c: cannot be combined with --acks or --exactly-once, which need the "
                        "last mark");
    if (input_is_plain(&o->input) && (marks || o->sink.tee || o->sink.undelivered != NULL))
        opt_usage_error("%s: cannot be combined with --acks, --exactly-once, --tee or "
                        "--undelivered, which need lines",
                        o->input.delimiter != NULL ? "-D" : o->input.file[0]);
}

// Checks the options against each other, and chooses the delivery guarantee.
static void check_options(struct options *o)
{
    struct err err;

    if (router_options_check(&o->router, o->stream.envelope, &err) != 0)
        opt_usage_error("%s", err.text);
    check_input(o);
    if (line_message_options_check(&o->message, &o->router, o->stream.envelope, &err) != 0 ||
        codec_options_check(&o->schemas, &err) != 0 || sink_settings_check(&o->sink, &err) != 0)
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
                      .creates = o->new_topics.create,
                      .partition = o->message.partition};
    struct err err;

    if (router_init(&w->router, &o->router, &err) != 0 ||
        new_topic_check(&o->new_topics, w->router.topic, w->router.topic_count, &err) != 0)
        err_die(&err);
    sink_check_health(&o->sink, &c.report);
    codec_check(&o->schemas, &c.report);
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
                             .put_metrics = put_metrics,
                             .close = close_writer};
    struct options options = {.stream = STREAM_OPTIONS_INIT,
                              .kafka = CONFIG_OPTIONS_INIT,
                              .new_topics = NEW_TOPIC_OPTIONS_INIT,
                              .message = LINE_MESSAGE_OPTIONS_INIT,
                              .sink = SINK_OPTIONS_INIT};
    const struct opt_group groups[] = {
        {"Routing", router_opts, router_opt_count, &options.router},
        {"Messages", line_message_opts, line_message_opt_count, &options.message},
        OPT_GROUP("Writing", options_table, &options),
        {"Delivery", sink_opts, sink_opt_count, &options.sink},
        {"Input", input_opts, input_opt_count, &options.input},
        {"New topics", new_topic_opts, new_topic_opt_count, &options.new_topics},
        {"Kafka", config_opts, config_opt_count, &options.kafka},
        {"Checks", check_opts, check_opt_count, &options.check},
        {"Schema Registry", codec_write_opts, codec_write_opt_count, &options.schemas},
        {"Stream", stream_opts, stream_opt_count, &options.stream},
    };
    const struct opt_program program = {"-t TOPIC [OPTION]... [FILE]...",
                                        "Writes lines, or files, to Kafka topics.", groups,
                                        sizeof groups / sizeof *groups, config_libraries};
    struct writer writer = {.options = &options, .sink = {.options = &options.sink}};

    log_init(argv[0]);
    options.kafka.stopping = signals_stopping;
    int operands = opt_parse(&program, argc, argv);
    options.input.file = (const char *const *)argv + operands;
    options.input.file_count = (size_t)(argc - operands);
    options.stream.input = &options.input;
    read_settings(&options);
    config_show(&options.kafka, sink_defaults);
    check_options(&options);
    ops.sink = !options.guarantee->passes_on;
    ops.holds_last = options.guarantee->holds_last;
    ops.split = options.message.separator != NULL ? split : NULL;
    writer.sink.guarantee = options.guarantee;
    int status = options.check.wanted ? check(&writer) : stream_run(&ops, &writer, &options.stream);
    sink_release(&writer.sink);
    codec_release(&writer.codec);
    router_release(&writer.router);
    line_message_release(&writer.messages);
    input_options_release(&options.input);
    config_release(&options.kafka);
    opt_release(&program);
    return status;
}
