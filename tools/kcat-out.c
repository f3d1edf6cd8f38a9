// SPDX-License-Identifier: BSD-2-Clause
//
// kcat-out: the lines of stdin into Kafka topics, idempotently and with acks=all. Every line ends
// as delivered, as a reject with the broker's reason, or as undelivered, and then the exit status
// is 75 and --undelivered keeps it. Marks among the lines are acknowledged once all before them is
// delivered, or committed together with it in one transaction.

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ack_fifo.h"
#include "buf.h"
#include "kafka_admin.h"
#include "kafka_delivery.h"
#include "kafka_transaction.h"
#include "log.h"
#include "opt.h"
#include "out.h"
#include "router.h"
#include "signals.h"
#include "stream.h"
#include "xalloc.h"

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
    const char *undelivered;
    const char *acks; // FIFO
    bool exactly_once;
    const char *transactional_id;
};

struct writer {
    const struct options *options;
    struct stream *stream;
    struct router router;
    struct producer_settings settings;
    struct delivery delivery;
    struct ack_writer acks;
    struct buf acknowledged;
    struct transaction transaction;
    char *transactional_id;
    uint64_t uncommitted; // lines that were delivered in the transaction
    struct out undelivered;
    bool keep_undelivered;
    char first_failure[256];
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
    if (opt_parse_int(text, &o->partitions) != 0 || o->partitions < 1 || o->partitions > 100000 ||
        (colon != NULL && (opt_parse_int(colon, &o->replication) != 0 || o->replication < 1 ||
                           o->replication > 1000)))
        status = err_set(err, EX_USAGE, "'%s' is not PARTITIONS[:REPLICATION]", arg);
    free(text);
    return status;
}

static const struct opt options_table[] = {
    {"topic", 't', OPT_STRING, "TOPIC", "where lines go", offsetof(struct options, router.topic),
     NULL, 0},
    {"route", 0, OPT_LIST, "KEY=TOPIC", "lines with that top-level key go there instead",
     offsetof(struct options, router.routes), NULL, 0},
    {NULL, 'k', OPT_STRING, "KEY", "one message key for all", offsetof(struct options, router.key),
     NULL, 0},
    {"key", 0, OPT_STRING, "FIELD", "a top-level field as key; insights have their own",
     offsetof(struct options, router.key_field), NULL, 0},
    {"key-jq", 0, OPT_STRING, "EXPR", "the output of a jq program as key",
     offsetof(struct options, router.key_jq), NULL, 0},
    {"header", 'H', OPT_LIST, "NAME=VALUE", "a header for each message",
     offsetof(struct options, headers), NULL, 0},
    {"compress", 'z', OPT_STRING, "CODEC", "gzip, snappy, lz4 or zstd",
     offsetof(struct options, codec), NULL, 0},
    {"create", 0, OPT_CALL, "[=PARTS[:REPL]]", "create topics that are missing", 0, set_create, 0},
    {"undelivered", 0, OPT_STRING, "FILE", "append lines that could not be delivered (exit 75)",
     offsetof(struct options, undelivered), NULL, 0},
    {"acks", 0, OPT_STRING, "FIFO", "send marks back when all before them is delivered",
     offsetof(struct options, acks), NULL, 0},
    {"exactly-once", 0, OPT_FLAG, NULL, "commit lines and offsets in transactions, at marks",
     offsetof(struct options, exactly_once), NULL, 0},
    {"transactional-id", 0, OPT_STRING, "ID", "their name (default loginpipe.GROUP.SHARD)",
     offsetof(struct options, transactional_id), NULL, 0},
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

static void keep_undelivered(struct writer *w, const char *data, size_t len)
{
    if (!w->keep_undelivered)
        return;
    buf_append(&w->undelivered.buf, data, len);
    buf_putc(&w->undelivered.buf, '\n');
    out_line_done(&w->undelivered); // an error sticks, and closing finds it
}

// A line that the broker has not taken ends a transaction, and with it the run.
static void spoil_transaction(struct writer *w, const struct delivery_report *report)
{
    stream_ledger(w->stream)->undelivered++;
    kafka_fail(&w->delivery.producer.kafka, EX_TEMPFAIL, "transaction: line %llu: %s",
               (unsigned long long)report->line->number, rd_kafka_err2str(report->code));
}

// Counts a line that was not delivered, for good or for now.
static void not_delivered(struct writer *w, const struct delivery_report *report)
{
    struct ledger *ledger = stream_ledger(w->stream);
    const char *why = rd_kafka_err2str(report->code);

    if (report->passed) { // it was none of ours to count until now
        ledger->passed--;
        ledger->in++;
    }
    if (w->options->exactly_once && !report->kept_back) {
        spoil_transaction(w, report);
        return;
    }
    if (report->outcome == DELIVERY_REFUSED) {
        stream_reject(w->stream, &(struct reject){REJECT_NOT_DELIVERED, NULL, why}, report->line);
        return;
    }
    if (ledger->undelivered++ == 0) {
        snprintf(w->first_failure, sizeof w->first_failure, "%s", why);
        stream_set_status(w->stream,
                          kafka_error_status(report->code) == EX_NOPERM ? EX_NOPERM : EX_TEMPFAIL);
    }
    keep_undelivered(w, report->line->data, report->line->len);
}

static void on_report(void *ctx, const struct delivery_report *report)
{
    struct writer *w = ctx;
    struct ledger *ledger = stream_ledger(w->stream);

    if (report->outcome != DELIVERY_DONE) {
        not_delivered(w, report);
        return;
    }
    ledger->bytes_out += report->line->len;
    if (report->passed)
        return;
    if (w->options->exactly_once)
        w->uncommitted++;
    else
        ledger->out++;
}

// Whether there are marks where they are promised to do something.
static int require_marks(struct writer *w)
{
    const char *option = w->options->exactly_once ? "--exactly-once" : "--acks";

    if ((w->options->acks == NULL && !w->options->exactly_once) || stream_has_marks(w->stream))
        return 0;
    return stream_fail(w->stream, EX_USAGE,
                       "%s: the lines come without marks, which kcat-in --marks writes", option);
}

static int produce(struct writer *w, const struct destination *to, const struct line *line,
                   bool passed)
{
    struct err err;

    if (require_marks(w) != 0)
        return -1;
    if (w->options->exactly_once && transaction_begin(&w->transaction, &err) != 0)
        return stream_fail_err(w->stream, &err);
    if (delivery_produce(&w->delivery, to->topic, to->key, to->key_len, line, passed, &err) != 0)
        return stream_fail_err(w->stream, &err);
    return 0;
}

static int record(void *ctx, struct stream *s, const struct line *line)
{
    struct writer *w = ctx;
    struct json *json = NULL;
    struct destination to;
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
    const struct destination to = {router_reject_topic(&w->router), NULL, 0};

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

static int open_undelivered(struct writer *w, struct err *err)
{
    const char *file = w->options->undelivered;

    if (file == NULL)
        return 0;
    int fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (fd < 0)
        return err_set(err, EX_CANTCREAT, "--undelivered: %s: %s", file, strerror(errno));
    out_init(&w->undelivered, fd, file);
    w->keep_undelivered = true;
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

// Where the transactional id is known from the start, an older pipeline is fenced, and what it has
// left open is over, before kcat-in waits for that.
static int open_marks(struct writer *w, struct err *err)
{
    const struct options *o = w->options;

    w->transaction.kafka = &w->delivery.producer.kafka;
    if (o->acks != NULL)
        return ack_writer_open(&w->acks, o->acks, err);
    if (!o->exactly_once || o->transactional_id == NULL)
        return 0;
    if (producer_make_transactional(&w->delivery.producer, o->transactional_id, err) != 0)
        return -1;
    return transaction_open(&w->transaction, err);
}

static int open_writer(void *ctx, struct stream *s)
{
    static const struct delivery_ops ops = {.report = on_report};
    struct writer *w = ctx;
    struct err err;

    w->stream = s;
    w->delivery = (struct delivery){.ops = &ops, .ctx = w};
    if (router_init(&w->router, &w->options->router, &err) != 0 || add_headers(w, &err) != 0 ||
        open_undelivered(w, &err) != 0 || open_delivery(w, &err) != 0 || open_marks(w, &err) != 0)
        return stream_fail_err(s, &err);
    return 0;
}

// Sends back the newest mark that all before is delivered of, rejects included.
static int acknowledge(struct writer *w)
{
    struct err err;

    if (w->acks.fd < 0)
        return 0;
    if (stream_ledger(w->stream)->undelivered > 0) // no later mark can be reached
        return stream_fail(w->stream, EX_TEMPFAIL, "--acks: a line was not delivered: %s",
                           w->first_failure);
    if (delivery_reached(&w->delivery, &w->acknowledged)) {
        if (stream_flush(w->stream) != 0)
            return -1;
        ack_writer_put(&w->acks, w->acknowledged.data, w->acknowledged.len);
    }
    return ack_writer_flush(&w->acks, &err) == 0 ? 0 : stream_fail_err(w->stream, &err);
}

// The stream says whose offsets are to be committed: take the place of older pipelines, and make
// sure that none has moved on.
static int begin_transactions(struct writer *w, const struct mark *hello, struct err *err)
{
    if (hello->group == NULL)
        return err_set(err, EX_USAGE, "--exactly-once: kcat-in reads without a group (-G)");
    if (hello->shard == NULL)
        return err_set(err, EX_USAGE,
                       "--exactly-once: kcat-in reads no fixed partitions (--shard or -p)");
    if (!w->transaction.open) {
        w->transactional_id = xasprintf("loginpipe.%s.%s", hello->group, hello->shard);
        if (producer_make_transactional(&w->delivery.producer, w->transactional_id, err) != 0 ||
            transaction_open(&w->transaction, err) != 0)
            return -1;
    }
    return transaction_check(&w->transaction, hello, err);
}

// Commits all lines since the last mark, rejects being written first.
static int commit(struct writer *w, const struct mark *mark)
{
    struct err err;

    if (!transaction_is_due(&w->transaction, mark))
        return 0;
    if (stream_flush(w->stream) != 0)
        return -1;
    if (delivery_flush(&w->delivery, &err) != 0 ||
        kafka_check(&w->delivery.producer.kafka, &err) != 0 ||
        transaction_commit(&w->transaction, mark, &err) != 0)
        return stream_fail_err(w->stream, &err);
    stream_ledger(w->stream)->out += w->uncommitted;
    w->uncommitted = 0;
    return 0;
}

static int mark(void *ctx, struct stream *s, const struct mark *m)
{
    struct writer *w = ctx;
    struct buf line = BUF_INIT;
    struct err err;

    if (w->options->exactly_once) {
        if (m->kind != MARK_HELLO)
            return commit(w, m);
        return begin_transactions(w, m, &err) == 0 ? 0 : stream_fail_err(s, &err);
    }
    if (w->acks.fd < 0)
        return 0;
    mark_format(&line, m);
    int status = delivery_mark(&w->delivery, line.data, line.len, &err);
    buf_release(&line);
    return status == 0 ? acknowledge(w) : stream_fail_err(s, &err);
}

static int on_tick(void *ctx, struct stream *s)
{
    struct writer *w = ctx;
    struct err err;

    return delivery_serve(&w->delivery, &err) == 0 ? acknowledge(w) : stream_fail_err(s, &err);
}

static int end(void *ctx, struct stream *s)
{
    struct writer *w = ctx;
    struct err err;

    if ((w->options->exactly_once || w->options->acks != NULL) && !stream_has_marks(s))
        return stream_fail(s, EX_TEMPFAIL,
                           "stdin: ended without any mark; a stage upstream has died");
    if (delivery_flush(&w->delivery, &err) != 0)
        return stream_fail_err(s, &err);
    return acknowledge(w);
}

// Says what has become of lines that were not delivered.
static void report_lost(struct writer *w, uint64_t lost)
{
    if (w->options->exactly_once)
        log_info("%llu lines were not committed, and are read again", (unsigned long long)lost);
    else
        log_error("%llu lines not delivered: %s%s%s", (unsigned long long)lost, w->first_failure,
                  w->keep_undelivered ? "; they are in " : "",
                  w->keep_undelivered ? w->options->undelivered : "");
}

static void close_writer(void *ctx, struct stream *s)
{
    struct writer *w = ctx;
    struct ledger *ledger = stream_ledger(s);
    struct err err;

    transaction_release(&w->transaction);
    delivery_abandon(&w->delivery,
                     stream_has_marks(s) && !w->options->exactly_once ? LAST_WAIT : 0);
    ledger->undelivered += w->uncommitted;
    if (ledger->undelivered > 0)
        report_lost(w, ledger->undelivered);
    if (w->keep_undelivered && out_close(&w->undelivered) != 0) {
        out_error(&w->undelivered, &err);
        stream_fail_err(s, &err);
    }
}

static void writer_release(struct writer *w)
{
    transaction_release(&w->transaction);
    delivery_release(&w->delivery);
    ack_writer_release(&w->acks);
    buf_release(&w->acknowledged);
    free(w->transactional_id);
    router_release(&w->router);
    out_release(&w->undelivered);
}

// What the options mean together.
static void check_options(const struct options *o)
{
    if (o->router.topic == NULL)
        opt_usage_error("no topic: give it by -t");
    if ((o->router.key != NULL) + (o->router.key_field != NULL) + (o->router.key_jq != NULL) > 1)
        opt_usage_error("-k, --key, --key-jq: only one of them can be given");
    if (o->exactly_once && o->acks != NULL)
        opt_usage_error("--acks, --exactly-once: only one of them can be given");
    if (o->exactly_once && o->undelivered != NULL)
        opt_usage_error("--undelivered: with --exactly-once what is not committed is read again");
    if (o->transactional_id != NULL && !o->exactly_once)
        opt_usage_error("--transactional-id: needs --exactly-once");
}

int main(int argc, char **argv)
{
    static const struct stream_ops ops = {.sink = true,
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
    struct writer writer = {.options = &options, .acks = {.fd = -1}};

    log_init(argv[0]);
    options.kafka.stopping = signals_stopping;
    if (opt_parse(&program, argc, argv) != argc)
        opt_usage_error("%s: takes no operands; lines come from stdin", argv[argc - 1]);
    kafka_show(&options.kafka, defaults);
    check_options(&options);
    int status = stream_run(&ops, &writer, &options.stream);
    writer_release(&writer);
    opt_release(&program);
    return status;
}
