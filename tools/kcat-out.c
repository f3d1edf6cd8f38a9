// SPDX-License-Identifier: BSD-2-Clause
//
// kcat-out: the lines of stdin into Kafka topics, idempotently and with acks=all. Every line ends
// as delivered, as a reject with the broker's reason, or as undelivered, and then the exit status
// is 75 and --undelivered keeps it.

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "kafka.h"
#include "kafka_admin.h"
#include "log.h"
#include "opt.h"
#include "out.h"
#include "router.h"
#include "signals.h"
#include "stream.h"
#include "xalloc.h"

#define SERVE_EVERY 50             // ms: how often delivery reports are served
#define FLUSH_SLICE 500            // ms of waiting for deliveries between looks at errors
#define BATCH_SIZE_DEFAULT 1000000 // bytes; of librdkafka
#define PURGE_TIME 2000            // ms for the reports of what is given up

struct options {
    struct stream_options stream;
    struct kafka_options kafka;
    struct router_options router;
    struct opt_list headers; // NAME=VALUE
    const char *codec;
    bool create;
    int64_t partitions, replication;
    const char *undelivered;
};

struct writer {
    const struct options *options;
    struct stream *stream;
    struct kafka kafka;
    struct router router;
    rd_kafka_topic_t *topics[ROUTER_TOPICS_MAX]; // by the router's numbers
    rd_kafka_headers_t *headers;
    struct out undelivered;
    bool keep_undelivered;
    char first_failure[256];
};

// What travels with a message to its delivery report.
#define TAG(number, passed) ((void *)(uintptr_t)((number) << 1 | (passed)))
#define TAG_PASSED(tag) ((uintptr_t)(tag)&1)
#define TAG_NUMBER(tag) ((uint64_t)((uintptr_t)(tag) >> 1))

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

// Whether the broker has refused this very record, so that trying again would not help.
static bool is_refusal(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
        return true;
    default:
        return false;
    }
}

static void keep_undelivered(struct writer *w, const char *data, size_t len)
{
    if (!w->keep_undelivered)
        return;
    buf_append(&w->undelivered.buf, data, len);
    buf_putc(&w->undelivered.buf, '\n');
    out_line_done(&w->undelivered); // an error sticks, and closing finds it
}

// Counts a line that was not delivered, for good or for now.
static void not_delivered(struct writer *w, rd_kafka_resp_err_t code, bool passed,
                          const struct line *line)
{
    struct ledger *ledger = stream_ledger(w->stream);
    const struct reject reject = {REJECT_NOT_DELIVERED, NULL, rd_kafka_err2str(code)};

    if (passed) { // it was none of ours to count until now
        ledger->passed--;
        ledger->in++;
    }
    if (is_refusal(code)) {
        stream_reject(w->stream, &reject, line);
        return;
    }
    if (ledger->undelivered++ == 0) {
        snprintf(w->first_failure, sizeof w->first_failure, "%s", rd_kafka_err2str(code));
        stream_set_status(w->stream,
                          kafka_error_status(code) == EX_NOPERM ? EX_NOPERM : EX_TEMPFAIL);
    }
    keep_undelivered(w, line->data, line->len);
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    struct writer *w = ((struct kafka *)opaque)->ctx;
    bool passed = TAG_PASSED(message->_private);

    (void)rk;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        kafka_alive(&w->kafka);
        stream_ledger(w->stream)->bytes_out += message->len;
        if (!passed)
            stream_ledger(w->stream)->out++;
        return;
    }
    const struct line line = {.data = message->payload,
                              .len = message->len,
                              .full_len = message->len,
                              .number = TAG_NUMBER(message->_private)};
    not_delivered(w, message->err, passed, &line);
}

static rd_kafka_resp_err_t produce_once(struct writer *w, rd_kafka_topic_t *topic,
                                        const struct line *line, const void *key, size_t key_len,
                                        void *tag)
{
    if (w->headers == NULL) {
        // The cheap call; the cast is the API's: with F_COPY the payload is not changed.
        if (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, (void *)line->data,
                             line->len, key, key_len, tag) == 0)
            return RD_KAFKA_RESP_ERR_NO_ERROR;
        return rd_kafka_last_error();
    }
    rd_kafka_headers_t *headers = rd_kafka_headers_copy(w->headers);
    rd_kafka_resp_err_t code = rd_kafka_producev(
        w->kafka.rk, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_VALUE((void *)line->data, line->len), RD_KAFKA_V_KEY(key, key_len),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(tag), RD_KAFKA_V_END);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_headers_destroy(headers);
    return code;
}

// Hands a line to librdkafka, waiting for room in its queue.
static int produce(struct writer *w, const struct destination *to, const struct line *line,
                   bool passed)
{
    void *tag = TAG(line->number, passed);
    rd_kafka_resp_err_t code;
    struct err err;

    while ((code = produce_once(w, w->topics[to->topic], line, to->key, to->key_len, tag)) ==
           RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        rd_kafka_poll(w->kafka.rk, SERVE_EVERY);
        if (kafka_check(&w->kafka, &err) != 0)
            break;
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        not_delivered(w, code, passed, line);
    return kafka_check(&w->kafka, &err) == 0 ? 0 : stream_fail_err(w->stream, &err);
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

    if (list->count > 0)
        w->headers = rd_kafka_headers_new(list->count);
    for (size_t i = 0; i < list->count; i++) {
        const char *equals = strchr(list->item[i], '=');
        if (equals == NULL || equals == list->item[i])
            return err_set(err, EX_USAGE, "-H: '%s' is not NAME=VALUE", list->item[i]);
        rd_kafka_header_add(w->headers, list->item[i], equals - list->item[i], equals + 1, -1);
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

// Connects, with batches of at most so many bytes unless that is 0.
static int connect_writer(struct writer *w, int64_t batch_size, struct err *err)
{
    char why[256], number[24];
    rd_kafka_conf_t *conf = kafka_conf_new(&w->options->kafka, defaults, err);
    rd_kafka_conf_res_t result = RD_KAFKA_CONF_OK;

    if (conf == NULL)
        return -1;
    if (w->options->codec != NULL)
        result = rd_kafka_conf_set(conf, "compression.codec", w->options->codec, why, sizeof why);
    if (result == RD_KAFKA_CONF_OK && batch_size > 0) {
        snprintf(number, sizeof number, "%lld", (long long)batch_size);
        result = rd_kafka_conf_set(conf, "batch.size", number, why, sizeof why);
    }
    if (result != RD_KAFKA_CONF_OK) {
        rd_kafka_conf_destroy(conf);
        return err_set(err, EX_USAGE, "-z: %s", why);
    }
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    return kafka_init(&w->kafka, RD_KAFKA_PRODUCER, conf, &w->options->kafka, w, err);
}

static int await_topics(struct writer *w, struct err *err)
{
    const struct options *o = w->options;
    int partitions;

    if (kafka_find_controller(&w->kafka, err) != 0)
        return -1;
    for (size_t i = 0; i < w->router.topic_count; i++) {
        const char *topic = w->router.topic[i];
        if (o->create &&
            kafka_create_topic(&w->kafka, topic, (int)o->partitions, (int)o->replication, err) != 0)
            return -1;
        if (kafka_wait_topic(&w->kafka, topic, &partitions, err) != 0)
            return -1;
    }
    return 0;
}

// A broker refuses a batch that is too large with all that is in it, and librdkafka does not
// divide it. So where the topics take less than a usual batch, connect anew with smaller ones.
static int fit_batches(struct writer *w, struct err *err)
{
    int64_t limit = kafka_largest_batch(&w->kafka, w->router.topic, w->router.topic_count);

    if (limit >= BATCH_SIZE_DEFAULT)
        return 0;
    log_info("batches of at most %lld bytes, as the topics have it", (long long)limit);
    kafka_release(&w->kafka);
    return connect_writer(w, limit, err);
}

static int open_writer(void *ctx, struct stream *s)
{
    struct writer *w = ctx;
    struct err err;

    w->stream = s;
    if (router_init(&w->router, &w->options->router, &err) != 0 || add_headers(w, &err) != 0 ||
        open_undelivered(w, &err) != 0 || connect_writer(w, 0, &err) != 0 ||
        await_topics(w, &err) != 0 || fit_batches(w, &err) != 0)
        return stream_fail_err(s, &err);
    for (size_t i = 0; i < w->router.topic_count; i++)
        w->topics[i] = rd_kafka_topic_new(w->kafka.rk, w->router.topic[i], NULL);
    return 0;
}

static int on_tick(void *ctx, struct stream *s)
{
    struct writer *w = ctx;
    struct err err;

    rd_kafka_poll(w->kafka.rk, 0);
    return kafka_check(&w->kafka, &err) == 0 ? 0 : stream_fail_err(s, &err);
}

// Waits until each message is delivered or has failed, which message.timeout.ms bounds.
static int end(void *ctx, struct stream *s)
{
    struct writer *w = ctx;
    struct err err;

    while (rd_kafka_flush(w->kafka.rk, FLUSH_SLICE) == RD_KAFKA_RESP_ERR__TIMED_OUT) {
        if (kafka_check(&w->kafka, &err) != 0)
            return stream_fail_err(s, &err);
    }
    return 0;
}

static void close_writer(void *ctx, struct stream *s)
{
    struct writer *w = ctx;
    struct err err;

    if (rd_kafka_outq_len(w->kafka.rk) > 0) {
        rd_kafka_purge(w->kafka.rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_flush(w->kafka.rk, PURGE_TIME);
    }
    uint64_t lost = stream_ledger(s)->undelivered;
    if (lost > 0)
        log_error("%llu lines not delivered: %s%s%s", (unsigned long long)lost, w->first_failure,
                  w->keep_undelivered ? "; they are in " : "",
                  w->keep_undelivered ? w->options->undelivered : "");
    if (w->keep_undelivered && out_close(&w->undelivered) != 0) {
        out_error(&w->undelivered, &err);
        stream_fail_err(s, &err);
    }
}

static void writer_release(struct writer *w)
{
    for (size_t i = 0; i < w->router.topic_count; i++) {
        if (w->topics[i] != NULL)
            rd_kafka_topic_destroy(w->topics[i]);
    }
    if (w->headers != NULL)
        rd_kafka_headers_destroy(w->headers);
    kafka_release(&w->kafka);
    router_release(&w->router);
    out_release(&w->undelivered);
}

int main(int argc, char **argv)
{
    static const struct stream_ops ops = {.sink = true,
                                          .tick = SERVE_EVERY,
                                          .open = open_writer,
                                          .record = record,
                                          .pass = pass,
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
    struct writer writer = {.options = &options};

    log_init(argv[0]);
    options.kafka.stopping = signals_stopping;
    if (opt_parse(&program, argc, argv) != argc)
        opt_usage_error("%s: takes no operands; lines come from stdin", argv[argc - 1]);
    kafka_show(&options.kafka, defaults);
    if (options.router.topic == NULL)
        opt_usage_error("no topic: give it by -t");
    if ((options.router.key != NULL) + (options.router.key_field != NULL) +
            (options.router.key_jq != NULL) >
        1)
        opt_usage_error("-k, --key, --key-jq: only one of them can be given");
    int status = stream_run(&ops, &writer, &options.stream);
    writer_release(&writer);
    opt_release(&program);
    return status;
}
