// SPDX-License-Identifier: BSD-2-Clause
//
// heavy: the keys with the highest counts, about, with room for a fixed number of them.
//
// Space-saving (Metwally, Agrawal and El Abbadi, "Efficient computation of frequent and top-k
// elements in data streams", 2005): a key that is new when there is no more room takes the place of
// the one with the lowest count, and that count too. So no count is too low, and none is too high
// by more than heavy_error(), which is at most the sum of all counts divided by the room. Summaries
// are merged as in Agarwal and others, "Mergeable summaries" (2012), but key by key: then a
// count may also be too low, by no more than the same error.
//
//     struct heavy h;
//     heavy_init(&h, 1000);
//     heavy_add(&h, key, len, map_hash(&secret, key, len), 1);
//     for (size_t i = 0; i < h.used; i++)
//         use(h.item[i].key, h.item[i].len, h.item[i].count);
//     heavy_release(&h);
//
// The same sequence of keys gives the same items in the same places, whatever their hashes.
#ifndef SKETCH_SPACE_SAVING_H
#define SKETCH_SPACE_SAVING_H

#include <stddef.h>
#include <stdint.h>

struct heavy_item {
    uint64_t count;
    uint64_t hash;
    char *key;
    uint32_t len, size; // of the key, and of the memory that it has
    uint32_t place;     // in the heap
};

struct heavy {
    struct heavy_item *item;
    uint32_t *heap; // items, none before one with a lower count
    uint32_t *slot; // items by hash, from 1; 0 where there is none
    size_t used, size, limit, slots;
    uint64_t missed; // the most that a key had elsewhere without being told to us
};

void heavy_init(struct heavy *h, size_t limit);
void heavy_release(struct heavy *h);

// Counts n for a key.
void heavy_add(struct heavy *h, const char *key, size_t len, uint64_t hash, uint64_t n);

// Adds an item as it was in another summary: the items of that in their order make the same one.
void heavy_restore(struct heavy *h, const char *key, size_t len, uint64_t hash, uint64_t count,
                   uint32_t place);

// The item of that key, or NULL.
const struct heavy_item *heavy_find(const struct heavy *h, const char *key, size_t len,
                                    uint64_t hash);

// By how much a count can be wrong, and how high that of a key without an item can be.
uint64_t heavy_error(const struct heavy *h);

#endif
