// SPDX-License-Identifier: BSD-2-Clause
#include "sketch/space_saving.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/xalloc.h"

#define SIZE_FIRST 64

void space_saving_init(struct space_saving *s, size_t limit)
{
    *s = (struct space_saving){.limit = limit};
}

void space_saving_release(struct space_saving *s)
{
    for (size_t i = 0; i < s->used; i++)
        free(s->item[i].key);
    free(s->item);
    free(s->heap);
    free(s->slot);
    space_saving_init(s, s->limit);
}

// Returns the slot where the search for a hash starts. Only the upper 32 bits matter.
static size_t home(const struct space_saving *s, uint64_t hash)
{
    return (size_t)((hash >> 32) * s->slots >> 32);
}

static size_t next_slot(const struct space_saving *s, size_t i)
{
    return i + 1 == s->slots ? 0 : i + 1;
}

static struct space_saving_item *item_in(const struct space_saving *s, size_t slot)
{
    return &s->item[(uint32_t)s->slot[slot] - 1];
}

// Returns the item of a key, or NULL.
static struct space_saving_item *find(const struct space_saving *s, const char *key, size_t len,
                                      uint64_t hash)
{
    for (size_t i = home(s, hash); s->slot[i] != 0; i = next_slot(s, i)) {
        if ((s->slot[i] ^ hash) >> 32 != 0)
            continue;
        struct space_saving_item *item = item_in(s, i);
        if (item->len == len && bytes_same(item->key, key, len))
            return item;
    }
    return NULL;
}

static void fill_slot(struct space_saving *s, uint32_t item)
{
    uint64_t hash = s->item[item].hash;
    size_t i = home(s, hash);

    while (s->slot[i] != 0)
        i = next_slot(s, i);
    s->slot[i] = (hash & UINT64_C(0xffffffff00000000)) | (item + 1);
}

// Returns whether a search that starts at `from` passes `hole` before it reaches `at`.
static bool is_between(size_t from, size_t hole, size_t at)
{
    return from <= at ? from <= hole && hole < at : from <= hole || hole < at;
}

// Frees the slot of an item, and moves up the slots after it that a search would no longer find.
static void free_slot(struct space_saving *s, uint32_t item)
{
    size_t hole = home(s, s->item[item].hash);

    while ((uint32_t)s->slot[hole] != item + 1)
        hole = next_slot(s, hole);
    for (size_t i = next_slot(s, hole); s->slot[i] != 0; i = next_slot(s, i)) {
        if (is_between(home(s, s->slot[i]), hole, i)) {
            s->slot[hole] = s->slot[i];
            hole = i;
        }
    }
    s->slot[hole] = 0;
}

static void grow(struct space_saving *s)
{
    s->size = s->size == 0 ? SIZE_FIRST : 2 * s->size;
    if (s->size > s->limit)
        s->size = s->limit;
    s->item = xreallocarray(s->item, s->size, sizeof *s->item);
    s->heap = xreallocarray(s->heap, s->size, sizeof *s->heap);
    free(s->slot);
    s->slots = 2 * s->size;
    s->slot = xcalloc(s->slots, sizeof *s->slot);
    for (uint32_t i = 0; i < s->used; i++)
        fill_slot(s, i);
}

static void set_place(struct space_saving *s, size_t place, uint32_t item)
{
    s->heap[place] = item;
    s->item[item].place = (uint32_t)place;
}

// Moves an item whose count has grown down the heap.
static void sink(struct space_saving *s, uint32_t item)
{
    size_t place = s->item[item].place;

    for (;;) {
        size_t child = 2 * place + 1;
        if (child >= s->used)
            break;
        if (child + 1 < s->used &&
            s->item[s->heap[child + 1]].count < s->item[s->heap[child]].count)
            child++;
        if (s->item[s->heap[child]].count >= s->item[item].count)
            break;
        set_place(s, place, s->heap[child]);
        place = child;
    }
    set_place(s, place, item);
}

// Moves a new item up the heap.
static void rise(struct space_saving *s, uint32_t item)
{
    size_t place = s->item[item].place;

    while (place > 0 && s->item[s->heap[(place - 1) / 2]].count > s->item[item].count) {
        set_place(s, place, s->heap[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    set_place(s, place, item);
}

static void set_key(struct space_saving_item *item, const char *key, size_t len, uint64_t hash)
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

static void add_item(struct space_saving *s, const char *key, size_t len, uint64_t hash, uint64_t n)
{
    uint32_t item = (uint32_t)s->used;

    s->item[item] = (struct space_saving_item){.count = n};
    set_key(&s->item[item], key, len, hash);
    fill_slot(s, item);
    set_place(s, s->used++, item);
    rise(s, item);
}

static void replace_lowest(struct space_saving *s, const char *key, size_t len, uint64_t hash,
                           uint64_t n)
{
    uint32_t item = s->heap[0];

    free_slot(s, item);
    set_key(&s->item[item], key, len, hash);
    fill_slot(s, item);
    s->item[item].count += n;
    sink(s, item);
    // The next one is probably the lowest now. Its slot is anywhere in memory.
    __builtin_prefetch(&s->slot[home(s, s->item[s->heap[0]].hash)]);
}

void space_saving_add(struct space_saving *s, const char *key, size_t len, uint64_t hash,
                      uint64_t n)
{
    if (s->limit == 0)
        return;
    if (s->size == 0)
        grow(s);
    struct space_saving_item *found = find(s, key, len, hash);
    if (found != NULL) {
        found->count += n;
        sink(s, (uint32_t)(found - s->item));
    } else if (s->used == s->limit) {
        replace_lowest(s, key, len, hash, n);
    } else {
        if (s->used == s->size)
            grow(s);
        add_item(s, key, len, hash, n);
    }
}

void space_saving_prefetch(const struct space_saving *s, uint64_t hash)
{
    if (s->size > 0)
        __builtin_prefetch(&s->slot[home(s, hash)]);
}

uint32_t space_saving_guess(const struct space_saving *s, uint64_t hash)
{
    if (s->size == 0)
        return 0;
    for (size_t i = home(s, hash); s->slot[i] != 0; i = next_slot(s, i)) {
        if ((s->slot[i] ^ hash) >> 32 != 0)
            continue;
        __builtin_prefetch(item_in(s, i));
        return (uint32_t)s->slot[i];
    }
    return 0;
}

void space_saving_prefetch_key(const struct space_saving *s, uint32_t guess)
{
    if (guess == 0)
        return;
    const struct space_saving_item *item = &s->item[guess - 1];
    __builtin_prefetch(item->key);
    __builtin_prefetch(item->key + item->len - 1);
}

void space_saving_restore(struct space_saving *s, const char *key, size_t len, uint64_t hash,
                          uint64_t count, uint32_t place)
{
    uint32_t item = (uint32_t)s->used;

    while (s->size < s->limit && (s->used == s->size || place >= s->size))
        grow(s);
    if (s->used == s->size || place >= s->size)
        return; // no summary with this limit can have had such an item
    s->item[item] = (struct space_saving_item){.count = count};
    set_key(&s->item[item], key, len, hash);
    fill_slot(s, item);
    s->used++;
    set_place(s, place, item);
}

bool space_saving_sound(const struct space_saving *s)
{
    for (size_t i = 0; i < s->used; i++) {
        const struct space_saving_item *item = &s->item[i];
        if (item->place >= s->used || s->heap[item->place] != i ||
            space_saving_find(s, item->key, item->len, item->hash) != item)
            return false;
    }
    return true;
}

const struct space_saving_item *space_saving_find(const struct space_saving *s, const char *key,
                                                  size_t len, uint64_t hash)
{
    return s->size == 0 ? NULL : find(s, key, len, hash);
}

uint64_t space_saving_error(const struct space_saving *s)
{
    return s->missed + (s->used > 0 && s->used == s->limit ? s->item[s->heap[0]].count : 0);
}
