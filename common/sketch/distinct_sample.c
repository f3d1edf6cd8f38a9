// SPDX-License-Identifier: BSD-2-Clause
#include "sketch/distinct_sample.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

static void init_maps(struct sample *s)
{
    map_init(&s->key, s->groupings);
    s->group = xcalloc(s->groupings, sizeof *s->group);
    for (uint32_t i = 0; i < s->groupings; i++)
        map_init(&s->group[i], 1);
    s->repeated = 0;
}

void sample_init(struct sample *s, uint32_t groupings, size_t limit,
                 const struct map_secret *secret)
{
    *s = (struct sample){.groupings = groupings, .limit = limit, .secret = secret};
    init_maps(s);
}

static void release_maps(struct sample *s)
{
    map_release(&s->key);
    for (uint32_t i = 0; i < s->groupings; i++)
        map_release(&s->group[i]);
    free(s->group);
}

void sample_release(struct sample *s)
{
    release_maps(s);
    s->groupings = 0;
    s->group = NULL;
}

uint64_t sample_hash(const struct sample *s, const struct map_entry *key)
{
    uint64_t hash;

    memcpy(&hash, map_key(&s->key, key), sizeof hash);
    return hash;
}

const struct map_entry *sample_group_of(const struct sample *s, const struct map_entry *key,
                                        uint32_t i)
{
    return map_at(&s->group[i], key->word[i]);
}

static bool is_sampled(uint64_t hash, uint32_t level)
{
    return (hash & (((uint64_t)1 << level) - 1)) == 0;
}

// Adds to a key that is in the sample.
static void count(struct sample *s, uint64_t hash, const struct sample_group *group, uint64_t n)
{
    uint64_t keyed = map_hash(s->secret, &hash, sizeof hash);
    struct map_entry *key = map_add(&s->key, &hash, sizeof hash, keyed);

    s->repeated += key->count < 2 && key->count + n >= 2;
    for (uint32_t i = 0; i < s->groupings; i++) {
        struct map_entry *e = map_add(&s->group[i], group[i].name, group[i].len,
                                      map_hash(s->secret, group[i].name, group[i].len));
        e->word[0] += key->count == 0;
        e->count += n;
        key->word[i] = map_id(&s->group[i], e);
    }
    key->count += n;
}

// Makes the sample anew from the keys of another that are high enough.
static void take_from(struct sample *s, const struct sample *old)
{
    for (const struct map_entry *e = map_first(&old->key); e != NULL; e = map_next(&old->key, e)) {
        struct sample_group group[SAMPLE_GROUPINGS];
        uint64_t hash = sample_hash(old, e);
        if (!is_sampled(hash, s->level))
            continue;
        for (uint32_t i = 0; i < s->groupings; i++) {
            const struct map_entry *g = sample_group_of(old, e, i);
            group[i] = (struct sample_group){map_key(&old->group[i], g), g->len};
        }
        count(s, hash, group, e->count);
    }
}

void sample_raise(struct sample *s, uint32_t level)
{
    if (level <= s->level)
        return;
    struct sample old = *s;
    s->level = level;
    init_maps(s);
    take_from(s, &old);
    release_maps(&old);
}

void sample_add(struct sample *s, uint64_t hash, const struct sample_group *group, uint64_t n)
{
    if (n == 0 || !is_sampled(hash, s->level))
        return;
    count(s, hash, group, n);
    while (s->key.used > s->limit && s->level < SAMPLE_LEVEL_MAX)
        sample_raise(s, s->level + 1);
}
