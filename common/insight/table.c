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

static uint64_t hash_key(const struct table_plan *plan, const struct table_text *text)
{
    uint64_t hash[TABLE_WIDTH];

    if (plan->width == 1)
        return text->hash;
    for (size_t i = 0; i < plan->width; i++)
        hash[i] = text[plan->order[i]].hash;
    return hll_hash(hash, plan->width * sizeof *hash);
}

void table_sketch_count(struct table_sketch *s, const struct table_text *text, uint64_t n)
{
    const struct table_needs *needs = &s->plan->needs;
    struct distinct_sample_group group[DISTINCT_SAMPLE_GROUPINGS];
    uint64_t hash = hash_key(s->plan, text);

    hll_add(&s->keys, hash);
    if (!needs->sampled)
        return;
    for (uint32_t i = 0; i < needs->groupings; i++) {
        const struct table_text *name = &text[needs->grouping[i]];
        group[i] = (struct distinct_sample_group){name->data, name->len};
    }
    distinct_sample_add(&s->sample, hash, group, n);
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
        for (size_t i = 0; i < s->plan->width; i++) {
            uint32_t part = (uint32_t)text[i].len;
            buf_append(b, &part, sizeof part);
            buf_append(b, text[i].data, text[i].len);
        }
        key = b->data;
        len = b->len;
    }
    space_saving_add(&s->highest, key, len, map_hash(s->sample.secret, key, len), n);
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
