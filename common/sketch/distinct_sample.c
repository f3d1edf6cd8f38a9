// SPDX-License-Identifier: BSD-2-Clause
#include "sketch/distinct_sample.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

static void init_maps(struct distinct_sample *s)
{
    map_init(&s->key, s->groupings);
    s->group = xcalloc(s->groupings, sizeof *s->group);
    for (uint32_t i = 0; i < s->groupings; i++)
        map_init(&s->group[i], 1);
    s->repeated = 0;
}

void distinct_sample_init(struct distinct_sample *s, uint32_t groupings, size_t limit,
                          const struct map_secret *secret)
{
    *s = (struct distinct_sample){.groupings = groupings, .limit = limit, .secret = secret};
    init_maps(s);
}

static void release_maps(struct distinct_sample *s)
{
    map_release(&s->key);
    for (uint32_t i = 0; i < s->groupings; i++)
        map_release(&s->group[i]);
    free(s->group);
}

void distinct_sample_release(struct distinct_sample *s)
{
    release_maps(s);
    s->groupings = 0;
    s->group = NULL;
}

uint64_t distinct_sample_hash(const struct distinct_sample *s, const struct map_entry *key)
{
    uint64_t hash;

    memcpy(&hash, map_key(&s->key, key), sizeof hash);
    return hash;
}

const struct map_entry *distinct_sample_group_of(const struct distinct_sample *s,
                                                 const struct map_entry *key, uint32_t i)
{
    return map_at(&s->group[i], key->word[i]);
}

static bool is_sampled(uint64_t hash, uint32_t level)
{
    return (hash & (((uint64_t)1 << level) - 1)) == 0;
}

// Adds to a key that belongs to the sample.
static void count(struct distinct_sample *s, uint64_t hash,
                  const struct distinct_sample_group *group, uint64_t n)
{
    uint64_t keyed = map_hash(s->secret, &hash, sizeof hash);
    struct map_entry *key = map_add(&s->key, &hash, sizeof hash, keyed);

    s->repeated += key->count < 2 && key->count + n >= 2;
    for (uint32_t i = 0; i < s->groupings; i++) {
        struct map_entry *e = map_add(&s->group[i], group[i].name, group[i].len, group[i].hash);
        e->word[0] += key->count == 0;
        e->count += n;
        key->word[i] = map_id(&s->group[i], e);
    }
    key->count += n;
}

// Copies the keys of an old sample that belong to the new sample's level.
static void copy_sampled(struct distinct_sample *s, const struct distinct_sample *old)
{
    for (const struct map_entry *e = map_first(&old->key); e != NULL; e = map_next(&old->key, e)) {
        struct distinct_sample_group group[DISTINCT_SAMPLE_GROUPINGS];
        uint64_t hash = distinct_sample_hash(old, e);
        if (!is_sampled(hash, s->level))
            continue;
        for (uint32_t i = 0; i < s->groupings; i++) {
            const struct map_entry *g = distinct_sample_group_of(old, e, i);
            const char *name = map_key(&old->group[i], g);
            group[i] =
                (struct distinct_sample_group){name, g->len, map_hash(s->secret, name, g->len)};
        }
        count(s, hash, group, e->count);
    }
}

void distinct_sample_raise(struct distinct_sample *s, uint32_t level)
{
    if (level <= s->level)
        return;
    struct distinct_sample old = *s;
    s->level = level;
    init_maps(s);
    copy_sampled(s, &old);
    release_maps(&old);
}

void distinct_sample_prefetch(const struct distinct_sample *s, uint64_t hash,
                              const struct distinct_sample_group *group)
{
    if (!is_sampled(hash, s->level))
        return;
    map_prefetch(&s->key, map_hash(s->secret, &hash, sizeof hash));
    for (uint32_t i = 0; i < s->groupings; i++)
        map_prefetch(&s->group[i], group[i].hash);
}

void distinct_sample_prefetch_entries(const struct distinct_sample *s, uint64_t hash,
                                      const struct distinct_sample_group *group)
{
    if (!is_sampled(hash, s->level))
        return;
    map_guess(&s->key, sizeof hash, map_hash(s->secret, &hash, sizeof hash));
    for (uint32_t i = 0; i < s->groupings; i++)
        map_guess(&s->group[i], group[i].len, group[i].hash);
}

void distinct_sample_add(struct distinct_sample *s, uint64_t hash,
                         const struct distinct_sample_group *group, uint64_t n)
{
    if (n == 0 || !is_sampled(hash, s->level))
        return;
    count(s, hash, group, n);
    while (s->key.used > s->limit && s->level < DISTINCT_SAMPLE_LEVEL_MAX)
        distinct_sample_raise(s, s->level + 1);
}
