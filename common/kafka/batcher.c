// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/batcher.h"

#include <stdlib.h>

#include "base/xalloc.h"

// How much is handed over at a time.
#define BATCH_LINES 128
#define BATCH_BYTES (64u << 10)

#define ROOM_WAIT 50 // ms of waiting for room at a time

// Bytes of lines that librdkafka may have at a time, unless a single batch is larger. More than the
// processor's caches hold makes it slower, not faster. queue.buffering.max.kbytes still applies.
#define IN_FLIGHT_MAX (16u << 20)

// Bytes of blocks that these lines may be in. If librdkafka chooses the partitions, lines of many
// partitions share a block, and a partition that is stuck keeps every block in which it has a line.
#define BLOCKS_MAX (4 * IN_FLIGHT_MAX)

// The lines for one partition, or for the partition that librdkafka chooses.
struct batch {
    const struct producer_topic *topic;
    int32_t partition;
    struct line_block *open;
    rd_kafka_message_t *message; // BATCH_LINES
    size_t count, bytes;         // of the messages
    bool extra;                  // a message has headers or a timestamp of its own
    bool pending;                // is in the list
    struct batch *next;          // in the list
};

struct batch_topic {
    struct batch **of; // the batch of each partition; of[0] is for librdkafka's choice
    int32_t count;
};

void batcher_init(struct batcher *b)
{
    b->topic = xcalloc(b->producer->settings->topic_count, sizeof *b->topic);
}

void batcher_release(struct batcher *b)
{
    for (size_t i = 0; b->topic != NULL && i < b->producer->settings->topic_count; i++) {
        struct batch_topic *topic = &b->topic[i];
        for (int32_t j = 0; j < topic->count; j++) {
            if (topic->of[j] == NULL)
                continue;
            line_pool_close(&b->pool, &topic->of[j]->open);
            free(topic->of[j]->message);
            free(topic->of[j]);
        }
        free(topic->of);
    }
    free(b->topic);
    b->topic = NULL;
    line_pool_release(&b->pool);
}

static struct batch *find_batch(struct batcher *b, size_t topic, int32_t partition)
{
    struct batch_topic *t = &b->topic[topic];
    int32_t i = partition + 1; // RD_KAFKA_PARTITION_UA is -1

    if (i >= t->count) {
        t->of = xreallocarray(t->of, (size_t)i + 1, sizeof(struct batch *));
        while (t->count <= i)
            t->of[t->count++] = NULL;
    }
    if (t->of[i] == NULL) {
        b->batches++;
        t->of[i] = xcalloc(1, sizeof *t->of[i]);
        t->of[i]->topic = &b->producer->topic[topic];
        t->of[i]->partition = partition;
        t->of[i]->message = xcalloc(BATCH_LINES, sizeof *t->of[i]->message);
    }
    return t->of[i];
}

static void produce_one(struct batcher *b, const struct batch *batch, int32_t partition,
                        rd_kafka_message_t *message)
{
    const struct kept_line *kept = message->_private;
    struct kept_extra *extra = kept->extra;
    bool own = extra != NULL && extra->headers != NULL;
    int64_t timestamp = extra == NULL ? 0 : extra->timestamp;
    rd_kafka_headers_t *headers = own                  ? extra->headers
                                  : b->headers != NULL ? rd_kafka_headers_copy(b->headers)
                                                       : NULL;

    message->err = rd_kafka_producev(
        b->producer->client.rk, RD_KAFKA_V_RKT(batch->topic->handle),
        RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_VALUE(message->payload, message->len),
        RD_KAFKA_V_KEY(message->key, message->key_len), RD_KAFKA_V_TIMESTAMP(timestamp),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_OPAQUE(message->_private), RD_KAFKA_V_END);
    // librdkafka owns the headers of a message that it has taken.
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR && own)
        extra->headers = NULL;
    else if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR && !own && headers != NULL)
        rd_kafka_headers_destroy(headers);
}

// Returns whether a message can be produced by another attempt. Such an error also befalls all
// messages after it in the call, so their order is kept.
static bool is_worth_trying(rd_kafka_resp_err_t code, int32_t partition)
{
    return code == RD_KAFKA_RESP_ERR__QUEUE_FULL ||
           (code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION && partition != RD_KAFKA_PARTITION_UA);
}

// Since the message was gathered, the handle of its topic may have been renewed.
static void leave_unsent(struct batcher *b, const struct batch *batch, size_t i,
                         rd_kafka_resp_err_t why)
{
    batch->message[i].rkt = batch->topic->handle;
    batch->message[i].err = why;
    b->unsent(b->ctx, &batch->message[i]);
}

// Produces the messages from index `first` on. Sets the `err` of each one that it has tried.
// Returns the index of the first message that is worth another attempt, or the number of messages.
static size_t produce(struct batcher *b, const struct batch *batch, int32_t partition, size_t first)
{
    size_t i = first;
    bool single = b->headers != NULL || batch->extra;

    if (!single)
        rd_kafka_produce_batch(batch->topic->handle, partition, 0, batch->message + first,
                               (int)(batch->count - first));
    for (; i < batch->count; i++) {
        rd_kafka_message_t *message = &batch->message[i];
        if (single)
            produce_one(b, batch, partition, message);
        if (is_worth_trying(message->err, partition))
            break;
        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
            leave_unsent(b, batch, i, message->err);
    }
    return i;
}

// Returns whether librdkafka may have the lines of a batch too. Each batch may also hold one closed
// block, whose last lines it has gathered.
static bool has_room(const struct batcher *b, const struct batch *batch)
{
    return b->in_flight == 0 || (b->in_flight + batch->bytes <= IN_FLIGHT_MAX &&
                                 b->pool.closed <= BLOCKS_MAX + b->batches * LINE_POOL_BLOCK);
}

static void wait_for_room(struct batcher *b)
{
    client_serve(&b->producer->client, ROOM_WAIT);
    b->waiting(b->ctx);
}

// Hands over a batch of which the lines count as in flight.
static void hand_over(struct batcher *b, const struct batch *batch, bool wait)
{
    struct client *client = &b->producer->client;
    int32_t partition = batch->partition;

    size_t sent = produce(b, batch, partition, 0);
    while (sent < batch->count) {
        if (batch->message[sent].err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION) {
            // The topic now has fewer partitions than librdkafka has told. Let it choose.
            partition = RD_KAFKA_PARTITION_UA;
        } else if (!wait || client->failed) {
            while (sent < batch->count)
                leave_unsent(b, batch, sent++, RD_KAFKA_RESP_ERR__QUEUE_FULL);
            break;
        } else if (rd_kafka_outq_len(client->rk) == 0) {
            // The line is larger than queue.buffering.max.kbytes.
            leave_unsent(b, batch, sent++, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
        } else {
            wait_for_room(b);
        }
        sent = produce(b, batch, partition, sent);
    }
}

static void send_batch(struct batcher *b, struct batch *batch, bool wait)
{
    while (wait && !b->producer->client.failed && !has_room(b, batch))
        wait_for_room(b);
    b->in_flight += batch->bytes;
    hand_over(b, batch, wait);
    batch->count = batch->bytes = 0;
    batch->extra = false;
}

void batcher_send(struct batcher *b, bool wait)
{
    while (b->pending != NULL) {
        struct batch *batch = b->pending;
        b->pending = batch->next;
        batch->pending = false;
        send_batch(b, batch, wait);
    }
}

rd_kafka_message_t batcher_message(rd_kafka_topic_t *topic, int32_t partition,
                                   struct kept_line *kept)
{
    return (rd_kafka_message_t){.rkt = topic,
                                .partition = partition,
                                .payload = kept->data,
                                .len = kept->len,
                                .key = (void *)kept->key,
                                .key_len = kept->key_len,
                                ._private = kept};
}

// Returns whether a message has headers or a timestamp of its own.
static bool is_special(const struct kept_line *kept)
{
    const struct kept_extra *extra = kept->extra;

    return extra != NULL && (extra->headers != NULL || extra->timestamp != 0);
}

// Returns the index of a message's topic.
static size_t topic_of(const struct batcher *b, const rd_kafka_message_t *message)
{
    size_t i = 0;

    while (b->producer->topic[i].handle != message->rkt)
        i++;
    return i;
}

void batcher_resend(struct batcher *b, rd_kafka_message_t *message, size_t count)
{
    struct batch batch = {.topic = &b->producer->topic[topic_of(b, message)],
                          .partition = message->partition,
                          .message = message,
                          .count = count};

    for (size_t i = 0; i < count && !batch.extra; i++)
        batch.extra = is_special(message[i]._private);
    hand_over(b, &batch, true);
}

int batcher_reopen(struct batcher *b, rd_kafka_message_t *message, size_t count, struct err *err)
{
    size_t *topic = xcalloc(count, sizeof *topic);

    for (size_t i = 0; i < count; i++)
        topic[i] = topic_of(b, &message[i]);
    int status = producer_reopen(b->producer, err);
    for (size_t i = 0; i < count; i++)
        message[i].rkt = b->producer->topic[topic[i]].handle;
    free(topic);
    return status;
}

static void add(struct batcher *b, struct batch *batch, struct kept_line *kept)
{
    if (!batch->pending) {
        batch->pending = true;
        batch->next = b->pending;
        b->pending = batch;
    }
    kept->order = b->added++;
    batch->bytes += kept->len;
    batch->extra = batch->extra || is_special(kept);
    batch->message[batch->count++] = batcher_message(batch->topic->handle, batch->partition, kept);
}

void batcher_add(struct batcher *b, const struct outgoing *o)
{
    int32_t partition = o->partition;

    if (!producer_has_partition(b->producer, o->topic, partition))
        partition = producer_partition(b->producer, o->topic, o->key, o->key_len);
    bool unassigned = partition == RD_KAFKA_PARTITION_UA;
    bool alone = unassigned && o->key != NULL;

    // The partition that librdkafka chooses may be the one of lines in another batch.
    if (alone || unassigned != b->unassigned)
        batcher_send(b, true);
    b->unassigned = unassigned;
    struct batch *batch = find_batch(b, o->topic, partition);
    add(b, batch, line_pool_keep(&b->pool, &batch->open, o));
    if (alone || batch->count == BATCH_LINES || batch->bytes >= BATCH_BYTES)
        send_batch(b, batch, true);
}

void batcher_done(struct batcher *b, struct kept_line *kept)
{
    b->in_flight -= kept->len;
    if (kept->extra != NULL && kept->extra->headers != NULL)
        rd_kafka_headers_destroy(kept->extra->headers);
    line_pool_forget(&b->pool, kept);
}
