// SPDX-License-Identifier: BSD-2-Clause
#include "sketch/space_saving.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "login/random.h"
#include "sketch/hll.h"
#include "tap.h"

#define KEYS 5000
#define RECORDS 200000

static void add(struct space_saving *s, uint64_t key, uint64_t n)
{
    char text[32];
    size_t len = (size_t)snprintf(text, sizeof text, "k%llu", (unsigned long long)key);

    space_saving_add(s, text, len, hll_hash(text, len), n);
}

static const struct space_saving_item *find(const struct space_saving *s, uint64_t key)
{
    char text[32];
    size_t len = (size_t)snprintf(text, sizeof text, "k%llu", (unsigned long long)key);

    return space_saving_find(s, text, len, hll_hash(text, len));
}

static void test_exact(void)
{
    struct space_saving s;

    space_saving_init(&s, 100);
    tap_ok(find(&s, 1) == NULL && space_saving_error(&s) == 0,
           "nothing is found in an empty summary");
    for (uint64_t i = 0; i < 100; i++)
        add(&s, i, i + 1);
    space_saving_add(&s, "", 0, hll_hash("", 0), 0);
    bool right = true;
    for (uint64_t i = 1; i < 100; i++)
        right &= find(&s, i) != NULL && find(&s, i)->count == i + 1;
    tap_ok(right, "counts are exact while there is room");
    tap_ok(find(&s, 0) == NULL && s.used == 100,
           "a further key replaces the key with the lowest count");
    tap_int((int64_t)space_saving_find(&s, "", 0, hll_hash("", 0))->count, 1,
            "it inherits that count");
    space_saving_release(&s);
}

// Returns a random key. As in Zipf's law, the probability of key k is about proportional to 1/k.
static uint64_t draw(uint64_t i)
{
    uint64_t bits = random_mix(i * RANDOM_STEP);

    return random_below(bits, 1 + random_below(random_mix(bits), KEYS));
}

static void test_bounds(void)
{
    static uint64_t truth[KEYS];
    struct space_saving s;
    uint64_t sum = 0;
    bool bounded = true, heap = true;

    space_saving_init(&s, 300);
    for (uint64_t i = 0; i < RECORDS; i++) {
        uint64_t key = draw(i), n = 1 + i % 3;
        truth[key] += n;
        sum += n;
        add(&s, key, n);
    }
    uint64_t error = space_saving_error(&s);
    tap_ok(error > 0 && error <= sum / 300,
           "the error is at most the sum of all counts divided by the limit");
    for (uint64_t key = 0; key < KEYS; key++) {
        const struct space_saving_item *item = find(&s, key);
        if (item == NULL)
            bounded &= truth[key] <= error;
        else
            bounded &= item->count >= truth[key] && item->count - truth[key] <= error;
    }
    tap_ok(bounded, "no count is too low, and none is too high by more than the error");
    for (size_t i = 1; i < s.used; i++)
        heap &= s.item[s.heap[i]].count >= s.item[s.heap[(i - 1) / 2]].count;
    tap_ok(heap && s.used == 300,
           "there are `limit` keys, and the one with the lowest count is on top");
    space_saving_release(&s);
}

static void test_collisions(void)
{
    struct space_saving s;
    char text[16];
    bool right = true;

    space_saving_init(&s, 50);
    for (int i = 0; i < 1000; i++) {
        size_t len = (size_t)snprintf(text, sizeof text, "%d", i % 77);
        space_saving_add(&s, text, len, UINT64_MAX, 1);
    }
    for (size_t i = 0; i < s.used; i++)
        right &= space_saving_find(&s, s.item[i].key, s.item[i].len, UINT64_MAX) == &s.item[i];
    tap_ok(right && s.used == 50,
           "keys with the same hash are different, and are found after others were replaced");
    space_saving_release(&s);
    space_saving_init(&s, 0);
    space_saving_add(&s, "a", 1, 1, 1);
    tap_ok(s.used == 0 && space_saving_find(&s, "a", 1, 1) == NULL,
           "with a limit of 0 nothing is kept");
    space_saving_release(&s);
}

int main(void)
{
    test_exact();
    test_bounds();
    test_collisions();
    return tap_done();
}
