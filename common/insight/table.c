// SPDX-License-Identifier: BSD-2-Clause
#include "insight/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

uint64_t table_keys(const struct table *t)
{
    return t->sketch == NULL ? t->map.used : hll_count(&t->sketch->keys);
}

void table_become_sketch(struct table *t, const struct table_plan *plan, size_t max_keys,
                         const struct map_secret *secret)
{
    struct table_sketch *s = xcalloc(1, sizeof *s);
    size_t limit = max_keys < TABLE_HIGHEST ? max_keys : TABLE_HIGHEST;

    s->plan = plan;
    hll_init(&s->keys);
    space_saving_init(&s->highest, plan->needs.listed ? limit : 0);
    distinct_sample_init(&s->sample, plan->needs.groupings, max_keys, secret);
    t->sketch = s;
}

void table_release(struct table *t)
{
    map_release(&t->map);
    if (t->sketch == NULL)
        return;
    hll_release(&t->sketch->keys);
    space_saving_release(&t->sketch->highest);
    distinct_sample_release(&t->sketch->sample);
    free(t->sketch);
    t->sketch = NULL;
}

static uint64_t hash_key(const struct table_plan *plan, const struct table_word *word)
{
    uint64_t hash[TABLE_WIDTH];

    if (plan->width == 1)
        return word->hash;
    for (size_t i = 0; i < plan->width; i++)
        hash[i] = word[plan->order[i]].hash;
    return hll_hash(hash, plan->width * sizeof *hash);
}

// Appends one part of a combination's key in `highest`.
static void put_part(struct buf *b, const struct table_text *text)
{
    uint32_t len = (uint32_t)text->len;

    buf_append(b, &len, sizeof len);
    buf_append(b, text->data, text->len);
}

void table_sketch_list(struct table_sketch *s, const struct table_text *text, uint64_t n,
                       struct buf *b)
{
    const char *key = text->data;
    size_t len = text->len;

    if (!s->plan->needs.listed)
        return;
    if (s->plan->width > 1) {
        buf_clear(b);
        for (size_t i = 0; i < s->plan->width; i++)
            put_part(b, &text[i]);
        key = b->data;
        len = b->len;
    }
    space_saving_add(&s->highest, key, len, map_hash(s->sample.secret, key, len), n);
}

// Finds the names of a sampled key's groups among its words.
static void find_groups(const struct table_key *key, struct distinct_sample_group *group)
{
    const struct table_needs *needs = &key->sketch->plan->needs;

    for (uint32_t i = 0; i < needs->groupings; i++) {
        const struct table_word *name = &key->word[needs->grouping[i]];
        group[i] = (struct distinct_sample_group){name->text.data, name->text.len, name->keyed};
    }
}

static void prepare(struct table_key *key)
{
    struct table_sketch *s = key->sketch;
    struct distinct_sample_group group[DISTINCT_SAMPLE_GROUPINGS];

    key->hash = hash_key(s->plan, key->word);
    if (!s->plan->needs.sampled)
        return;
    find_groups(key, group);
    distinct_sample_prefetch(&s->sample, key->hash, group);
}

static void prefetch_sampled(const struct table_key *key)
{
    const struct table_sketch *s = key->sketch;
    struct distinct_sample_group group[DISTINCT_SAMPLE_GROUPINGS];

    if (!s->plan->needs.sampled)
        return;
    find_groups(key, group);
    distinct_sample_prefetch_entries(&s->sample, key->hash, group);
}

static void count(const struct table_key *key)
{
    struct table_sketch *s = key->sketch;
    struct distinct_sample_group group[DISTINCT_SAMPLE_GROUPINGS];

    hll_add(&s->keys, key->hash);
    if (!s->plan->needs.sampled)
        return;
    find_groups(key, group);
    distinct_sample_add(&s->sample, key->hash, group, key->n);
}

static bool is_listed(const struct table_key *key)
{
    return key->sketch->plan->needs.listed;
}

static void prepare_listed(struct table_key *key, struct buf *b)
{
    const struct table_sketch *s = key->sketch;

    key->keyed = key->word->keyed;
    if (s->plan->width > 1) {
        key->start = b->len;
        for (size_t i = 0; i < s->plan->width; i++)
            put_part(b, &key->word[i].text);
        key->len = b->len - key->start;
        key->keyed = map_hash(s->sample.secret, b->data + key->start, key->len);
    }
    space_saving_prefetch(&s->highest, key->keyed);
}

static void count_listed(const struct table_key *key, const struct buf *b)
{
    struct table_sketch *s = key->sketch;

    if (s->plan->width > 1)
        space_saving_add(&s->highest, b->data + key->start, key->len, key->keyed, key->n);
    else
        space_saving_add(&s->highest, key->word->text.data, key->word->text.len, key->keyed,
                         key->n);
}

static void list_keys(struct table_key *key, size_t count, struct buf *b)
{
    buf_clear(b);
    for (size_t i = 0; i < count; i++) {
        if (is_listed(&key[i]))
            prepare_listed(&key[i], b);
    }
    for (size_t i = 0; i < count; i++) {
        if (is_listed(&key[i]))
            key[i].guess = space_saving_guess(&key[i].sketch->highest, key[i].keyed);
    }
    for (size_t i = 0; i < count; i++) {
        if (is_listed(&key[i]))
            space_saving_prefetch_key(&key[i].sketch->highest, key[i].guess);
    }
    for (size_t i = 0; i < count; i++) {
        if (is_listed(&key[i]))
            count_listed(&key[i], b);
    }
}

void table_count_keys(struct table_key *key, size_t keys, struct buf *b)
{
    for (size_t i = 0; i < keys; i++)
        prepare(&key[i]);
    for (size_t i = 0; i < keys; i++)
        prefetch_sampled(&key[i]);
    for (size_t i = 0; i < keys; i++)
        count(&key[i]);
    if (b != NULL)
        list_keys(key, keys, b);
}

struct table_text table_key_part(const struct space_saving_item *item, size_t width, size_t i)
{
    const char *at = item->key;

    if (width == 1)
        return (struct table_text){.data = at, .len = item->len};
    for (size_t part = 0;; part++) {
        uint32_t len;
        memcpy(&len, at, sizeof len);
        at += sizeof len;
        if (part == i)
            return (struct table_text){.data = at, .len = len};
        at += len;
    }
}
