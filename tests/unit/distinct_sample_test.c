// SPDX-License-Identifier: BSD-2-Clause
#include "sketch/distinct_sample.h"

#include <stdio.h>
#include <string.h>

#include "login/random.h"
#include "sketch/hll.h"
#include "tap.h"

#define PAIRS 40000 // pair i has the group i / 100 and the value i

static struct map_secret secret;

static void add(struct distinct_sample *s, uint64_t i, uint64_t n)
{
    char name[32];
    size_t len = (size_t)snprintf(name, sizeof name, "g%llu", (unsigned long long)(i / 100));

    distinct_sample_add(s, hll_hash(&i, sizeof i),
                        &(struct distinct_sample_group){name, len, map_hash(s->secret, name, len)},
                        n);
}

static void test_exact(void)
{
    struct distinct_sample s;

    distinct_sample_init(&s, 1, 1000, &secret);
    for (uint64_t i = 0; i < 1000; i++)
        add(&s, i, 1);
    for (uint64_t i = 0; i < 300; i++)
        add(&s, i, 2);
    add(&s, 999, 0);
    tap_ok(s.level == 0 && s.key.used == 1000, "a sample holds all keys while there is room");
    tap_int((int64_t)s.repeated, 300, "it knows how many of them came more than once");
    bool right = s.group[0].used == 10;
    for (const struct map_entry *e = map_first(&s.group[0]); e != NULL;
         e = map_next(&s.group[0], e))
        right &= distinct_sample_group_keys(e) == 100 && (e->count == 100 || e->count == 300);
    tap_ok(right, "groups have their keys and their counts");
    distinct_sample_release(&s);
}

// Returns whether both hold the same keys with the same counts and groups.
static bool same(const struct distinct_sample *a, const struct distinct_sample *b)
{
    if (a->level != b->level || a->key.used != b->key.used || a->repeated != b->repeated ||
        a->group[0].used != b->group[0].used)
        return false;
    for (const struct map_entry *e = map_first(&a->key); e != NULL; e = map_next(&a->key, e)) {
        uint64_t hash = distinct_sample_hash(a, e);
        const struct map_entry *other =
            map_find(&b->key, &hash, sizeof hash, map_hash(&secret, &hash, sizeof hash));
        if (other == NULL || other->count != e->count)
            return false;
        const struct map_entry *g = distinct_sample_group_of(a, e, 0),
                               *h = distinct_sample_group_of(b, other, 0);
        if (g->len != h->len || g->count != h->count || g->word[0] != h->word[0] ||
            memcmp(map_key(&a->group[0], g), map_key(&b->group[0], h), g->len) != 0)
            return false;
    }
    return true;
}

static void test_sampled(void)
{
    struct distinct_sample forth, back, part;

    distinct_sample_init(&forth, 1, 2000, &secret);
    distinct_sample_init(&back, 1, 2000, &secret);
    distinct_sample_init(&part, 1, 2000, &secret);
    for (uint64_t i = 0; i < PAIRS; i++)
        add(&forth, i, 1 + i % 2);
    for (uint64_t i = PAIRS; i-- > 0;) {
        add(&back, i, 1);
        if (i % 2 == 1)
            add(&back, i, 1);
    }
    tap_ok(forth.key.used <= 2000 && forth.key.used > 500 && forth.level >= 5,
           "it keeps to its limit (%zu keys at level %u)", forth.key.used, forth.level);
    double off = (double)(forth.key.used << forth.level) / PAIRS - 1;
    tap_ok(off > -0.1 && off < 0.1, "the keys are estimated at %zu", forth.key.used << forth.level);
    off = (double)(forth.repeated << forth.level) / (PAIRS / 2) - 1;
    tap_ok(off > -0.15 && off < 0.15, "those that repeat at %llu",
           (unsigned long long)(forth.repeated << forth.level));
    tap_ok(same(&forth, &back), "the order changes nothing");
    distinct_sample_raise(&part, forth.level);
    for (uint64_t i = 0; i < PAIRS; i++)
        add(&part, i, 1 + i % 2);
    tap_ok(same(&forth, &part), "raising the level beforehand changes nothing");
    distinct_sample_raise(&part, DISTINCT_SAMPLE_LEVEL_MAX);
    tap_ok(part.key.used == 0 && part.group[0].used == 0, "at the highest level nothing is left");
    distinct_sample_release(&forth);
    distinct_sample_release(&back);
    distinct_sample_release(&part);
}

int main(void)
{
    struct err err;

    if (map_secret_init(&secret, &err) != 0)
        return 1;
    test_exact();
    test_sampled();
    return tap_done();
}
