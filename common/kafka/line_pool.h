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
//     struct kept_line *kept = line_pool_keep(&pool, &open, &line, key, key_len);
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

#include "base/line.h"

#define LINE_POOL_BLOCK ((size_t)64 << 10) // bytes of a block; longer lines get one of their size

struct line_block;

struct kept_line {
    struct line_block *block;
    uint64_t number;
    char *data; // NULL for a tombstone
    size_t len;
    const char *key; // NULL for none
    size_t key_len;
    uint32_t segment; // for the caller
    bool passed;      // for the caller
};

struct line_pool {
    struct line_block *unused;
    size_t closed; // bytes of the blocks that are closed and hold lines
    size_t blocks; // in memory; only its unit test reads this
};

// Copies a line and its key, which may be NULL, into the open block, or into another one if they do
// not fit. The kept line is valid until line_pool_forget().
struct kept_line *line_pool_keep(struct line_pool *pool, struct line_block **open,
                                 const struct line *line, const void *key, size_t key_len);

// Gives back the memory of a kept line.
void line_pool_forget(struct line_pool *pool, struct kept_line *kept);

// Closes an open block. Its lines stay valid.
void line_pool_close(struct line_pool *pool, struct line_block **open);

// Frees the unused blocks. All lines must be forgotten, and all blocks closed.
void line_pool_release(struct line_pool *pool);

#endif
