// SPDX-License-Identifier: BSD-2-Clause
#include "sketch/map.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "tap.h"

#define MANY 200000
#define CHOSEN 5000 // keys whose hashes without a secret have the same first twelve bits

static struct map_secret secret;
static struct map_entry *add(struct map *m, const char *key, size_t len)
{
    return map_add(m, key, len, map_hash(&secret, key, len));
}

static struct map_entry *find(const struct map *m, const char *key, size_t len)
{
    return map_find(m, key, len, map_hash(&secret, key, len));
}

static void test_few(void)
{
    struct map m;

    map_init(&m, 0);
    tap_ok(map_first(&m) == NULL && find(&m, "a", 1) == NULL, "an empty map has nothing in it");
    add(&m, "a", 1)->count += 2;
    add(&m, "", 0)->count += 3;
    add(&m, "a\0b", 3)->count += 4;
    tap_ok(m.used == 3 && add(&m, "a", 1)->count == 2, "a key is found again, not added twice");
    tap_ok(find(&m, "", 0)->count == 3, "the empty key is a key");
    tap_ok(find(&m, "a\0b", 3)->count == 4 && find(&m, "a\0c", 3) == NULL, "keys may hold NUL");
    map_release(&m);
    tap_ok(m.used == 0 && find(&m, "a", 1) == NULL, "a released map is empty");
    tap_ok(add(&m, "b", 1)->count == 0 && m.used == 1, "a released map can be used again");
    map_release(&m);
}

static void test_many(void)
{
    struct map m;
    char key[64];
    bool found = true, ordered = true;
    uint32_t first_id = 0;
    size_t at = 0;

    map_init(&m, 0);
    for (size_t i = 0; i < MANY; i++) {
        size_t len = (size_t)snprintf(key, sizeof key, "%08zx-63f5-4f16-9b3a-%012zx", i, i * i);
        struct map_entry *e = add(&m, key, len);
        e->count = i;
        first_id = i == 0 ? map_id(&m, e) : first_id;
    }
    tap_ok(m.used == MANY, "there is an entry for each of many keys");
    for (size_t i = 0; i < MANY; i++) {
        size_t len = (size_t)snprintf(key, sizeof key, "%08zx-63f5-4f16-9b3a-%012zx", i, i * i);
        const struct map_entry *e = find(&m, key, len);
        found = found && e != NULL && e->count == i;
    }
    tap_ok(found, "each key is found with its count after the map has grown");
    tap_ok(map_at(&m, first_id)->count == 0, "ids stay the same while the map grows");
    for (const struct map_entry *e = map_first(&m); e != NULL; e = map_next(&m, e))
        ordered = ordered && e->count == at++;
    tap_ok(ordered && at == MANY, "iteration is in the order of addition");
    tap_ok((m.slots * sizeof *m.slot + m.len) / MANY <= 70, "a key of 36 bytes takes 70 at most");
    map_release(&m);
}

static void test_words(void)
{
    struct map m;
    bool ok = true;

    map_init(&m, 2);
    for (uint32_t i = 0; i < 1000; i++) {
        struct map_entry *e = add(&m, (const char *)&i, sizeof i);
        ok = ok && e->word[0] == 0 && e->word[1] == 0;
        e->word[0] = i;
        e->word[1] = ~i;
    }
    tap_ok(ok, "words are zero at first");
    for (uint32_t i = 0; i < 1000; i++) {
        const struct map_entry *e = find(&m, (const char *)&i, sizeof i);
        ok = ok && e->word[0] == i && e->word[1] == ~i && memcmp(map_key(&m, e), &i, 4) == 0;
    }
    tap_ok(ok, "words do not overwrite the keys");
    map_release(&m);
}

static void test_lengths(void)
{
    static char key[100000];
    struct map m;
    bool ok = true;

    // Keys that differ only in their last byte, or only in their length.
    map_init(&m, 1);
    for (size_t len = 0; len < sizeof key; len = len < 70 ? len + 1 : len * 2) {
        add(&m, key, len)->count++;
        if (len > 0) {
            key[len - 1] = 1;
            add(&m, key, len)->count++;
            key[len - 1] = 0;
        }
    }
    for (const struct map_entry *e = map_first(&m); e != NULL; e = map_next(&m, e))
        ok = ok && e->count == 1;
    tap_ok(ok, "keys of all lengths are told apart");
    map_release(&m);
}

static void test_guess(void)
{
    struct map m;
    uint64_t hash = map_hash(&secret, "a", 1), other = map_hash(&secret, "b", 1);

    map_init(&m, 0);
    tap_ok(map_guess(&m, 1, hash) == 0, "there is nothing to guess in an empty map");
    map_add_guessed(&m, 0, "a", 1, hash)->count = 7;
    uint32_t guess = map_guess(&m, 1, hash);
    tap_ok(map_at(&m, guess)->count == 7, "a correct guess gives the entry");
    tap_ok(map_add_guessed(&m, guess, "b", 1, other)->count == 0 && m.used == 2,
           "a wrong guess does no harm");
    tap_ok(map_add_guessed(&m, 0, "a", 1, hash)->count == 7 && m.used == 2,
           "an outdated guess does no harm");
    map_release(&m);
}

static void test_compare(void)
{
    struct map m;

    map_init(&m, 0);
    uint32_t a = map_id(&m, add(&m, "a", 1)), aa = map_id(&m, add(&m, "aa", 2));
    uint32_t b = map_id(&m, add(&m, "b", 1)), high = map_id(&m, add(&m, "\xc3\xa9", 2));
    tap_ok(map_compare(&m, a, b) < 0 && map_compare(&m, b, a) > 0 && map_compare(&m, b, b) == 0,
           "keys compare by their bytes");
    tap_ok(map_compare(&m, a, aa) < 0 && map_compare(&m, aa, b) < 0, "a prefix comes first");
    tap_ok(map_compare(&m, b, high) < 0, "bytes are unsigned");
    map_release(&m);
}

static void test_secret(void)
{
    struct map_secret another;
    struct err err;

    tap_ok(map_secret_init(&another, &err) == 0 && memcmp(&another, &secret, sizeof secret) != 0 &&
               map_hash(&another, "key", 3) != map_hash(&secret, "key", 3),
           "another secret gives other hashes");
}

// Returns how many slots a search looks at, on average, for keys that were chosen to collide.
static double steps_per_key(bool keyed)
{
    uint64_t n = 0, steps = 0;
    struct map m;

    map_init(&m, 0);
    for (int found = 0; found < CHOSEN; n++) {
        uint64_t hash = XXH3_64bits(&n, sizeof n);
        if (hash >> 52 != 0)
            continue;
        found++;
        map_add(&m, &n, sizeof n, keyed ? map_hash(&secret, &n, sizeof n) : hash);
    }
    for (uint64_t i = 0; i < n; i++) {
        uint64_t hash = XXH3_64bits(&i, sizeof i);
        if (hash >> 52 != 0)
            continue;
        hash = keyed ? map_hash(&secret, &i, sizeof i) : hash;
        size_t slot = map_home(&m, hash);
        uint32_t id = map_id(&m, map_find(&m, &i, sizeof i, hash));
        for (; (uint32_t)m.slot[slot] != id; slot = slot + 1 == m.slots ? 0 : slot + 1)
            steps++;
    }
    map_release(&m);
    return (double)steps / CHOSEN;
}

static void test_chosen(void)
{
    double keyed = steps_per_key(true), plain = steps_per_key(false);

    tap_ok(plain > 500, "chosen keys take %.1f steps each where the hash has no secret", plain);
    tap_ok(keyed < 4, "and %.1f where it has one, as any others", keyed);
}

int main(void)
{
    struct err err;

    if (map_secret_init(&secret, &err) != 0)
        err_die(&err);
    test_few();
    test_many();
    test_words();
    test_lengths();
    test_guess();
    test_compare();
    test_secret();
    test_chosen();
    return tap_done();
}
