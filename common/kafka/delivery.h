// SPDX-License-Identifier: BSD-2-Clause
//
// delivery: lines on their way to the broker. Every line that is handed over is reported exactly
// once: as delivered, as refused by the broker for good, or as failed.
//
//     struct delivery d = {.stream = s, .reported = on_report, .ctx = tool};
//     delivery_add_headers(&d, &options.headers, &err);
//     delivery_open(&d, &settings, "later.ndjson", &err);
//     while (...)
//         delivery_produce(&d, 0, key, key_len, line, false, segment);
//     delivery_flush_all(&d);
//     delivery_abandon(&d, 0); // lines that could not be flushed
//     delivery_close(&d);
//     delivery_release(&d);
//
// Reports come from within the functions below, on the caller's thread. The one who receives them
// counts each line in the stream's ledger, usually by delivery_count(). Functions that return int
// return 0, or -1 after stream_fail(), unless they say otherwise.
#ifndef KAFKA_DELIVERY_H
#define KAFKA_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/line.h"
#include "base/out.h"
#include "kafka/producer.h"
#include "stream/stream.h"

#define DELIVERY_SEGMENTS 32768u // numbers of segments that a line can carry; see inflight.h
#define DELIVERY_LAST_WAIT 10000 // ms for lines in flight when the stages upstream have died

enum delivery_outcome {
    DELIVERY_DONE,
    DELIVERY_REFUSED, // for good: another attempt would not help
    DELIVERY_FAILED,  // for now
};

struct delivery_report {
    enum delivery_outcome outcome;
    rd_kafka_resp_err_t code;
    const struct line *line; // dies with the call
    bool passed;             // as given to delivery_produce()
    uint32_t segment;        // as given to delivery_produce()
    bool kept_back;          // librdkafka refused the line and did not send it
};

struct delivery {
    struct stream *stream;
    void (*reported)(void *ctx, const struct delivery_report *report);
    void *ctx;

    // What follows is the module's own.
    struct producer producer;
    rd_kafka_headers_t *headers;
    int status; // of the first line that was not delivered; EX_OK when there is none
    char why[256];
    const char *undelivered_file; // NULL for none
    struct out undelivered;
};

// Adds headers, each NAME=VALUE, to every message. Call it before delivery_open(). Returns 0, or -1
// with EX_USAGE in *err.
int delivery_add_headers(struct delivery *d, const struct opt_list *headers, struct err *err);

// Connects. Lines that are not delivered are appended to the file; NULL for none. settings stay
// borrowed; their on_report and ctx are set here. Returns 0, or -1 with *err set; release it in
// both cases.
int delivery_open(struct delivery *d, struct producer_settings *settings, const char *undelivered,
                  struct err *err);
void delivery_release(struct delivery *d);

// Hands a line to librdkafka for a topic, by its index in the settings, and waits for room in
// librdkafka's queue. The report carries passed (the line is a reject of an earlier stage) and
// segment, which is below DELIVERY_SEGMENTS. Fails after a fatal error only.
int delivery_produce(struct delivery *d, size_t topic, const void *key, size_t key_len,
                     const struct line *line, bool passed, uint32_t segment);

// Counts a reported line: as delivered; or, when it is refused, as a reject with the broker's
// reason; or, when it failed, as undelivered, and appends it to the file.
void delivery_count(struct delivery *d, const struct delivery_report *report);

// Fails with EX_TEMPFAIL, in the name of an option, when a line was not delivered.
int delivery_require(struct delivery *d, const char *option);

// Receives the reports that have come, without waiting.
int delivery_serve(struct delivery *d);

// Receives reports, and waits a moment for the first.
int delivery_await(struct delivery *d);

// Waits until each line is delivered, refused or failed. librdkafka's message.timeout.ms bounds the
// wait.
int delivery_flush_all(struct delivery *d);

// Waits up to wait_ms for deliveries, and gives up the lines that are then still in flight. They
// are reported as failed.
void delivery_abandon(struct delivery *d, int wait_ms);

// Logs how many lines were not delivered, if any, sets the stream's exit status, and closes the
// file.
void delivery_close(struct delivery *d);

#endif
