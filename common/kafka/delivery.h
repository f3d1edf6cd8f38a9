// SPDX-License-Identifier: BSD-2-Clause
//
// kafka_delivery: lines on their way to the broker, and what becomes of each. Every line that is
// handed over is reported once: as delivered, as refused by the broker for good, or as failed.
//
//     struct delivery d = {.ops = &ops, .ctx = tool};
//     delivery_add_header(&d, "source=web", &err);
//     delivery_open(&d, &settings, &err);
//     while (...)
//         delivery_produce(&d, 0, key, key_len, line, false, &err);
//     delivery_flush(&d, &err);
//     delivery_abandon(&d, 0);  // what could not be flushed
//     delivery_release(&d);
//
// Reports come within the calls below, on the thread of the caller.
#ifndef KAFKA_DELIVERY_H
#define KAFKA_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/line.h"
#include "kafka/inflight.h"
#include "kafka/producer.h"

enum delivery_outcome {
    DELIVERY_DONE,
    DELIVERY_REFUSED, // by the broker, for good: trying again would not help
    DELIVERY_FAILED,  // for now
};

struct delivery_report {
    enum delivery_outcome outcome;
    rd_kafka_resp_err_t code;
    const struct line *line; // dies with the call
    bool passed;             // as given to delivery_produce()
    bool kept_back;          // it was refused here, without being sent
};

struct delivery_ops {
    void (*report)(void *ctx, const struct delivery_report *report);

    // A line that is delivered, as are those before it, from delivery_pass(); returns 0 to go on.
    int (*pass)(void *ctx, const char *line, size_t len);
};

struct delivery {
    const struct delivery_ops *ops;
    void *ctx;
    bool tee; // lines are to be handed back by delivery_pass(); there can be no marks among them
              // then

    // What follows is the module's own.
    struct producer producer;
    rd_kafka_headers_t *headers;
    struct inflight window;
};

// A header that each message gets. Before delivery_open(). Returns 0, or -1 with EX_USAGE.
int delivery_add_header(struct delivery *d, const char *name_and_value, struct err *err);

// settings stay borrowed; their on_report and ctx are set here. Returns 0, or -1 with *err set;
// release it in both cases.
int delivery_open(struct delivery *d, struct producer_settings *settings, struct err *err);
void delivery_release(struct delivery *d);

// Whether neither a line to be handed back nor a mark can be taken before some are reached, which
// the caller has to wait for by delivery_serve().
bool delivery_is_full(const struct delivery *d);

// Hands a line to librdkafka for a topic, by its number in the settings, waiting for room in its
// queue. passed is kept for the report. Returns -1 with *err set after a fatal error only.
int delivery_produce(struct delivery *d, size_t topic, const void *key, size_t key_len,
                     const struct line *line, bool passed, struct err *err);

// A mark, its line, among those that are handed over.
void delivery_mark(struct delivery *d, const char *line, size_t len);

// Puts the newest mark into line that all lines before are delivered or refused of. Returns false
// when there is no new one. A line that has failed is never passed.
bool delivery_reached(struct delivery *d, struct buf *line);

// Hands back what is delivered, up to the first line that is under way. Lines that are refused or
// have failed are left out. Returns 0 or what ops->pass returned.
int delivery_pass(struct delivery *d);

// Takes reports that have come, waiting up to wait_ms for the first. Returns -1 with *err set after
// a fatal error.
int delivery_serve(struct delivery *d, int wait_ms, struct err *err);

// Waits until each line is delivered or has failed, which message.timeout.ms bounds. Returns -1
// with *err set after a fatal error.
int delivery_flush(struct delivery *d, struct err *err);

// Waits up to wait_ms for deliveries, and gives up what is still on its way, which is then reported
// as failed.
void delivery_abandon(struct delivery *d, int wait_ms);

#endif
