// SPDX-License-Identifier: BSD-2-Clause
//
// kcat-out: the lines of stdin into Kafka topics, idempotently and with acks=all. Every line ends
// as delivered, as a reject with the broker's reason, or as undelivered, and then the exit status
// is 75 and --undelivered keeps it. Marks among the lines are acknowledged once all before them is
// delivered, or committed together with it in one transaction.

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/number.h"
#include "base/opt.h"
#include "base/signals.h"
#include "base/xalloc.h"
#include "kafka/confirm.h"
#include "kafka/delivery.h"
#include "kafka/metadata.h"
#include "kafka/outcome.h"
#include "stream/router.h"
#include "stream/stream.h"

#define SERVE_EVERY 50  // ms: how often delivery reports are served
#define LAST_WAIT 10000 // ms for what is on its way when the stages upstream have died

struct options {
    struct stream_options stream;
    struct kafka_options kafka;
    struct router_options router;
    struct opt_list headers; // NAME=VALUE
    const char *codec;
    bool create;
    int64_t partitions, replication;
    bool tee;
    struct confirm_options confirm;
    const char *undelivered;
};

struct writer {
    const struct options *options;
    struct stream *stream;
    struct router router;
    struct producer_settings settings;
    struct delivery delivery;
    struct confirm confirm;
    struct outcome outcome;
};

static int set_create(void *options, const char *arg, struct err *err)
{
    struct options *o = options;
    char *text, *colon;
    int status = 0;

    o->create = true;
    if (arg == NULL)
        return 0;
    text = xstrdup(arg);
    if ((colon = strchr(text, ':')) != NULL)
        *colon++ = '\0';
    if (number_parse_int(text, &o->partitions) != 0 || o->partitions < 1 ||
        o->partitions > 100000 ||
        (colon != NULL && (number_parse_int(colon, &o->replication) != 0 || o->replication < 1 ||
                           o->replication > 1000)))
        status = err_set(err, EX_USAGE, "'%s' is not PARTITIONS[:REPLICATION]", arg);
    free(text);
    return status;
}

static const struct opt options_table[] = {
    OPT_STRING("topic", 't', "TOPIC", struct options, router.topic, "where lines go"),
    OPT_LIST("route", 0, "KEY=TOPIC", struct options, router.routes,
             "lines with that top-level key go there instead"),
    OPT_STRING(NULL, 'k', "KEY", struct options, router.key, "one message key for all"),
    OPT_STRING("key", 0, "FIELD", struct options, router.key_field,
               "a top-level field as key; insights have their own"),
    OPT_STRING("key-jq", 0, "EXPR", struct options, router.key_jq,
               "the output of a jq program as key"),
    OPT_LIST("header", 'H', "NAME=VALUE", struct options, headers, "a header for each message"),
    OPT_STRING("compress", 'z', "CODEC", struct options, codec, "gzip, snappy, lz4 or zstd"),
    OPT_CALL("create", 0, "[=PARTS[:REPL]]", set_create, "create topics that are missing"),
    OPT_FLAG("tee", 0, struct options, tee, "pass each line on to stdout, once the broker has it"),
    OPT_STRING("undelivered", 0, "FILE", struct options, undelivered,
               "append lines that could not be delivered (exit 75)"),
    OPT_STRING("acks", 0, "FIFO", struct options, confirm.acks,
               "send marks back when all before them is delivered"),
    OPT_FLAG("exactly-once", 0, struct options, confirm.exactly_once,
             "commit lines and offsets in transactions, at marks"),
    OPT_STRING("transactional-id", 0, "ID", struct options, confirm.transactional_id,
               "their name (default loginpipe.GROUP.SHARD)"),
};

static const struct kafka_setting defaults[] = {
    {"client.id", "loginpipe"},
    {"enable.idempotence", "true"},
    // Where a Java client would put a key.
    {"partitioner", "murmur2_random"},
    {"linger.ms", "5"},
    {"batch.num.messages", "100000"},
    // What may wait here for the broker; a full queue holds up stdin.
    {"queue.buffering.max.messages", "500000"},
    {"queue.buffering.max.kbytes", "65536"},
    // How large a record may be is for the broker to say, and for --max-line.
    {"message.max.bytes", "67108864"},
    // Below 2.10 librdkafka leaves Nagle's algorithm on.
    {"socket.nagle.disable", "true"},
    {"log.connection.close", "false"},
    {NULL, NULL},
};

static void on_report(void *ctx, const struct delivery_report *report)
{
    struct writer *w = ctx;

    if (outcome_take(&w->outcome, report)) {
        const struct reject reject = {REJECT_NOT_DELIVERED, NULL, rd_kafka_err2str(report->code)};
        stream_reject(w->stream, &reject, report->line);
    }
}

static int on_pass(void *ctx, const char *line, size_t len)
{
    struct writer *w = ctx;

    return stream_write(w->stream, line, len);
}

// Whether there are marks where they are promised to do something.
static int require_marks(struct writer *w)
{
    const char *option = confirm_option(&w->options->confirm);

    if (option == NULL || stream_has_marks(w->stream))
        return 0;
    return stream_fail(w->stream, EX_USAGE,
                       "%s: the lines come without marks, which kcat-in --marks writes", option);
}

static int not_delivered(struct writer *w, const char *option)
{
    return stream_fail(w->stream, EX_TEMPFAIL, "%s: a line was not delivered: %s", option,
                       w->outcome.why);
}

// Does what can be done by now with what is delivered: confirms marks, or passes lines on. Rejects
// are written first.
static int settle(struct writer *w)
{
    struct err err;

    if (w->options->tee)
        return delivery_pass(&w->delivery);
    if (w->options->confirm.acks == NULL)
        return 0;
    if (stream_ledger(w->stream)->undelivered > 0) // no later mark can be reached
        return not_delivered(w, "--acks");
    if (stream_flush(w->stream) != 0)
        return -1;
    return confirm_serve(&w->confirm, &err) == 0 ? 0 : stream_fail_err(w->stream, &err);
}

static int await_room(struct writer *w)
{
    struct err err;

    while (delivery_is_full(&w->delivery)) {
        if (delivery_serve(&w->delivery, SERVE_EVERY, &err) != 0)
            return stream_fail_err(w->stream, &err);
        if (settle(w) != 0)
            return -1;
    }
    return 0;
}

static int produce(struct writer *w, const struct router_destination *to, const struct line *line,
                   bool passed)
{
    struct err err;

    if (require_marks(w) != 0 || await_room(w) != 0)
        return -1;
    if (confirm_begin(&w->confirm, &err) != 0 ||
        delivery_produce(&w->delivery, to->topic, to->key, to->key_len, line, passed, &err) != 0)
        return stream_fail_err(w->stream, &err);
    return 0;
}

static int record(void *ctx, struct stream *s, const struct line *line)
{
    struct writer *w = ctx;
    struct json *json = NULL;
    struct router_destination to;
    struct reject why;

    if (router_needs_json(&w->router, line) && (json = stream_json(s)) == NULL)
        return stream_reject(s, &(struct reject){REJECT_NOT_JSON, NULL, NULL}, line);
    if (router_choose(&w->router, json, line, &to, &why) != 0)
        return stream_reject(s, &why, line);
    return produce(w, &to, line, false);
}

// A reject of an earlier stage goes where --route reject=... says, unchanged.
static int pass(void *ctx, struct stream *s, const struct line *line)
{
    struct writer *w = ctx;
    const struct router_destination to = {router_reject_topic(&w->router), NULL, 0};

    (void)s;
    return produce(w, &to, line, true);
}

static int add_headers(struct writer *w, struct err *err)
{
    const struct opt_list *list = &w->options->headers;

    for (size_t i = 0; i < list->count; i++) {
        if (delivery_add_header(&w->delivery, list->item[i], err) != 0)
            return -1;
    }
    return 0;
}

static int open_delivery(struct writer *w, struct err *err)
{
    const struct options *o = w->options;

    w->settings = (struct producer_settings){.kafka = &o->kafka,
                                             .defaults = defaults,
                                             .codec = o->codec,
                                             .topics = w->router.topic,
                                             .topic_count = w->router.topic_count,
                                             .create = o->create,
                                             .partitions = (int)o->partitions,
                                             .replication = (int)o->replication};
    return delivery_open(&w->delivery, &w->settings, err);
}

static int open_writer(void *ctx, struct stream *s)
{
    static const struct delivery_ops ops = {.report = on_report, .pass = on_pass};
    struct writer *w = ctx;
    struct err err;

    w->stream = s;
    w->outcome = (struct outcome){.stream = s,
                                  .kafka = &w->delivery.producer.kafka,
                                  .transactions = w->options->confirm.exactly_once};
    w->delivery = (struct delivery){.ops = &ops, .ctx = w, .tee = w->options->tee};
    if (router_init(&w->router, &w->options->router, &err) != 0 || add_headers(w, &err) != 0 ||
        outcome_open(&w->outcome, w->options->undelivered, &err) != 0 ||
        open_delivery(w, &err) != 0 || confirm_open(&w->confirm, &err) != 0)
        return stream_fail_err(s, &err);
    return 0;
}

// Passes on what is before a mark, which then follows.
static int pass_all(struct writer *w)
{
    struct err err;

    if (delivery_flush(&w->delivery, &err) != 0)
        return stream_fail_err(w->stream, &err);
    return stream_ledger(w->stream)->undelivered > 0 ? not_delivered(w, "--tee") : settle(w);
}

static int mark(void *ctx, struct stream *s, const struct mark *m, const struct line *line)
{
    struct writer *w = ctx;
    bool committed = false;
    struct err err;

    (void)line;
    if (w->options->tee)
        return pass_all(w);
    if (stream_flush(s) != 0 || await_room(w) != 0)
        return -1;
    int status = m->kind == MARK_HELLO ? confirm_hello(&w->confirm, m, &err)
                                       : confirm_mark(&w->confirm, m, &committed, &err);
    if (status != 0)
        return stream_fail_err(s, &err);
    if (committed)
        outcome_commit(&w->outcome);
    return settle(w);
}

static int on_tick(void *ctx, struct stream *s)
{
    struct writer *w = ctx;
    struct err err;

    return delivery_serve(&w->delivery, 0, &err) == 0 ? settle(w) : stream_fail_err(s, &err);
}

static int end(void *ctx, struct stream *s)
{
    struct writer *w = ctx;
    struct err err;

    if (confirm_option(&w->options->confirm) != NULL && !stream_has_marks(s))
        return stream_fail(s, EX_TEMPFAIL,
                           "stdin: ended without any mark; a stage upstream has died");
    if (delivery_flush(&w->delivery, &err) != 0)
        return stream_fail_err(s, &err);
    return settle(w);
}

static void close_writer(void *ctx, struct stream *s)
{
    struct writer *w = ctx;
    struct err err;

    confirm_close(&w->confirm);
    delivery_abandon(&w->delivery,
                     stream_has_marks(s) && !w->options->confirm.exactly_once ? LAST_WAIT : 0);
    if (w->outcome.status != EX_OK)
        stream_set_status(s, w->outcome.status);
    if (outcome_close(&w->outcome, &err) != 0)
        stream_fail_err(s, &err);
}

static void writer_release(struct writer *w)
{
    confirm_release(&w->confirm);
    delivery_release(&w->delivery);
    router_release(&w->router);
    outcome_release(&w->outcome);
}

// What the options mean together.
static void check_options(const struct options *o)
{
    if (o->router.topic == NULL)
        opt_usage_error("no topic: give it by -t");
    if ((o->router.key != NULL) + (o->router.key_field != NULL) + (o->router.key_jq != NULL) > 1)
        opt_usage_error("-k, --key, --key-jq: only one of them can be given");
    if (o->confirm.exactly_once && o->confirm.acks != NULL)
        opt_usage_error("--acks, --exactly-once: only one of them can be given");
    if (o->confirm.exactly_once && o->undelivered != NULL)
        opt_usage_error("--undelivered: with --exactly-once what is not committed is read again");
    if (o->tee && confirm_option(&o->confirm) != NULL)
        opt_usage_error("--tee, %s: it is the last sink of a chain that confirms marks",
                        confirm_option(&o->confirm));
    if (o->confirm.transactional_id != NULL && !o->confirm.exactly_once)
        opt_usage_error("--transactional-id: needs --exactly-once");
}

int main(int argc, char **argv)
{
    struct stream_ops ops = {.sink = true,
                             .tick = SERVE_EVERY,
                             .open = open_writer,
                             .record = record,
                             .pass = pass,
                             .mark = mark,
                             .on_tick = on_tick,
                             .end = end,
                             .close = close_writer};
    struct options options = {.stream = STREAM_OPTIONS_INIT,
                              .kafka = KAFKA_OPTIONS_INIT,
                              .partitions = KAFKA_BROKER_DEFAULT,
                              .replication = KAFKA_BROKER_DEFAULT};
    const struct opt_group groups[] = {
        OPT_GROUP("Writing", options_table, &options),
        {"Kafka", kafka_opts, kafka_opt_count, &options.kafka},
        {"Stream", stream_opts, stream_opt_count, &options.stream},
    };
    const struct opt_program program = {"-t TOPIC [OPTION]... < lines",
                                        "Writes lines to Kafka topics.", groups, 3};
    struct writer writer = {
        .options = &options,
        .confirm = {.delivery = &writer.delivery, .options = &options.confirm, .acks = {.fd = -1}}};

    log_init(argv[0]);
    options.kafka.stopping = signals_stopping;
    if (opt_parse(&program, argc, argv) != argc)
        opt_usage_error("%s: takes no operands; lines come from stdin", argv[argc - 1]);
    kafka_show(&options.kafka, defaults);
    check_options(&options);
    ops.sink = !options.tee;
    int status = stream_run(&ops, &writer, &options.stream);
    writer_release(&writer);
    opt_release(&program);
    return status;
}
