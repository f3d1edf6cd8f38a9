// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/delivery.h"

#include <stdio.h>
#include <string.h>

#include "base/datetime.h"
#include "base/log.h"

#define UNDELIVERED "--undelivered"

#define REPORT_WAIT 50  // ms of waiting for a report at a time
#define FLUSH_SLICE 50  // ms of waiting for deliveries between checks for errors
#define PURGE_TIME 2000 // ms of waiting for the reports of lines that were given up

static enum delivery_outcome outcome_of(rd_kafka_resp_err_t code)
{
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return DELIVERY_DONE;
    return halt_is_refusal(code) ? DELIVERY_REFUSED : DELIVERY_FAILED;
}

static const char *topic_of(const rd_kafka_message_t *message)
{
    return message->err == RD_KAFKA_RESP_ERR_NO_ERROR ? NULL : rd_kafka_topic_name(message->rkt);
}

// A tombstone has no value. Its line was the text null.
static void show_tombstone(struct line *line)
{
    static const char text[] = "null";

    if (line->data != NULL)
        return;
    line->data = text;
    line->len = line->full_len = sizeof text - 1;
}

// Gives the line of a message the origin that is known from the input: the message in an envelope,
// or the key that stood before the line.
static void add_origin(struct delivery *d, const struct outgoing *o, struct line *line)
{
    struct reject why;

    if (o->input == NULL)
        return;
    if (o->form == INPUT_DECODED) {
        *line = *o->input;
    } else if (o->form == INPUT_ENVELOPE) {
        if (d->envelope.json == NULL)
            envelope_init(&d->envelope);
        envelope_read(&d->envelope, o->input, line, &why);
    } else {
        d->origin = (struct origin)ORIGIN_INIT;
        d->origin.known = true;
        d->origin.tombstone = o->value->data == NULL;
        d->origin.key = o->key;
        d->origin.key_len = o->key_len;
        line->origin = &d->origin;
    }
}

// Returns the message of a kept line, as far as add_origin() needs it.
static struct outgoing outgoing_of(const struct kept_line *kept, const struct line *value)
{
    const struct kept_extra *extra = kept->extra;
    bool has_input = extra != NULL && extra->input.data != NULL;

    return (struct outgoing){.value = value,
                             .key = kept->key,
                             .key_len = kept->key_len,
                             .input = has_input ? &extra->input : NULL,
                             .form = has_input ? extra->form : INPUT_KEYED};
}

// Reports a message, and frees its line.
static void report(struct delivery *d, const rd_kafka_message_t *message, bool unsent)
{
    struct kept_line *kept = message->_private;
    const struct line value = {
        .data = kept->data, .len = kept->len, .full_len = kept->len, .number = kept->number};
    const struct outgoing o = outgoing_of(kept, &value);
    struct line line = value;
    const struct delivery_report report = {
        .outcome = outcome_of(message->err),
        .code = message->err,
        .why = message->err == RD_KAFKA_RESP_ERR_NO_ERROR ? NULL : rd_kafka_err2str(message->err),
        .topic = topic_of(message),
        .line = &line,
        .input = o.input != NULL ? o.input : &line,
        .passed = kept->passed,
        .segment = kept->segment,
        .unsent = unsent};

    show_tombstone(&line);
    if (report.outcome == DELIVERY_REFUSED)
        add_origin(d, &o, &line);
    d->reported(d->ctx, &report);
    batcher_done(&d->batcher, kept);
}

// Reports a message that is not sent, because the broker would refuse it.
static void report_refusal(struct delivery *d, const struct outgoing *o,
                           const struct refusal *refusal)
{
    struct line line = *o->value;
    const struct delivery_report report = {.outcome = DELIVERY_REFUSED,
                                           .code = refusal->code,
                                           .why = refusal->why,
                                           .topic = d->producer.settings->topics[o->topic],
                                           .line = &line,
                                           .input = o->input != NULL ? o->input : &line,
                                           .passed = o->passed,
                                           .segment = o->segment,
                                           .unsent = true};

    show_tombstone(&line);
    add_origin(d, o, &line);
    d->reported(d->ctx, &report);
    if (o->headers != NULL)
        rd_kafka_headers_destroy(o->headers);
}

static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    struct delivery *d = ((struct client *)opaque)->ctx;

    (void)rk;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        client_alive(&d->producer.client);
    if (!resend_takes(&d->resend, message))
        report(d, message, false);
}

static void on_unsent(void *ctx, const rd_kafka_message_t *message)
{
    report(ctx, message, true);
}

static void on_waiting(void *ctx)
{
    struct delivery *d = ctx;

    stream_report(d->stream);
    resend_run(&d->resend);
}

int delivery_add_headers(struct delivery *d, const struct opt_list *headers, struct err *err)
{
    for (size_t i = 0; i < headers->count; i++) {
        const char *name = headers->item[i];
        const char *equals = strchr(name, '=');
        if (*name == '\0' || equals == name)
            return err_set(err, EX_USAGE, "-H: '%s' is not NAME=VALUE or NAME", name);
        if (d->headers == NULL)
            d->headers = rd_kafka_headers_new(headers->count);
        if (equals == NULL)
            rd_kafka_header_add(d->headers, name, -1, NULL, 0);
        else
            rd_kafka_header_add(d->headers, name, equals - name, equals + 1, -1);
    }
    return 0;
}

int delivery_open(struct delivery *d, struct producer_settings *settings, const char *undelivered,
                  struct err *err)
{
    if (undelivered != NULL && out_open_append(&d->undelivered, undelivered, UNDELIVERED, err) != 0)
        return -1;
    d->undelivered_file = undelivered;
    settings->on_report = on_report;
    settings->ctx = d;
    if (producer_open(&d->producer, settings, err) != 0)
        return -1;
    d->batcher = (struct batcher){.producer = &d->producer,
                                  .headers = d->headers,
                                  .unsent = on_unsent,
                                  .waiting = on_waiting,
                                  .ctx = d};
    batcher_init(&d->batcher);
    d->resend = (struct resend){.batcher = &d->batcher,
                                .halt = settings->transactions ? NULL : &d->producer.halt};
    return 0;
}

void delivery_release(struct delivery *d)
{
    if (d->headers != NULL)
        rd_kafka_headers_destroy(d->headers);
    producer_release(&d->producer);
    resend_release(&d->resend);
    batcher_release(&d->batcher);
    envelope_release(&d->envelope);
    out_release(&d->undelivered);
}

static int check(struct delivery *d)
{
    struct err err;

    return client_check(&d->producer.client, &err) == 0 ? 0 : stream_fail_err(d->stream, &err);
}

rd_kafka_headers_t *delivery_headers(const struct delivery *d, const struct origin *origin)
{
    const char *name;
    const void *value;
    size_t len;

    if (origin->header_count == 0)
        return NULL;
    rd_kafka_headers_t *headers = rd_kafka_headers_new(origin->header_count);
    for (size_t i = 0; i < origin->header_count; i++) {
        const struct origin_header *h = &origin->header[i];
        rd_kafka_header_add(headers, h->name, (ssize_t)h->name_len, h->value,
                            (ssize_t)h->value_len);
    }
    for (size_t i = 0;
         d->headers != NULL && rd_kafka_header_get_all(d->headers, i, &name, &value, &len) == 0;
         i++)
        rd_kafka_header_add(headers, name, -1, value, (ssize_t)len);
    return headers;
}

// Warns once if a message asks for a partition that its topic does not have.
static void check_partition(struct delivery *d, const struct outgoing *o)
{
    if (o->partition == RD_KAFKA_PARTITION_UA || d->warned_of_partition ||
        producer_has_partition(&d->producer, o->topic, o->partition))
        return;
    d->warned_of_partition = true;
    log_warn("topic %s has no partition %d; such records go where their keys say",
             d->producer.settings->topics[o->topic], (int)o->partition);
}

int delivery_produce(struct delivery *d, const struct outgoing *o)
{
    const int64_t now = o->timestamp == 0 ? 0 : time_now();
    struct refusal refusal;

    if (topic_rules_refuse(&d->producer.rules[o->topic], o, now, &refusal)) {
        report_refusal(d, o, &refusal);
        return 0;
    }
    check_partition(d, o);
    resend_run(&d->resend);
    batcher_add(&d->batcher, o);
    return d->producer.client.failed ? check(d) : 0;
}

// Hands over all lines: first those that were refused because of others in their batch.
static void send_all(struct delivery *d)
{
    resend_run(&d->resend);
    batcher_send(&d->batcher, true);
}

int delivery_send(struct delivery *d)
{
    send_all(d);
    return check(d);
}

static void keep_undelivered(struct delivery *d, const struct line *line)
{
    if (d->undelivered_file == NULL)
        return;
    buf_append(&d->undelivered.buf, line->data, line->len);
    buf_putc(&d->undelivered.buf, '\n');
    out_line_done(&d->undelivered); // delivery_close() reports an error
}

// Notes why the first line has failed. If a right is missing, further lines would fail too.
static void note_failure(struct delivery *d, const struct delivery_report *report)
{
    struct client *client = &d->producer.client;
    const struct client_needs needs = client_needs_topic(client, report->topic);
    rd_kafka_resp_err_t code = report->code == RD_KAFKA_RESP_ERR__FATAL
                                   ? rd_kafka_fatal_error(client->rk, NULL, 0)
                                   : report->code;

    client_error(&d->why, &needs, code, EX_TEMPFAIL, "topic %s", report->topic);
    if (client_is_refused(code))
        client_fail(client, d->why.status, "%s", d->why.text);
    else
        d->why.status = EX_TEMPFAIL;
}

// Rejects may go to a file that nobody looks at, so refused lines are also warned about.
static void warn_of_refused(struct delivery *d, const struct delivery_report *report)
{
    d->refused++;
    if (log_limit_add(&d->warnings) == 0)
        return;
    log_warn("topic %s: line %llu of %zu bytes is refused and becomes a reject: %s", report->topic,
             (unsigned long long)report->line->number, report->line->full_len, report->why);
}

void delivery_count(struct delivery *d, const struct delivery_report *report)
{
    if (report->outcome == DELIVERY_DONE) {
        stream_deliver(d->stream, !report->passed, report->line->len);
        return;
    }
    if (report->passed)
        stream_reclaim(d->stream);
    if (report->outcome == DELIVERY_REFUSED) {
        warn_of_refused(d, report);
        stream_reject(d->stream, &(struct reject){REJECT_NOT_DELIVERED, NULL, report->why},
                      report->line);
        return;
    }
    if (d->why.status == EX_OK)
        note_failure(d, report);
    stream_lose(d->stream, 1);
    keep_undelivered(d, report->input);
}

int delivery_require(struct delivery *d, const char *option)
{
    if (d->why.status == EX_OK)
        return 0;
    return stream_fail(d->stream, d->why.status, "%s: a line was not delivered: %s", option,
                       d->why.text);
}

int delivery_serve(struct delivery *d)
{
    send_all(d);
    producer_ask_partitions(&d->producer);
    client_serve(&d->producer.client, 0);
    return check(d);
}

int delivery_await(struct delivery *d)
{
    send_all(d);
    client_serve(&d->producer.client, REPORT_WAIT);
    return check(d);
}

int delivery_flush_all(struct delivery *d)
{
    send_all(d);
    while (rd_kafka_flush(d->producer.client.rk, FLUSH_SLICE) == RD_KAFKA_RESP_ERR__TIMED_OUT ||
           d->resend.count > 0) {
        if (check(d) != 0 || stream_report(d->stream) != 0)
            return -1;
        client_watch(&d->producer.client);
        resend_run(&d->resend);
    }
    return check(d);
}

void delivery_abandon(struct delivery *d, int wait_ms)
{
    rd_kafka_t *rk = d->producer.client.rk;

    if (rk == NULL)
        return;
    batcher_send(&d->batcher, false);
    if (rd_kafka_flush(rk, wait_ms) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        resend_drop(&d->resend);
        return;
    }
    rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(rk, PURGE_TIME);
    resend_drop(&d->resend);
}

int delivery_reopen(struct delivery *d)
{
    return d->undelivered_file == NULL ? 0 : stream_reopen(d->stream, &d->undelivered, UNDELIVERED);
}

void delivery_close(struct delivery *d)
{
    const char *file = d->undelivered_file;
    struct err err;

    if (d->refused > 1)
        log_warn("%llu lines were refused and became rejects", (unsigned long long)d->refused);
    if (d->why.status != EX_OK) {
        bool told = d->producer.client.failed; // the stage ends with that error
        log_error("%llu lines not delivered%s%s%s%s",
                  (unsigned long long)stream_ledger(d->stream)->undelivered, told ? "" : ": ",
                  told ? "" : d->why.text, file == NULL ? "" : "; they are in ",
                  file == NULL ? "" : file);
        stream_set_status(d->stream, d->why.status);
    }
    if (file != NULL && out_close(&d->undelivered) != 0) {
        out_error(&d->undelivered, &err);
        stream_fail_err(d->stream, &err);
    }
}
