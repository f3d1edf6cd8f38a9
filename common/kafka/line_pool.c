// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/line_pool.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define AHEAD 3 // lines

struct line_block {
    struct line_block *next; // if it is unused
    size_t size, used;       // bytes of `data`
    size_t lines;            // not forgotten; an open block counts as one more
    _Alignas(struct kept_line) char data[];
};

static size_t align(size_t size)
{
    const size_t unit = _Alignof(struct kept_line);

    return (size + unit - 1) / unit * unit;
}

static struct line_block *new_block(struct line_pool *pool, size_t need)
{
    struct line_block *block = pool->unused;
    size_t size = need > LINE_POOL_BLOCK ? need : LINE_POOL_BLOCK;

    if (block != NULL && need <= LINE_POOL_BLOCK) {
        pool->unused = block->next;
    } else {
        block = xmalloc(sizeof *block + size);
        block->size = size;
        pool->blocks++;
    }
    block->used = 0;
    block->lines = 1;
    return block;
}

static void free_block(struct line_pool *pool, struct line_block *block)
{
    pool->blocks--;
    free(block);
}

static void release_block(struct line_pool *pool, struct line_block *block)
{
    if (--block->lines > 0)
        return;
    pool->closed -= block->size;
    if (block->size > LINE_POOL_BLOCK) {
        free_block(pool, block);
        return;
    }
    block->next = pool->unused;
    pool->unused = block;
}

// Copies bytes to *to, and moves *to behind them. Returns the copy, or NULL for NULL.
static char *copy(char **to, const void *from, size_t len)
{
    char *at = *to;

    if (from == NULL)
        return NULL;
    if (len > 0)
        memcpy(at, from, len);
    *to = at + len;
    return at;
}

static bool has_extra(const struct outgoing *o)
{
    return o->input != NULL || o->timestamp != 0 || o->headers != NULL;
}

// Returns whether the value is a part of the input, so that one copy serves both.
static bool is_within(const struct outgoing *o)
{
    return o->input != NULL && o->value->data != NULL && o->value->data >= o->input->data &&
           o->value->data + o->value->len <= o->input->data + o->input->len;
}

static struct kept_extra *keep_extra(const struct outgoing *o, char **to)
{
    struct kept_extra *extra = (struct kept_extra *)*to;

    *to += sizeof *extra;
    *extra = (struct kept_extra){.timestamp = o->timestamp, .headers = o->headers, .form = o->form};
    if (o->input != NULL) {
        extra->input = *o->input;
        extra->input.origin = NULL;
        extra->input.data = copy(to, o->input->data, o->input->len);
    }
    return extra;
}

struct kept_line *line_pool_keep(struct line_pool *pool, struct line_block **open,
                                 const struct outgoing *o)
{
    size_t extra = has_extra(o) ? sizeof(struct kept_extra) : 0;
    size_t input = o->input != NULL ? o->input->len : 0;
    size_t need = align(sizeof(struct kept_line) + extra + input + o->value->len + o->key_len);

    if (*open == NULL || (*open)->size - (*open)->used < need) {
        line_pool_close(pool, open);
        *open = new_block(pool, need);
    }
    struct line_block *block = *open;
    struct kept_line *kept = (struct kept_line *)(block->data + block->used);
    char *to = (char *)(kept + 1);
    block->used += need;
    block->lines++;
    *kept = (struct kept_line){.block = block,
                               .number = o->value->number,
                               .len = o->value->len,
                               .key_len = o->key_len,
                               .segment = o->segment,
                               .passed = o->passed};
    if (extra > 0)
        kept->extra = keep_extra(o, &to);
    if (is_within(o))
        kept->data = (char *)kept->extra->input.data + (o->value->data - o->input->data);
    else
        kept->data = copy(&to, o->value->data, o->value->len);
    kept->key = copy(&to, o->key, o->key_len);
    return kept;
}

void line_pool_forget(struct line_pool *pool, struct kept_line *kept)
{
    // Lines are mostly forgotten in the order in which they were kept. By now the one that is some
    // lines ahead is no longer in the caches of this core.
    __builtin_prefetch((char *)kept + AHEAD * (sizeof *kept + kept->len + kept->key_len));
    release_block(pool, kept->block);
}

void line_pool_close(struct line_pool *pool, struct line_block **open)
{
    if (*open != NULL) {
        pool->closed += (*open)->size;
        release_block(pool, *open);
    }
    *open = NULL;
}

void line_pool_release(struct line_pool *pool)
{
    while (pool->unused != NULL) {
        struct line_block *block = pool->unused;
        pool->unused = block->next;
        free_block(pool, block);
    }
}
