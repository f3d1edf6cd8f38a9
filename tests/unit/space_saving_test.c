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

static void add(struct heavy *h, uint64_t key, uint64_t n)
{
    char text[32];
    size_t len = (size_t)snprintf(text, sizeof text, "k%llu", (unsigned long long)key);

    heavy_add(h, text, len, hll_hash(text, len), n);
}

static const struct heavy_item *find(const struct heavy *h, uint64_t key)
{
    char text[32];
    size_t len = (size_t)snprintf(text, sizeof text, "k%llu", (unsigned long long)key);

    return heavy_find(h, text, len, hll_hash(text, len));
}

static void test_exact(void)
{
    struct heavy h;

    heavy_init(&h, 100);
    tap_ok(find(&h, 1) == NULL && heavy_error(&h) == 0, "nothing is found where nothing is");
    for (uint64_t i = 0; i < 100; i++)
        add(&h, i, i + 1);
    heavy_add(&h, "", 0, hll_hash("", 0), 0);
    bool right = true;
    for (uint64_t i = 1; i < 100; i++)
        right &= find(&h, i) != NULL && find(&h, i)->count == i + 1;
    tap_ok(right, "counts are exact while there is room");
    tap_ok(find(&h, 0) == NULL && h.used == 100, "one more takes the place of the lowest");
    tap_int((int64_t)heavy_find(&h, "", 0, hll_hash("", 0))->count, 1, "and its count");
    heavy_release(&h);
}

// Zipf-like: key k about 1/k of the time.
static uint64_t draw(uint64_t i)
{
    uint64_t bits = random_mix(i * RANDOM_STEP);

    return random_below(bits, 1 + random_below(random_mix(bits), KEYS));
}

static void test_bounds(void)
{
    static uint64_t truth[KEYS];
    struct heavy h;
    uint64_t sum = 0;
    bool bounded = true, heap = true;

    heavy_init(&h, 300);
    for (uint64_t i = 0; i < RECORDS; i++) {
        uint64_t key = draw(i), n = 1 + i % 3;
        truth[key] += n;
        sum += n;
        add(&h, key, n);
    }
    uint64_t error = heavy_error(&h);
    tap_ok(error > 0 && error <= sum / 300, "the error is at most all counts divided by the room");
    for (uint64_t key = 0; key < KEYS; key++) {
        const struct heavy_item *item = find(&h, key);
        if (item == NULL)
            bounded &= truth[key] <= error;
        else
            bounded &= item->count >= truth[key] && item->count - truth[key] <= error;
    }
    tap_ok(bounded, "no count is too low, or too high by more than that");
    for (size_t i = 1; i < h.used; i++)
        heap &= h.item[h.heap[i]].count >= h.item[h.heap[(i - 1) / 2]].count;
    tap_ok(heap && h.used == 300, "the room is used up, and the lowest one is on top");
    heavy_release(&h);
}

static void test_collisions(void)
{
    struct heavy h;
    char text[16];
    bool right = true;

    heavy_init(&h, 50);
    for (int i = 0; i < 1000; i++) {
        size_t len = (size_t)snprintf(text, sizeof text, "%d", i % 77);
        heavy_add(&h, text, len, UINT64_MAX, 1);
    }
    for (size_t i = 0; i < h.used; i++)
        right &= heavy_find(&h, h.item[i].key, h.item[i].len, UINT64_MAX) == &h.item[i];
    tap_ok(right && h.used == 50, "keys of one hash are told apart, and found after others went");
    heavy_release(&h);
    heavy_init(&h, 0);
    heavy_add(&h, "a", 1, 1, 1);
    tap_ok(h.used == 0 && heavy_find(&h, "a", 1, 1) == NULL, "without room nothing is kept");
    heavy_release(&h);
}

int main(void)
{
    test_exact();
    test_bounds();
    test_collisions();
    return tap_done();
}
