// SPDX-License-Identifier: BSD-2-Clause
#include "sketch/map.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/block.h"
#include "base/bytes.h"
#include "base/xalloc.h"

#define SLOTS_FIRST 16
#define SIZE_FIRST 512

_Static_assert(sizeof((struct map_secret *)0)->bytes >= XXH3_SECRET_SIZE_MIN, "secret too short");

int map_secret_init(struct map_secret *secret, struct err *err)
{
    // getrandom(2) never returns a part of 256 bytes or fewer.
    if (getrandom(secret->bytes, sizeof secret->bytes, 0) != (ssize_t)sizeof secret->bytes)
        return err_set(err, EX_OSERR, "getrandom: %s", strerror(errno));
    return 0;
}

void map_init(struct map *m, uint32_t words)
{
    *m = (struct map){.words = words};
}

void map_release(struct map *m)
{
    block_free(m->slot, m->slots * sizeof *m->slot);
    block_free(m->data, m->size);
    map_init(m, m->words);
}

void map_clear(struct map *m)
{
    if (m->slot != NULL)
        memset(m->slot, 0, m->slots * sizeof *m->slot);
    m->used = m->len = 0;
}

static uint64_t slot_of(uint64_t hash, uint32_t id)
{
    return (hash & UINT64_C(0xffffffff00000000)) | id;
}

static size_t next_slot(const struct map *m, size_t i)
{
    return i + 1 == m->slots ? 0 : i + 1;
}

// Returns the first free slot for a hash.
static size_t free_slot(const struct map *m, uint64_t hash)
{
    size_t i = map_home(m, hash);

    while (m->slot[i] != 0)
        i = next_slot(m, i);
    return i;
}

// Grows by half rather than doubling, since the old and the new slots exist at the same time.
static void grow_slots(struct map *m)
{
    uint64_t *old = m->slot;
    size_t old_slots = m->slots;

    m->slots = old_slots == 0 ? SLOTS_FIRST : old_slots + old_slots / 2;
    if (m->slots > UINT32_MAX)
        xalloc_die(SIZE_MAX);
    m->slot = block_new(m->slots * sizeof *m->slot);
    for (size_t i = 0; i < old_slots; i++) {
        if (old[i] != 0)
            m->slot[free_slot(m, old[i])] = old[i];
    }
    block_free(old, old_slots * sizeof *old);
}

static size_t entry_size(const struct map *m, size_t len)
{
    size_t size = offsetof(struct map_entry, word) + m->words * sizeof(uint32_t) + len;

    return (size + MAP_UNIT - 1) / MAP_UNIT * MAP_UNIT;
}

static struct map_entry *append_entry(struct map *m, const void *key, size_t len)
{
    size_t size = entry_size(m, len);

    if (m->len == 0)
        m->len = MAP_UNIT;
    // Ids and lengths have 32 bits.
    if (m->len / MAP_UNIT > UINT32_MAX || len > UINT32_MAX)
        xalloc_die(SIZE_MAX);
    if (m->size - m->len < size || m->data == NULL) {
        size_t more = m->size / 2 < SIZE_FIRST ? SIZE_FIRST : m->size / 2;
        more = more < size + MAP_UNIT ? size + MAP_UNIT : more;
        m->data = block_resize(m->data, m->size, m->size + more);
        m->size += more;
    }
    struct map_entry *e = (struct map_entry *)(void *)(m->data + m->len);
    m->len += size;
    e->count = 0;
    e->len = (uint32_t)len;
    memset(e->word, 0, m->words * sizeof(uint32_t));
    memcpy(e->word + m->words, key, len);
    return e;
}

// Returns the slot of a key, or the free slot where it would be added. The map must have slots.
static size_t find_slot(const struct map *m, const void *key, size_t len, uint64_t hash)
{
    size_t i = map_home(m, hash);

    for (; m->slot[i] != 0; i = next_slot(m, i)) {
        if ((m->slot[i] ^ hash) >> 32 != 0)
            continue;
        const struct map_entry *e = map_at(m, (uint32_t)m->slot[i]);
        if (e->len == len && bytes_same(map_key(m, e), key, len))
            break;
    }
    return i;
}

struct map_entry *map_find(const struct map *m, const void *key, size_t len, uint64_t hash)
{
    if (m->slots == 0)
        return NULL;
    uint64_t slot = m->slot[find_slot(m, key, len, hash)];
    return slot == 0 ? NULL : map_at(m, (uint32_t)slot);
}

struct map_entry *map_add(struct map *m, const void *key, size_t len, uint64_t hash)
{
    // At two thirds full, a typical search still ends within one cache line.
    if (m->used >= m->slots / 3 * 2)
        grow_slots(m);
    size_t i = find_slot(m, key, len, hash);
    if (m->slot[i] != 0)
        return map_at(m, (uint32_t)m->slot[i]);
    struct map_entry *e = append_entry(m, key, len);
    m->slot[i] = slot_of(hash, map_id(m, e));
    m->used++;
    return e;
}

const struct map_entry *map_first(const struct map *m)
{
    return m->used == 0 ? NULL : map_at(m, 1);
}

const struct map_entry *map_next(const struct map *m, const struct map_entry *e)
{
    const char *next = (const char *)e + entry_size(m, e->len);

    return next == m->data + m->len ? NULL : (const struct map_entry *)(const void *)next;
}

int map_compare(const struct map *m, uint32_t a, uint32_t b)
{
    const struct map_entry *left = map_at(m, a), *right = map_at(m, b);

    return bytes_compare(map_key(m, left), left->len, map_key(m, right), right->len);
}
