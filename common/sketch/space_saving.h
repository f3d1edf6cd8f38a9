// SPDX-License-Identifier: BSD-2-Clause
//
// space_saving: finds approximately the keys with the highest counts, while keeping only a fixed
// number of keys.
//
// The Space-Saving algorithm (Metwally, Agrawal and El Abbadi, "Efficient computation of frequent
// and top-k elements in data streams", 2005) keeps at most `limit` keys. When a new key arrives and
// the summary is full, the new key replaces the key with the lowest count and inherits that count.
// So counts are never too low. They are too high by at most space_saving_error(), which is at most
// the sum of all counts divided by the limit.
//
// To merge two summaries, call space_saving_add() for each item of one, and add its
// space_saving_error() to `missed` of the other, as in "Mergeable summaries" (Agarwal and others,
// 2012). After a merge a count may also be too low, by at most the
// same error.
//
//     struct space_saving s;
//     space_saving_init(&s, 1000);
//     space_saving_add(&s, key, len, map_hash(&secret, key, len), 1);
//     for (size_t i = 0; i < s.used; i++)
//         use(s.item[i].key, s.item[i].len, s.item[i].count);
//     space_saving_release(&s);
//
// The summary copies the keys. The same sequence of keys gives the same items in the same places.
// This does not depend on the hashes.
#ifndef SKETCH_SPACE_SAVING_H
#define SKETCH_SPACE_SAVING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct space_saving_item {
    uint64_t count;
    uint64_t hash;
    char *key;
    uint32_t len, size; // bytes of the key, and bytes allocated for it
    uint32_t place;     // index in the heap
};

struct space_saving {
    struct space_saving_item *item;
    uint32_t *heap; // indexes of items; a min-heap by count
    // A hash table of items. High half of a slot: upper 32 bits of the hash; low half: index + 1. 0
    // when empty.
    uint64_t *slot;
    // The items in use, the items allocated, the most items to keep, and the slots.
    size_t used, size, limit, slots;
    uint64_t missed; // the sum of the errors of the summaries that were merged into this one
};

// Makes an empty summary. The limit may be 0; then the summary keeps nothing.
void space_saving_init(struct space_saving *s, size_t limit);
void space_saving_release(struct space_saving *s);

// Adds n to the count of a key. The caller computes the hash. Equal keys must have equal hashes.
void space_saving_add(struct space_saving *s, const char *key, size_t len, uint64_t hash,
                      uint64_t n);

// Add many keys at a time, so that their cache misses overlap. Call space_saving_prefetch() for all
// keys, then space_saving_guess() for all keys, then space_saving_prefetch_key() with each guess,
// and then space_saving_add() for each key. The first three change nothing.
void space_saving_prefetch(const struct space_saving *s, uint64_t hash);
uint32_t space_saving_guess(const struct space_saving *s, uint64_t hash);
void space_saving_prefetch_key(const struct space_saving *s, uint32_t guess);

// Adds an item exactly as it was in another summary, with its place in the heap. If all items of a
// summary are restored in their order, the result is an identical summary.
void space_saving_restore(struct space_saving *s, const char *key, size_t len, uint64_t hash,
                          uint64_t count, uint32_t place);

// Returns whether the items that were restored are a possible summary: no key occurs twice, and
// each place of the heap has one item. Otherwise the summary can only be released.
bool space_saving_sound(const struct space_saving *s);

// Returns the item of a key, or NULL when the key is not kept. The pointer is valid until the next
// change.
const struct space_saving_item *space_saving_find(const struct space_saving *s, const char *key,
                                                  size_t len, uint64_t hash);

// Returns the largest possible error of a count. It is also the highest possible count of a key
// that is not kept.
uint64_t space_saving_error(const struct space_saving *s);

#endif
