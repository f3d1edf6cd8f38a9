// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/delivery.h"

#include <string.h>

#define ROOM_WAIT 50    // ms of waiting for room in the queue at a time
#define FLUSH_SLICE 500 // ms of waiting for deliveries between looks at errors
#define PURGE_TIME 2000 // ms for the reports of what is given up

// What travels with a message to its report: a bit, 15 bits of an segment, and the line's number.
#define TAG(number, segment, passed)                                                               \
    ((void *)(uintptr_t)((number) << 16 | (uint64_t)(segment) << 1 | (passed)))
#define TAG_PASSED(tag) ((uintptr_t)(tag)&1)
#define TAG_SEGMENT(tag) ((uint32_t)((uintptr_t)(tag) >> 1) % INFLIGHT_SEGMENTS)
#define TAG_NUMBER(tag) ((uint64_t)((uintptr_t)(tag)) >> 16)

static enum delivery_outcome outcome_of(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        return DELIVERY_DONE;
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
        return DELIVERY_REFUSED;
    default:
        return DELIVERY_FAILED;
    }
}

static void report(struct delivery *d, const struct delivery_report *r, uint32_t segment)
{
    d->ops->report(d->ctx, r);
    if (d->tee && r->outcome != DELIVERY_DONE)
        inflight_drop(&d->window, segment);
    if (d->tee || r->outcome != DELIVERY_FAILED)
        inflight_acked(&d->window, segment);
}

static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    struct delivery *d = ((struct kafka *)opaque)->ctx;
    const struct line line = {.data = message->payload,
                              .len = message->len,
                              .full_len = message->len,
                              .number = TAG_NUMBER(message->_private)};
    const struct delivery_report r = {.outcome = outcome_of(message->err),
                                      .code = message->err,
                                      .line = &line,
                                      .passed = TAG_PASSED(message->_private)};

    (void)rk;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        kafka_alive(&d->producer.kafka);
    report(d, &r, TAG_SEGMENT(message->_private));
}

int delivery_add_header(struct delivery *d, const char *name_and_value, struct err *err)
{
    const char *equals = strchr(name_and_value, '=');

    if (equals == NULL || equals == name_and_value)
        return err_set(err, EX_USAGE, "-H: '%s' is not NAME=VALUE", name_and_value);
    if (d->headers == NULL)
        d->headers = rd_kafka_headers_new(8);
    rd_kafka_header_add(d->headers, name_and_value, equals - name_and_value, equals + 1, -1);
    return 0;
}

int delivery_open(struct delivery *d, struct producer_settings *settings, struct err *err)
{
    settings->on_report = on_report;
    settings->ctx = d;
    return producer_open(&d->producer, settings, err);
}

void delivery_release(struct delivery *d)
{
    if (d->headers != NULL)
        rd_kafka_headers_destroy(d->headers);
    producer_release(&d->producer);
    inflight_release(&d->window);
}

static rd_kafka_resp_err_t produce_once(struct delivery *d, rd_kafka_topic_t *topic,
                                        const struct line *line, const void *key, size_t key_len,
                                        void *tag)
{
    if (d->headers == NULL) {
        // The cheap call; the cast is the API's: with F_COPY the payload is not changed.
        if (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, (void *)line->data,
                             line->len, key, key_len, tag) == 0)
            return RD_KAFKA_RESP_ERR_NO_ERROR;
        return rd_kafka_last_error();
    }
    rd_kafka_headers_t *headers = rd_kafka_headers_copy(d->headers);
    rd_kafka_resp_err_t code = rd_kafka_producev(
        d->producer.kafka.rk, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_VALUE((void *)line->data, line->len), RD_KAFKA_V_KEY(key, key_len),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(tag), RD_KAFKA_V_END);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_headers_destroy(headers);
    return code;
}

int delivery_produce(struct delivery *d, size_t topic, const void *key, size_t key_len,
                     const struct line *line, bool passed, struct err *err)
{
    struct kafka *k = &d->producer.kafka;
    uint32_t segment = inflight_sent(&d->window);
    void *tag = TAG(line->number, segment, passed);
    rd_kafka_resp_err_t code;

    while ((code = produce_once(d, d->producer.topic[topic], line, key, key_len, tag)) ==
           RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        rd_kafka_poll(k->rk, ROOM_WAIT);
        if (kafka_check(k, err) != 0)
            break;
    }
    if (d->tee)
        inflight_mark(&d->window, line->data, line->len);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
        const struct delivery_report r = {outcome_of(code), code, line, passed, true};
        report(d, &r, segment);
    }
    return kafka_check(k, err);
}

bool delivery_is_full(const struct delivery *d)
{
    return inflight_is_full(&d->window);
}

void delivery_mark(struct delivery *d, const char *line, size_t len)
{
    inflight_mark(&d->window, line, len);
}

bool delivery_reached(struct delivery *d, struct buf *line)
{
    return inflight_reached(&d->window, line);
}

int delivery_pass(struct delivery *d)
{
    return inflight_pass(&d->window, d->ops->pass, d->ctx);
}

int delivery_serve(struct delivery *d, int wait_ms, struct err *err)
{
    rd_kafka_poll(d->producer.kafka.rk, wait_ms);
    return kafka_check(&d->producer.kafka, err);
}

int delivery_flush(struct delivery *d, struct err *err)
{
    struct kafka *k = &d->producer.kafka;

    while (rd_kafka_flush(k->rk, FLUSH_SLICE) == RD_KAFKA_RESP_ERR__TIMED_OUT) {
        if (kafka_check(k, err) != 0)
            return -1;
    }
    return 0;
}

void delivery_abandon(struct delivery *d, int wait_ms)
{
    rd_kafka_t *rk = d->producer.kafka.rk;

    if (rk == NULL || rd_kafka_flush(rk, wait_ms) == RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    rd_kafka_flush(rk, PURGE_TIME);
}
