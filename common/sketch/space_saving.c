// SPDX-License-Identifier: BSD-2-Clause
#include "sketch/space_saving.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define SIZE_FIRST 64

void heavy_init(struct heavy *h, size_t limit)
{
    *h = (struct heavy){.limit = limit};
}

void heavy_release(struct heavy *h)
{
    for (size_t i = 0; i < h->used; i++)
        free(h->item[i].key);
    free(h->item);
    free(h->heap);
    free(h->slot);
    heavy_init(h, h->limit);
}

static size_t home(const struct heavy *h, uint64_t hash)
{
    return (size_t)((hash >> 32) * h->slots >> 32);
}

static size_t next_slot(const struct heavy *h, size_t i)
{
    return i + 1 == h->slots ? 0 : i + 1;
}

// The slot of a key, or the free one where it would go.
static size_t find_slot(const struct heavy *h, const char *key, size_t len, uint64_t hash)
{
    size_t i = home(h, hash);

    for (; h->slot[i] != 0; i = next_slot(h, i)) {
        const struct heavy_item *item = &h->item[h->slot[i] - 1];
        if (item->hash == hash && item->len == len && memcmp(item->key, key, len) == 0)
            break;
    }
    return i;
}

// Whether a search that starts at `from` comes by `hole` before it comes to `at`.
static bool is_between(size_t from, size_t hole, size_t at)
{
    return from <= at ? from <= hole && hole < at : from <= hole || hole < at;
}

// Frees a slot, and moves those behind that would no longer be found.
static void free_slot(struct heavy *h, size_t hole)
{
    for (size_t i = next_slot(h, hole); h->slot[i] != 0; i = next_slot(h, i)) {
        if (is_between(home(h, h->item[h->slot[i] - 1].hash), hole, i)) {
            h->slot[hole] = h->slot[i];
            hole = i;
        }
    }
    h->slot[hole] = 0;
}

static void grow(struct heavy *h)
{
    h->size = h->size == 0 ? SIZE_FIRST : 2 * h->size;
    if (h->size > h->limit)
        h->size = h->limit;
    h->item = xreallocarray(h->item, h->size, sizeof *h->item);
    h->heap = xreallocarray(h->heap, h->size, sizeof *h->heap);
    free(h->slot);
    h->slots = 2 * h->size;
    h->slot = xcalloc(h->slots, sizeof *h->slot);
    for (size_t i = 0; i < h->used; i++) {
        const struct heavy_item *item = &h->item[i];
        h->slot[find_slot(h, item->key, item->len, item->hash)] = (uint32_t)i + 1;
    }
}

static void set_place(struct heavy *h, size_t place, uint32_t item)
{
    h->heap[place] = item;
    h->item[item].place = (uint32_t)place;
}

// Moves an item whose count has grown away from the top of the heap.
static void sink(struct heavy *h, uint32_t item)
{
    size_t place = h->item[item].place;

    for (;;) {
        size_t child = 2 * place + 1;
        if (child >= h->used)
            break;
        if (child + 1 < h->used &&
            h->item[h->heap[child + 1]].count < h->item[h->heap[child]].count)
            child++;
        if (h->item[h->heap[child]].count >= h->item[item].count)
            break;
        set_place(h, place, h->heap[child]);
        place = child;
    }
    set_place(h, place, item);
}

// Moves a new item towards the top.
static void rise(struct heavy *h, uint32_t item)
{
    size_t place = h->item[item].place;

    while (place > 0 && h->item[h->heap[(place - 1) / 2]].count > h->item[item].count) {
        set_place(h, place, h->heap[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    set_place(h, place, item);
}

static void set_key(struct heavy_item *item, const char *key, size_t len, uint64_t hash)
{
    if (item->key == NULL || len > item->size) {
        free(item->key);
        item->size = (uint32_t)(len > 0 ? len : 1);
        item->key = xmalloc(item->size);
    }
    memcpy(item->key, key, len);
    item->len = (uint32_t)len;
    item->hash = hash;
}

static void add_item(struct heavy *h, const char *key, size_t len, uint64_t hash, uint64_t n)
{
    uint32_t item = (uint32_t)h->used;

    h->item[item] = (struct heavy_item){.count = n};
    set_key(&h->item[item], key, len, hash);
    h->slot[find_slot(h, key, len, hash)] = item + 1;
    set_place(h, h->used++, item);
    rise(h, item);
}

static void replace_lowest(struct heavy *h, const char *key, size_t len, uint64_t hash, uint64_t n)
{
    uint32_t item = h->heap[0];
    const struct heavy_item *old = &h->item[item];

    free_slot(h, find_slot(h, old->key, old->len, old->hash));
    set_key(&h->item[item], key, len, hash);
    h->slot[find_slot(h, key, len, hash)] = item + 1;
    h->item[item].count += n;
    sink(h, item);
}

void heavy_add(struct heavy *h, const char *key, size_t len, uint64_t hash, uint64_t n)
{
    if (h->limit == 0)
        return;
    if (h->size == 0)
        grow(h);
    uint32_t found = h->slot[find_slot(h, key, len, hash)];
    if (found != 0) {
        h->item[found - 1].count += n;
        sink(h, found - 1);
    } else if (h->used == h->limit) {
        replace_lowest(h, key, len, hash, n);
    } else {
        if (h->used == h->size)
            grow(h);
        add_item(h, key, len, hash, n);
    }
}

void heavy_restore(struct heavy *h, const char *key, size_t len, uint64_t hash, uint64_t count,
                   uint32_t place)
{
    uint32_t item = (uint32_t)h->used;

    while (h->size < h->limit && (h->used == h->size || place >= h->size))
        grow(h);
    if (h->used == h->size || place >= h->size)
        return; // it never was in one of this limit
    h->item[item] = (struct heavy_item){.count = count};
    set_key(&h->item[item], key, len, hash);
    h->slot[find_slot(h, key, len, hash)] = item + 1;
    h->used++;
    set_place(h, place, item);
}

const struct heavy_item *heavy_find(const struct heavy *h, const char *key, size_t len,
                                    uint64_t hash)
{
    if (h->size == 0)
        return NULL;
    uint32_t found = h->slot[find_slot(h, key, len, hash)];
    return found == 0 ? NULL : &h->item[found - 1];
}

uint64_t heavy_error(const struct heavy *h)
{
    return h->missed + (h->used > 0 && h->used == h->limit ? h->item[h->heap[0]].count : 0);
}
