// SPDX-License-Identifier: BSD-2-Clause
//
// delivery: sends lines to the broker. Every line is reported exactly once: as delivered, as
// refused for good, or as failed.
//
//     struct delivery d = {.stream = s, .reported = on_report, .ctx = tool};
//     delivery_add_headers(&d, &options.headers, &err);
//     delivery_open(&d, &settings, "later.ndjson", &err);
//     while (...)
//         delivery_produce(&d, &outgoing);
//     delivery_send(&d);
//     delivery_flush_all(&d);
//     delivery_abandon(&d, 0); // lines that could not be flushed
//     delivery_close(&d);
//     delivery_release(&d);
//
// The functions below call reported(), on the caller's thread. It must count each line in the
// stream's ledger, usually by delivery_count(). Functions that return int return 0, or -1 after
// stream_fail(), unless their comment says otherwise.
#ifndef KAFKA_DELIVERY_H
#define KAFKA_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/line.h"
#include "base/log_limit.h"
#include "base/out.h"
#include "kafka/batcher.h"
#include "kafka/producer.h"
#include "kafka/resend.h"
#include "stream/envelope.h"
#include "stream/origin.h"
#include "stream/stream.h"

#define DELIVERY_LAST_WAIT 10000 // ms to wait for lines in flight when the stage fails

enum delivery_outcome {
    DELIVERY_DONE,
    DELIVERY_REFUSED, // for good: another attempt would not help
    DELIVERY_FAILED,  // another attempt may succeed
};

struct delivery_report {
    enum delivery_outcome outcome;
    rd_kafka_resp_err_t code;
    const char *why;          // the code in words
    const char *topic;        // NULL for DELIVERY_DONE
    const struct line *line;  // the value; valid during the call. For a tombstone its text is null
    const struct line *input; // the line that was read: the value, or what it came in
    bool passed;              // as given to delivery_produce()
    uint32_t segment;         // as given to delivery_produce()
    bool unsent;              // librdkafka did not take the line, so the broker has never seen it
};

struct delivery {
    struct stream *stream;
    void (*reported)(void *ctx, const struct delivery_report *report);
    void *ctx;

    // The members below are private.
    struct producer producer;
    struct batcher batcher;
    struct resend resend;
    rd_kafka_headers_t *headers;
    struct envelope envelope; // of a refused line
    struct origin origin;     // the same, if it is no envelope
    struct err why; // of the first undelivered line; its status is EX_OK when there is none
    const char *undelivered_file; // NULL for none
    struct out undelivered;
    uint64_t refused;          // lines
    struct log_limit warnings; // about refused lines
    bool warned_of_partition;
};

// Adds headers to every message. Each is NAME=VALUE, or NAME for a null value. Call it before
// delivery_open(). Returns 0, or -1 with EX_USAGE in *err.
int delivery_add_headers(struct delivery *d, const struct opt_list *headers, struct err *err);

// Connects. Lines that fail are appended to the file `undelivered`, which may be NULL. Borrows the
// settings, and sets their on_report and ctx. Returns 0, or -1 with *err set; release the delivery
// in both cases.
int delivery_open(struct delivery *d, struct producer_settings *settings, const char *undelivered,
                  struct err *err);
void delivery_release(struct delivery *d);

// Returns the headers of a message, and after them those that every message has. Returns NULL if
// there are none of the first kind.
rd_kafka_headers_t *delivery_headers(const struct delivery *d, const struct origin *origin);

// Takes a message, and its headers. Messages are gathered, and handed to librdkafka in batches;
// while librdkafka's queue is full, waits. The message's report repeats `passed` and `segment`. If
// the settings of the topic say that the broker would refuse the message, it is refused at once.
// Fails only after a fatal error.
int delivery_produce(struct delivery *d, const struct outgoing *o);

// Hands the gathered lines to librdkafka. Call it when no further line comes at the moment. The
// functions below do so too, except delivery_count() and delivery_require().
int delivery_send(struct delivery *d);

// Counts a reported line. A delivered line counts as out. A refused one becomes a reject with the
// reason that librdkafka reports, and is warned about: at once, and later once a minute. One that
// failed counts as undelivered, and is appended to the file.
void delivery_count(struct delivery *d, const struct delivery_report *report);

// Fails when a line has failed, with EX_NOPERM if a right is missing and otherwise with
// EX_TEMPFAIL. The message names the option that forbids this.
int delivery_require(struct delivery *d, const char *option);

// Receives the reports that have arrived. Waits only if the gathered lines find no room in
// librdkafka's queue. Also makes sure that added partitions are noticed, and a broker that cannot
// be reached, so it must be called every 50 ms or so.
int delivery_serve(struct delivery *d);

// Receives reports. Once the gathered lines are handed over, waits up to 50 ms for the first one.
int delivery_await(struct delivery *d);

// Waits until each line is delivered, refused or failed. librdkafka's message.timeout.ms bounds the
// wait.
int delivery_flush_all(struct delivery *d);

// Waits up to wait_ms for deliveries, and then gives up the lines that are still in flight. These
// are reported as failed.
void delivery_abandon(struct delivery *d, int wait_ms);

// Opens the file `undelivered` anew, after a SIGHUP.
int delivery_reopen(struct delivery *d);

// If lines have failed, logs how many, and why unless the stage fails for that reason, and sets the
// stream's exit status. Closes the file.
void delivery_close(struct delivery *d);

#endif
