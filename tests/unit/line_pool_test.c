// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/line_pool.h"

#include <stdlib.h>
#include <string.h>

#include "tap.h"

static const struct line *line_of(const char *text, size_t len)
{
    static struct line line;

    line = (struct line){.data = text, .len = len, .full_len = len, .number = 7};
    return &line;
}

static struct kept_line *keep(struct line_pool *pool, struct line_block **open,
                              const struct line *line, const char *key, size_t key_len)
{
    return line_pool_keep(pool, open,
                          &(struct outgoing){.value = line, .key = key, .key_len = key_len});
}

static void test_input(void)
{
    struct line_pool pool = {0};
    struct line_block *open = NULL;
    char text[] = "in a line";
    struct line input = *line_of(text, 9), value = *line_of(text + 5, 4);
    struct outgoing o = {.value = &value, .input = &input, .timestamp = 3, .form = INPUT_ENVELOPE};
    struct kept_line *within = line_pool_keep(&pool, &open, &o);

    value.data = "decoded";
    value.len = 7;
    struct kept_line *beside = line_pool_keep(&pool, &open, &o);
    memset(text, 'x', sizeof text - 1);
    tap_text(within->extra->input.data, within->extra->input.len, "in a line",
             "the line that was read is kept");
    tap_ok(within->data == within->extra->input.data + 5 && within->len == 4,
           "a value that is a part of it is not copied again");
    tap_ok(within->extra->timestamp == 3 && within->extra->form == INPUT_ENVELOPE,
           "its time is kept");
    tap_text(beside->data, beside->len, "decoded", "a value that is not a part of it is copied");
    line_pool_forget(&pool, within);
    line_pool_forget(&pool, beside);
    line_pool_close(&pool, &open);
    line_pool_release(&pool);
}

static void test_copies(void)
{
    struct line_pool pool = {0};
    struct line_block *open = NULL;
    char text[] = "a line", key[] = "k\0y";
    struct kept_line *kept = keep(&pool, &open, line_of(text, 6), key, 3);
    struct kept_line *keyless = keep(&pool, &open, line_of(text, 0), NULL, 0);
    struct kept_line *tombstone = keep(&pool, &open, line_of(NULL, 0), key, 0);

    memset(text, 'x', sizeof text - 1);
    memset(key, 'x', sizeof key - 1);
    tap_ok(kept->len == 6 && memcmp(kept->data, "a line", 6) == 0, "a line is copied");
    tap_ok(kept->key_len == 3 && memcmp(kept->key, "k\0y", 3) == 0, "its key is copied");
    tap_int((int64_t)kept->number, 7, "its number is kept");
    tap_ok(keyless->key == NULL && keyless->data != NULL && keyless->len == 0,
           "an empty line without a key has data and no key");
    tap_ok(tombstone->data == NULL && tombstone->key != NULL && tombstone->key_len == 0,
           "a tombstone with an empty key has a key and no data");
    line_pool_forget(&pool, kept);
    line_pool_forget(&pool, tombstone);
    line_pool_forget(&pool, keyless);
    line_pool_close(&pool, &open);
    line_pool_release(&pool);
}

// Keeps `count` lines of `len` bytes at a time, and forgets them in the order in which they came.
// Returns whether each one still had its bytes.
static bool keep_many(struct line_pool *pool, struct line_block **open, size_t count, size_t len)
{
    struct kept_line **kept = calloc(count, sizeof(struct kept_line *));
    char *text = malloc(len);
    bool intact = true;

    for (size_t i = 0; i < count; i++) {
        memset(text, (int)('a' + i % 26), len);
        kept[i] = keep(pool, open, line_of(text, len), NULL, 0);
    }
    for (size_t i = 0; i < count; i++) {
        memset(text, (int)('a' + i % 26), len);
        intact = intact && kept[i]->len == len && memcmp(kept[i]->data, text, len) == 0;
        line_pool_forget(pool, kept[i]);
    }
    free(text);
    free(kept);
    return intact;
}

// A block is closed when it is full. Then it has lines until the last one is forgotten.
static void test_closed(void)
{
    struct line_pool pool = {0};
    struct line_block *open = NULL;
    static char text[LINE_POOL_BLOCK / 2];
    struct kept_line *kept[3];

    for (size_t i = 0; i < 3; i++) {
        kept[i] = keep(&pool, &open, line_of(text, sizeof text), NULL, 0);
        tap_int((int64_t)pool.closed, (int64_t)(i * LINE_POOL_BLOCK), "the full blocks are closed");
    }
    line_pool_close(&pool, &open);
    tap_int((int64_t)pool.closed, 3 * LINE_POOL_BLOCK, "then the last one is, too");
    for (int i = 0; i < 3; i++)
        line_pool_forget(&pool, kept[i]);
    tap_int((int64_t)pool.closed, 0, "blocks without lines do not count");
    line_pool_release(&pool);
}

static void test_blocks(void)
{
    struct line_pool pool = {0};
    struct line_block *open = NULL;

    tap_ok(keep_many(&pool, &open, 1000, 1000), "lines in many blocks keep their bytes");
    size_t blocks = pool.blocks;
    tap_ok(blocks > 10, "blocks without lines are kept for the next ones");
    tap_ok(keep_many(&pool, &open, 1000, 1000), "the next lines keep their bytes too");
    tap_int((int64_t)pool.blocks, (int64_t)blocks, "they use the same blocks");
    tap_int((int64_t)pool.closed, 0, "none of them is closed and has lines");
    tap_ok(keep_many(&pool, &open, 3, 1 << 20), "so do lines that are larger than a block");
    line_pool_close(&pool, &open);
    tap_int((int64_t)pool.blocks, (int64_t)blocks, "their blocks are freed");
    line_pool_release(&pool);
    tap_int((int64_t)pool.blocks, 0, "at the end all are");
}

int main(void)
{
    test_copies();
    test_input();
    test_closed();
    test_blocks();
    return tap_done();
}
