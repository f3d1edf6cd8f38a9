// SPDX-License-Identifier: BSD-2-Clause
//
// map: a hash map from byte strings to counts, made for very many of them.
//
// Entries lie one behind the other, in the order in which they were added, each with its count,
// its key and, where the owner asks for them, a few words for its own use. An entry's id says
// where it lies and stays the same; a pointer to it dies with the next map_add() to the same map.
// An entry takes 12 bytes and its words and key, rounded up to 8, and 12 to 18 bytes of index.
//
// Hashes are keyed with a secret, so that nobody can choose keys that collide. The caller computes
// them, once for all the maps in which it looks the same key up:
//
//     struct map_secret secret;
//     struct map m;
//     map_secret_init(&secret, &err);
//     map_init(&m, 0);
//     map_add(&m, "iOS", 3, map_hash(&secret, "iOS", 3))->count++;
//     for (const struct map_entry *e = map_first(&m); e != NULL; e = map_next(&m, e))
//         use(map_key(&m, e), e->len, e->count);
//     map_release(&m);
#ifndef SKETCH_MAP_H
#define SKETCH_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

#define MAP_UNIT 8 // bytes: what ids count in, so that 32 bits reach 32 GiB

struct map_secret {
    unsigned char bytes[192];
};

struct map_entry {
    uint64_t count;  // the owner's; 0 when the entry is new
    uint32_t len;    // of the key
    uint32_t word[]; // the owner's too, 0 at first; behind the last of them is the key
};

struct map {
    uint64_t *slot; // 32 bits of the hash above the id of an entry; 0 where there is none
    size_t slots, used;
    char *data; // the entries; the first unit is left out, so that no id is 0
    size_t len, size;
    uint32_t words; // of each entry
};

// Draws a secret from the kernel. Returns 0, or -1 with *err set.
int map_secret_init(struct map_secret *secret, struct err *err);

// XXH3_64bits_withSecret of xxHash, https://github.com/Cyan4973/xxHash
uint64_t map_hash(const struct map_secret *secret, const void *key, size_t len);

void map_init(struct map *m, uint32_t words);
void map_release(struct map *m);

// Takes all keys out and keeps the memory.
void map_clear(struct map *m);

// The entry of that key, added when there is none.
struct map_entry *map_add(struct map *m, const void *key, size_t len, uint64_t hash);

// The same, but NULL when there is none.
struct map_entry *map_find(const struct map *m, const void *key, size_t len, uint64_t hash);

// All entries in the order in which they were added; NULL behind the last.
const struct map_entry *map_first(const struct map *m);
const struct map_entry *map_next(const struct map *m, const struct map_entry *e);

// Orders two entries by the bytes of their keys, a shorter one before those that it begins.
int map_compare(const struct map *m, uint32_t a, uint32_t b);

static inline struct map_entry *map_at(const struct map *m, uint32_t id)
{
    return (struct map_entry *)(void *)(m->data + (size_t)id * MAP_UNIT);
}

static inline uint32_t map_id(const struct map *m, const struct map_entry *e)
{
    return (uint32_t)((size_t)((const char *)e - m->data) / MAP_UNIT);
}

static inline const char *map_key(const struct map *m, const struct map_entry *e)
{
    return (const char *)(e->word + m->words);
}

// memcmp(3) with a fixed length becomes a load, so this is much faster for short keys than a call.
static inline bool map_same(const char *a, const char *b, size_t len)
{
    if (len < 8)
        return memcmp(a, b, len) == 0;
    for (size_t i = 0; i + 8 < len; i += 8) {
        if (memcmp(a + i, b + i, 8) != 0)
            return false;
    }
    return memcmp(a + len - 8, b + len - 8, 8) == 0;
}

// Where the search for a hash starts. Growing a map keeps this order, so that it reads and writes
// memory from one end to the other.
static inline size_t map_home(const struct map *m, uint64_t hash)
{
    return (size_t)((hash >> 32) * m->slots >> 32);
}

// For many lookups at a time, so that they wait for memory together: map_prefetch() for all, then
// map_guess() for all, and then map_add_guessed(). A guess is the id of the entry that the key, of
// that length, most likely has, or 0; where it is wrong the key is looked up.
static inline void map_prefetch(const struct map *m, uint64_t hash)
{
    if (m->slots > 0)
        __builtin_prefetch(&m->slot[map_home(m, hash)]);
}

static inline uint32_t map_guess(const struct map *m, size_t len, uint64_t hash)
{
    if (m->slots == 0)
        return 0;
    for (size_t i = map_home(m, hash); m->slot[i] != 0; i = i + 1 == m->slots ? 0 : i + 1) {
        if ((m->slot[i] ^ hash) >> 32 != 0)
            continue;
        const struct map_entry *e = map_at(m, (uint32_t)m->slot[i]);
        __builtin_prefetch(e);
        __builtin_prefetch(map_key(m, e) + len - 1);
        return (uint32_t)m->slot[i];
    }
    return 0;
}

static inline struct map_entry *map_add_guessed(struct map *m, uint32_t guess, const void *key,
                                                size_t len, uint64_t hash)
{
    if (guess != 0) {
        struct map_entry *e = map_at(m, guess);
        if (e->len == len && map_same(map_key(m, e), key, len))
            return e;
    }
    return map_add(m, key, len, hash);
}

#endif
