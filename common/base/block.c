// SPDX-License-Identifier: BSD-2-Clause
#include "base/block.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/xalloc.h"

#define GROWN_LARGE (8 * BLOCK_LARGE)

static size_t whole_pages(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    if (size > SIZE_MAX / 2)
        xalloc_die(size);
    return (size + page - 1) / page * page;
}

// Maps memory at a multiple of BLOCK_LARGE: maps more, and gives back what is before and after it.
static char *map_aligned(size_t size, int protection)
{
    char *start = mmap(NULL, size + BLOCK_LARGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (start == MAP_FAILED)
        xalloc_die(size);
    size_t before = -(uintptr_t)start % BLOCK_LARGE;
    if (before > 0)
        munmap(start, before);
    munmap(start + before + size, BLOCK_LARGE - before);
    return start + before;
}

static void *new_large(size_t size)
{
    return map_aligned(whole_pages(size), PROT_READ | PROT_WRITE);
}

static void advise_huge(void *block, size_t size)
{
    madvise(block, whole_pages(size), MADV_HUGEPAGE); // may fail: it is only a hint
}

void *block_new(size_t size)
{
    if (size < BLOCK_LARGE)
        return xcalloc(1, size);
    void *block = new_large(size);
    advise_huge(block, size);
    return block;
}

// Changes the size of a large block, and moves it to other addresses if it does not fit there.
static void *resize_large(void *block, size_t size, size_t new_size)
{
    size_t old_pages = whole_pages(size), pages = whole_pages(new_size);

    if (mremap(block, old_pages, pages, 0) != MAP_FAILED)
        return block;
    char *place = map_aligned(pages, PROT_NONE);
    if (mremap(block, old_pages, pages, MREMAP_MAYMOVE | MREMAP_FIXED, place) == MAP_FAILED)
        xalloc_die(new_size);
    return place;
}

void *block_resize(void *block, size_t size, size_t new_size)
{
    if (size < BLOCK_LARGE && new_size < BLOCK_LARGE)
        return xreallocarray(block, 1, new_size);
    void *resized;
    if (size >= BLOCK_LARGE && new_size >= BLOCK_LARGE) {
        resized = resize_large(block, size, new_size);
    } else {
        resized = new_size < BLOCK_LARGE ? xmalloc(new_size) : new_large(new_size);
        if (block != NULL)
            memcpy(resized, block, size < new_size ? size : new_size);
        block_free(block, size);
    }
    if (new_size >= GROWN_LARGE)
        advise_huge(resized, new_size);
    return resized;
}

void block_free(void *block, size_t size)
{
    if (size < BLOCK_LARGE)
        free(block);
    else
        munmap(block, whole_pages(size));
}
