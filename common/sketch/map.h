// SPDX-License-Identifier: BSD-2-Clause
//
// map: a hash map from byte strings to counts, for millions of keys.
//
// Entries are stored one after another, in the order in which they were added. Each has a count, a
// key and, if the owner asks for them, a few words for the owner's use. An entry's id is its
// position, which never changes. A pointer to an entry is valid only until the next map_add() to
// the same map. An entry takes 12 bytes plus its words and its key, rounded up to a multiple of 8,
// and 12 to 18 more bytes in the index.
//
// Hashes are keyed with a secret, so that an attacker cannot choose keys that collide. The caller
// computes the hash of a key once, and can use it for all maps with the same secret:
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

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/bytes.h"
#include "base/err.h"

#define MAP_UNIT 8 // bytes; ids count these units, so that 32 bits are enough for 32 GiB

struct map_secret {
    unsigned char bytes[192];
};

struct map_entry {
    uint64_t count;  // for the owner; 0 in a new entry
    uint32_t len;    // of the key
    uint32_t word[]; // for the owner; 0 in a new entry. The key follows the last word
};

struct map {
    uint64_t *slot; // high half: upper 32 bits of the hash; low half: id. 0 when empty
    size_t slots, used;
    char *data; // the entries; the first unit is unused, so that no id is 0
    size_t len, size;
    uint32_t words; // in each entry
};

// Draws a secret from the kernel. Returns 0, or -1 with *err set.
int map_secret_init(struct map_secret *secret, struct err *err);

// Returns the XXH3_64bits_withSecret of a key; see xxHash, https://github.com/Cyan4973/xxHash. It
// is inline, since for a constant length it is only a few instructions.
static inline uint64_t map_hash(const struct map_secret *secret, const void *key, size_t len)
{
    return XXH3_64bits_withSecret(key, len, secret->bytes, sizeof secret->bytes);
}

void map_init(struct map *m, uint32_t words);
void map_release(struct map *m);

// Removes all keys and keeps the memory.
void map_clear(struct map *m);

// Returns the entry of a key. Adds it if there is none. Ends the process if the map would exceed 32
// GiB, as xalloc.h does when there is no memory.
struct map_entry *map_add(struct map *m, const void *key, size_t len, uint64_t hash);

// Returns the entry of a key, or NULL if there is none.
struct map_entry *map_find(const struct map *m, const void *key, size_t len, uint64_t hash);

// Iterate over all entries, in the order in which they were added. Return NULL after the last one.
const struct map_entry *map_first(const struct map *m);
const struct map_entry *map_next(const struct map *m, const struct map_entry *e);

// Compares the keys of two ids byte by byte, like memcmp(3). A prefix sorts before a longer key.
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

// Returns the slot where the search for a hash starts. A higher hash never has a lower slot, so
// growing a map reads and writes memory sequentially.
static inline size_t map_home(const struct map *m, uint64_t hash)
{
    return (size_t)((hash >> 32) * m->slots >> 32);
}

// Look up many keys at a time, so that their cache misses overlap. Call map_prefetch() for all
// keys, then map_guess() for all keys, and then map_add_guessed() for each key. A guess is the id
// that the key probably has, or 0. map_add_guessed() looks the key up if the guess is wrong.
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
        if (e->len == len && bytes_same(map_key(m, e), key, len))
            return e;
    }
    return map_add(m, key, len, hash);
}

#endif
