// SPDX-License-Identifier: BSD-2-Clause
#include "base/block.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "tap.h"

static bool all_zero(const char *block, size_t size)
{
    return size == 0 || (block[0] == 0 && memcmp(block, block + 1, size - 1) == 0);
}

static void test_new(void)
{
    static const size_t sizes[] = {0, 1, 4096, BLOCK_LARGE - 1, BLOCK_LARGE, 3 * BLOCK_LARGE + 5};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *block = block_new(sizes[i]);
        tap_ok(all_zero(block, sizes[i]), "%zu new bytes are 0", sizes[i]);
        memset(block, 1, sizes[i]);
        tap_ok(sizes[i] < BLOCK_LARGE || (uintptr_t)block % BLOCK_LARGE == 0,
               "and a large block is aligned");
        block_free(block, sizes[i]);
    }
    block_free(NULL, 0);
}

// Fills a block with numbers, resizes it, and returns whether it still has those that fit.
static bool keeps(size_t size, size_t new_size)
{
    uint32_t *block = block_resize(NULL, 0, size);
    size_t kept = (size < new_size ? size : new_size) / sizeof *block;
    bool same = true;

    for (uint32_t i = 0; i < size / sizeof *block; i++)
        block[i] = i;
    block = block_resize(block, size, new_size);
    for (uint32_t i = 0; i < kept; i++)
        same = same && block[i] == i;
    memset(block, 1, new_size);
    same = same && (new_size < BLOCK_LARGE || (uintptr_t)block % BLOCK_LARGE == 0);
    block_free(block, new_size);
    return same;
}

static void test_resize(void)
{
    static const size_t sizes[] = {16, 4096, BLOCK_LARGE, BLOCK_LARGE + 4096, 5 * BLOCK_LARGE + 20};
    const size_t count = sizeof sizes / sizeof *sizes;

    for (size_t i = 0; i < count * count; i++) {
        size_t size = sizes[i / count], new_size = sizes[i % count];
        tap_ok(keeps(size, new_size), "a block of %zu bytes becomes one of %zu", size, new_size);
    }
}

// Two blocks that grow in turn cannot both grow where they are.
static void test_neighbours(void)
{
    size_t size = BLOCK_LARGE;
    char *a = block_new(size), *b = block_new(size);

    a[0] = 'a', b[0] = 'b';
    for (int i = 0; i < 20; i++) {
        a[size - 1] = 'a', b[size - 1] = 'b';
        a = block_resize(a, size, size + 4096 * 100);
        b = block_resize(b, size, size + 4096 * 100);
        if (a[0] != 'a' || b[0] != 'b' || a[size - 1] != 'a' || b[size - 1] != 'b')
            break;
        size += 4096 * 100;
    }
    tap_int((int64_t)size, (int64_t)BLOCK_LARGE + 20 * 4096 * 100, "two blocks grow in turn");
    block_free(a, size);
    block_free(b, size);
}

int main(void)
{
    test_new();
    test_resize();
    test_neighbours();
    return tap_done();
}
