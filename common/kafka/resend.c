// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/resend.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"

#define WAIT_SLICE 50 // ms of waiting for reports at a time

// After each refusal librdkafka raises the epoch of its producer id. After 32767 the epoch would
// begin anew, and the broker would refuse everything.
#define REFUSALS_MAX 20000

static void hold(struct resend *r, const rd_kafka_message_t *message, bool suspect)
{
    struct kept_line *kept = message->_private;

    if (r->count == r->capacity) {
        r->capacity = r->capacity == 0 ? 256 : 2 * r->capacity;
        r->held = xreallocarray(r->held, r->capacity, sizeof *r->held);
    }
    // librdkafka would free the headers with the message.
    if (kept->extra != NULL && kept->extra->headers == NULL)
        rd_kafka_message_detach_headers((rd_kafka_message_t *)message, &kept->extra->headers);
    kept->suspect = suspect;
    r->held[r->count++] = batcher_message(message->rkt, message->partition, kept);
}

bool resend_takes(struct resend *r, const rd_kafka_message_t *message)
{
    const struct kept_line *kept = message->_private;
    bool suspect = halt_is_refusal(message->err) && !kept->alone;

    if (r->halt == NULL)
        return false;
    r->found = r->found || (kept->alone && halt_is_refusal(message->err));
    if (!suspect && (!r->running || message->err != RD_KAFKA_RESP_ERR__PURGE_QUEUE))
        return false;
    hold(r, message, suspect);
    return true;
}

// Waits until librdkafka has no line any more. After a halt, calls back those that are not sent.
static void settle(struct resend *r)
{
    struct client *client = &r->batcher->producer->client;

    while (rd_kafka_outq_len(client->rk) > 0 && !client->failed) {
        if (halt_has_come(r->halt))
            rd_kafka_purge(client->rk, RD_KAFKA_PURGE_F_QUEUE);
        rd_kafka_flush(client->rk, WAIT_SLICE);
        client_watch(client);
        r->batcher->waiting(r->batcher->ctx);
    }
    halt_end(r->halt, client->rk);
}

static const struct kept_line *line_of(const rd_kafka_message_t *message)
{
    return message->_private;
}

// By topic and partition, and then in the order of the input. Lines without a partition are last.
static int compare(const void *a, const void *b)
{
    const rd_kafka_message_t *x = a, *y = b;
    const uint32_t p = (uint32_t)x->partition, q = (uint32_t)y->partition;

    if (x->rkt != y->rkt)
        return (uintptr_t)x->rkt < (uintptr_t)y->rkt ? -1 : 1;
    if (p != q)
        return p < q ? -1 : 1;
    return line_of(x)->order < line_of(y)->order ? -1 : line_of(x)->order > line_of(y)->order;
}

// Returns how many of the messages, from the first one on, are for one partition.
static size_t run_length(const rd_kafka_message_t *message, size_t count)
{
    size_t n = 1;

    while (n < count && message[n].rkt == message->rkt &&
           message[n].partition == message->partition)
        n++;
    return n;
}

// Returns how many messages there are up to the last suspect.
static size_t up_to_suspect(const rd_kafka_message_t *message, size_t count)
{
    while (count > 0 && !line_of(&message[count - 1])->suspect)
        count--;
    return count;
}

// Sends some of the lines, and waits for them. Puts those that come back at the end of `part`, and
// returns how many do.
static size_t send_part(struct resend *r, rd_kafka_message_t *part, size_t count)
{
    ((struct kept_line *)part->_private)->alone = count == 1;
    r->found = false;
    batcher_resend(r->batcher, part, count);
    settle(r);
    size_t back = r->count;
    if (back > 0) {
        qsort(r->held, back, sizeof *r->held, compare);
        memcpy(part + count - back, r->held, back * sizeof *part);
    }
    r->count = 0;
    r->refusals += back > 0 || r->found;
    return back;
}

// Connects anew for another producer id, if it is time to. If that fails, tries again later.
static void renew_id(struct resend *r)
{
    struct err err;

    if (r->refusals < REFUSALS_MAX || r->batcher->producer->client.failed)
        return;
    r->refusals = 0;
    if (batcher_reopen(r->batcher, r->message, r->total, &err) != 0)
        log_debug("%s", err.text);
}

// Sends suspects of one partition: half as many lines after a part that was refused, and twice as
// many after one that was not. Where one is bad, the next one often is too. Returns how many lines
// have got their last report: all, unless the client has failed.
static size_t send_suspects(struct resend *r, rd_kafka_message_t *message, size_t count)
{
    size_t limit = (count + 1) / 2, done = 0;

    while (done < count && !r->batcher->producer->client.failed) {
        size_t part = count - done < limit ? count - done : limit;
        size_t back = send_part(r, message + done, part);
        done += part - back;
        limit = back > 0 ? (part + 1) / 2 : r->found ? 1 : 2 * part;
        renew_id(r);
    }
    return done;
}

// Hands over lines without waiting for them.
static void send_rest(struct resend *r, rd_kafka_message_t *message, size_t count)
{
    for (size_t i = 0, run; i < count; i += run) {
        run = run_length(message + i, count - i);
        batcher_resend(r->batcher, message + i, run);
    }
}

void resend_run(struct resend *r)
{
    if (r->running || r->count == 0)
        return;
    r->running = true;
    settle(r);
    // New reports may come while these lines are sent.
    rd_kafka_message_t *message = r->held;
    size_t count = r->count, rest = 0;
    r->held = NULL;
    r->count = r->capacity = 0;
    r->message = message;
    r->total = count;
    r->refusals++;
    qsort(message, count, sizeof *message, compare);
    for (size_t i = 0, run; i < count; i += run) {
        run = run_length(message + i, count - i);
        size_t done = send_suspects(r, message + i, up_to_suspect(message + i, run));
        memmove(message + rest, message + i + done, (run - done) * sizeof *message);
        rest += run - done;
    }
    send_rest(r, message, rest);
    free(message);
    r->running = false;
}

void resend_drop(struct resend *r)
{
    for (size_t i = 0; i < r->count; i++) {
        r->held[i].err = RD_KAFKA_RESP_ERR__PURGE_QUEUE;
        r->batcher->unsent(r->batcher->ctx, &r->held[i]);
    }
    r->count = 0;
}

void resend_release(struct resend *r)
{
    free(r->held);
    r->held = NULL;
}
