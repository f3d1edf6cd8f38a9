// SPDX-License-Identifier: BSD-2-Clause
//
// line_pool: keeps the bytes of lines until the broker has them.
//
// librdkafka can copy each message into memory of its own, but then it allocates and frees memory
// for each one, in different threads. Instead, lines are copied into large blocks, which librdkafka
// only points into. A block counts its lines. When all of them are forgotten, the next lines reuse
// it. Lines that are forgotten at about the same time, such as those of one partition, should share
// blocks; so each caller has an open block of its own.
//
//     struct line_pool pool = {0};
//     struct line_block *open = NULL;
//     const struct outgoing o = {.value = &line, .key = key, .key_len = key_len};
//     struct kept_line *kept = line_pool_keep(&pool, &open, &o);
//     send(kept->data, kept->len, kept);
//     ...
//     line_pool_forget(&pool, kept);
//     line_pool_close(&pool, &open);
//     line_pool_release(&pool);
#ifndef KAFKA_LINE_POOL_H
#define KAFKA_LINE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <librdkafka/rdkafka.h>

#include "base/line.h"

#define LINE_POOL_BLOCK ((size_t)64 << 10) // bytes of a block; longer lines get one of their size

struct line_block;

// What a line that was read has besides the value of the message.
enum input_form {
    INPUT_KEYED,    // the key, before a separator
    INPUT_ENVELOPE, // all that a message has
    INPUT_DECODED,  // nothing: it is the value in another format
};

// A message to be produced.
struct outgoing {
    size_t topic;      // an index into the producer's topics
    int32_t partition; // or RD_KAFKA_PARTITION_UA: that of the key
    const void *key;   // NULL for none
    size_t key_len;
    const struct line *value;    // its data is NULL for a tombstone
    const struct line *input;    // the line that was read, if it is not the value; else NULL
    enum input_form form;        // of the input
    int64_t timestamp;           // ms since 1970; 0 for the current time
    rd_kafka_headers_t *headers; // besides those of all messages; NULL for none
    bool passed;                 // the line is a reject of an earlier stage
    uint32_t segment;            // for the caller
};

// What only some messages have.
struct kept_extra {
    struct line input; // as in struct outgoing; its data is NULL if the value is the line
    enum input_form form;
    int64_t timestamp;
    rd_kafka_headers_t *headers; // for the caller, who frees them
};

struct kept_line {
    struct line_block *block;
    uint64_t number;
    char *data; // NULL for a tombstone
    size_t len;
    const char *key; // NULL for none
    size_t key_len;
    struct kept_extra *extra; // NULL for none
    uint64_t order;           // in which the caller has added the lines
    uint32_t segment;
    bool passed;
    bool alone;   // nothing else was sent with it
    bool suspect; // the broker has refused it together with others
};

struct line_pool {
    struct line_block *unused;
    size_t closed; // bytes of the blocks that are closed and hold lines
    size_t blocks; // in memory; only its unit test reads this
};

// Copies what the message has into the open block, or into another one if it does not fit. The kept
// line is valid until line_pool_forget().
struct kept_line *line_pool_keep(struct line_pool *pool, struct line_block **open,
                                 const struct outgoing *o);

// Gives back the memory of a kept line.
void line_pool_forget(struct line_pool *pool, struct kept_line *kept);

// Closes an open block. Its lines stay valid.
void line_pool_close(struct line_pool *pool, struct line_block **open);

// Frees the unused blocks. All lines must be forgotten, and all blocks closed.
void line_pool_release(struct line_pool *pool);

#endif
