// SPDX-License-Identifier: BSD-2-Clause
#include "insight/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define APART 8 // keys between two steps: in that time memory comes into the cache

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
    // The sample will get more keys than its limit, so it need not grow to it first.
    if (t->map.used > max_keys)
        distinct_sample_raise(&s->sample, 1);
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

static const struct table_word *word_of(const struct table_key *key, size_t part)
{
    return &key->word[key->part[part]];
}

static uint64_t hash_key(const struct table_plan *plan, const struct table_key *key)
{
    uint64_t hash[TABLE_WIDTH];

    if (plan->width == 1)
        return word_of(key, 0)->hash;
    for (size_t i = 0; i < plan->width; i++)
        hash[i] = word_of(key, plan->order[i])->hash;
    return hll_hash(hash, plan->width * sizeof *hash);
}

// Reads one part of a combination's key in `highest`, and moves *key behind it.
static struct table_text take_part(const char **key)
{
    uint32_t len;

    memcpy(&len, *key, sizeof len);
    const char *text = *key + sizeof len;
    *key = text + len;
    return (struct table_text){.data = text, .len = len};
}

// Appends one part of a combination's key in `highest`.
static void put_part(struct buf *b, const struct table_text *text)
{
    uint32_t len = (uint32_t)text->len;

    buf_append(b, &len, sizeof len);
    buf_append(b, text->data, text->len);
}

uint64_t table_listed_hash(const struct map_secret *secret, const char *key, size_t len,
                           size_t width)
{
    uint64_t hash[TABLE_WIDTH];

    if (width == 1)
        return map_hash(secret, key, len);
    for (size_t i = 0; i < width; i++) {
        struct table_text text = take_part(&key);
        hash[i] = map_hash(secret, text.data, text.len);
    }
    return map_hash(secret, hash, width * sizeof *hash);
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
    uint64_t hash = table_listed_hash(s->sample.secret, key, len, s->plan->width);
    space_saving_add(&s->highest, key, len, hash, n);
}

// Finds the names of a sampled key's groups among its words.
static void find_groups(const struct table_key *key, struct distinct_sample_group *group)
{
    const struct table_needs *needs = &key->sketch->plan->needs;

    for (uint32_t i = 0; i < needs->groupings; i++) {
        const struct table_word *name = word_of(key, needs->grouping[i]);
        group[i] = (struct distinct_sample_group){name->text.data, name->text.len, name->keyed};
    }
}

// The steps of counting keys in the sample. Only the last one changes anything.
static void prefetch_sampled(const struct table_key *key)
{
    struct distinct_sample_group group[DISTINCT_SAMPLE_GROUPINGS];

    find_groups(key, group);
    distinct_sample_prefetch(&key->sketch->sample, key->hash, group);
}

static void prefetch_sampled_entries(const struct table_key *key)
{
    struct distinct_sample_group group[DISTINCT_SAMPLE_GROUPINGS];

    find_groups(key, group);
    distinct_sample_prefetch_entries(&key->sketch->sample, key->hash, group);
}

static void count_sampled(const struct table_key *key)
{
    struct distinct_sample_group group[DISTINCT_SAMPLE_GROUPINGS];

    find_groups(key, group);
    distinct_sample_add(&key->sketch->sample, key->hash, group, key->n);
}

// The steps of counting keys in `highest`. Only the last one changes anything there.
static void prepare_listed(struct table_key *key, struct buf *b)
{
    const struct table_sketch *s = key->sketch;
    uint64_t hash[TABLE_WIDTH];

    key->keyed = word_of(key, 0)->keyed;
    if (s->plan->width > 1) {
        key->start = b->len;
        for (size_t i = 0; i < s->plan->width; i++) {
            put_part(b, &word_of(key, i)->text);
            hash[i] = word_of(key, i)->keyed;
        }
        key->len = b->len - key->start;
        key->keyed = map_hash(s->sample.secret, hash, s->plan->width * sizeof *hash);
    }
    space_saving_prefetch(&s->highest, key->keyed);
}

static void guess_listed(struct table_key *key)
{
    key->guess = space_saving_guess(&key->sketch->highest, key->keyed);
}

static void prefetch_listed(const struct table_key *key)
{
    space_saving_prefetch_key(&key->sketch->highest, key->guess);
}

static void count_listed(const struct table_key *key, const struct buf *b)
{
    struct table_sketch *s = key->sketch;
    const struct table_text *text = &word_of(key, 0)->text;

    if (s->plan->width > 1)
        space_saving_add(&s->highest, b->data + key->start, key->len, key->keyed, key->n);
    else
        space_saving_add(&s->highest, text->data, text->len, key->keyed, key->n);
}

static void count_in_samples(struct table_key *key, size_t keys)
{
    for (size_t i = 0; i < keys + 2 * APART; i++) {
        if (i < keys)
            prefetch_sampled(&key[i]);
        if (i >= APART && i - APART < keys)
            prefetch_sampled_entries(&key[i - APART]);
        if (i >= 2 * APART)
            count_sampled(&key[i - 2 * APART]);
    }
}

static void list_keys(struct table_key *key, size_t keys, struct buf *b)
{
    buf_clear(b);
    for (size_t i = 0; i < keys + 3 * APART; i++) {
        if (i < keys)
            prepare_listed(&key[i], b);
        if (i >= APART && i - APART < keys)
            guess_listed(&key[i - APART]);
        if (i >= 2 * APART && i - 2 * APART < keys)
            prefetch_listed(&key[i - 2 * APART]);
        if (i >= 3 * APART)
            count_listed(&key[i - 3 * APART], b);
    }
}

void table_count_keys(struct table_key *key, size_t keys, struct buf *b)
{
    if (keys == 0)
        return;
    const struct table_plan *plan = key->sketch->plan;
    for (size_t i = 0; i < keys; i++) {
        key[i].hash = hash_key(plan, &key[i]);
        hll_add(&key[i].sketch->keys, key[i].hash);
    }
    if (plan->needs.sampled)
        count_in_samples(key, keys);
    if (plan->needs.listed && b != NULL)
        list_keys(key, keys, b);
}

struct table_text table_key_part(const struct space_saving_item *item, size_t width, size_t i)
{
    const char *at = item->key;

    if (width == 1)
        return (struct table_text){.data = at, .len = item->len};
    while (i-- > 0)
        take_part(&at);
    return take_part(&at);
}
