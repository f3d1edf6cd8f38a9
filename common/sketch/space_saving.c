// SPDX-License-Identifier: BSD-2-Clause
#include "sketch/space_saving.h"

#include <stdlib.h>
#include <string.h>

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

static size_t home(const struct space_saving *s, uint64_t hash)
{
    return (size_t)((hash >> 32) * s->slots >> 32);
}

static size_t next_slot(const struct space_saving *s, size_t i)
{
    return i + 1 == s->slots ? 0 : i + 1;
}

// Returns the slot of a key, or the free slot where it would be added.
static size_t find_slot(const struct space_saving *s, const char *key, size_t len, uint64_t hash)
{
    size_t i = home(s, hash);

    for (; s->slot[i] != 0; i = next_slot(s, i)) {
        const struct space_saving_item *item = &s->item[s->slot[i] - 1];
        if (item->hash == hash && item->len == len && memcmp(item->key, key, len) == 0)
            break;
    }
    return i;
}

// Returns whether a search that starts at `from` passes `hole` before it reaches `at`.
static bool is_between(size_t from, size_t hole, size_t at)
{
    return from <= at ? from <= hole && hole < at : from <= hole || hole < at;
}

// Frees a slot, and moves up the entries after it that a search would no longer find.
static void free_slot(struct space_saving *s, size_t hole)
{
    for (size_t i = next_slot(s, hole); s->slot[i] != 0; i = next_slot(s, i)) {
        if (is_between(home(s, s->item[s->slot[i] - 1].hash), hole, i)) {
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
    for (size_t i = 0; i < s->used; i++) {
        const struct space_saving_item *item = &s->item[i];
        s->slot[find_slot(s, item->key, item->len, item->hash)] = (uint32_t)i + 1;
    }
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
    s->slot[find_slot(s, key, len, hash)] = item + 1;
    set_place(s, s->used++, item);
    rise(s, item);
}

static void replace_lowest(struct space_saving *s, const char *key, size_t len, uint64_t hash,
                           uint64_t n)
{
    uint32_t item = s->heap[0];
    const struct space_saving_item *old = &s->item[item];

    free_slot(s, find_slot(s, old->key, old->len, old->hash));
    set_key(&s->item[item], key, len, hash);
    s->slot[find_slot(s, key, len, hash)] = item + 1;
    s->item[item].count += n;
    sink(s, item);
}

void space_saving_add(struct space_saving *s, const char *key, size_t len, uint64_t hash,
                      uint64_t n)
{
    if (s->limit == 0)
        return;
    if (s->size == 0)
        grow(s);
    uint32_t found = s->slot[find_slot(s, key, len, hash)];
    if (found != 0) {
        s->item[found - 1].count += n;
        sink(s, found - 1);
    } else if (s->used == s->limit) {
        replace_lowest(s, key, len, hash, n);
    } else {
        if (s->used == s->size)
            grow(s);
        add_item(s, key, len, hash, n);
    }
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
    s->slot[find_slot(s, key, len, hash)] = item + 1;
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
    if (s->size == 0)
        return NULL;
    uint32_t found = s->slot[find_slot(s, key, len, hash)];
    return found == 0 ? NULL : &s->item[found - 1];
}

uint64_t space_saving_error(const struct space_saving *s)
{
    return s->missed + (s->used > 0 && s->used == s->limit ? s->item[s->heap[0]].count : 0);
}
