// SPDX-License-Identifier: BSD-2-Clause
#include "sketch/hll.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

static uint64_t hash_of(uint64_t n)
{
    char key[32];

    return hll_hash(key, (size_t)snprintf(key, sizeof key, "key-%llu", (unsigned long long)n));
}

static void add_range(struct hll *h, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++)
        hll_add(h, hash_of(i));
}

static void test_estimates(void)
{
    static const uint64_t counts[] = {1, 2, 10, 100, 1000, 10000, 30000, 100000, 1000000, 5000000};
    struct hll h;
    uint64_t added = 0;

    hll_init(&h);
    tap_int((int64_t)hll_count(&h), 0, "a new sketch has no keys");
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        add_range(&h, added, counts[i]);
        added = counts[i];
        double off = (double)hll_count(&h) / (double)added - 1;
        tap_ok(off > -0.02 && off < 0.02, "%llu keys are estimated at %llu",
               (unsigned long long)added, (unsigned long long)hll_count(&h));
    }
    uint64_t before = hll_count(&h);
    add_range(&h, 0, 1000);
    tap_ok(hll_count(&h) == before, "adding keys again does not change the estimate");
    hll_release(&h);
}

static void test_merge(void)
{
    struct hll all, odd, even;
    uint8_t wrong[HLL_REGISTERS] = {0};

    hll_init(&all);
    hll_init(&odd);
    hll_init(&even);
    add_range(&all, 0, 20000);
    for (uint64_t i = 0; i < 20000; i++)
        hll_add(i % 2 == 0 ? &even : &odd, hash_of(i));
    tap_int(hll_merge(&odd, even.rank), 0, "two sketches are merged");
    tap_ok(memcmp(odd.rank, all.rank, HLL_REGISTERS) == 0, "the result is the sketch of all keys");
    wrong[HLL_REGISTERS - 1] = 52;
    tap_int(hll_merge(&odd, wrong), -1, "registers that are out of range are refused");
    tap_ok(memcmp(odd.rank, all.rank, HLL_REGISTERS) == 0, "refused registers change nothing");
    hll_release(&all);
    hll_release(&odd);
    hll_release(&even);
}

static void test_extremes(void)
{
    struct hll h;

    hll_init(&h);
    hll_add(&h, 0);
    hll_add(&h, UINT64_MAX);
    tap_ok(h.rank[0] == 51 && h.rank[HLL_REGISTERS - 1] == 1, "hashes of all zeros and all ones");
    memset(h.rank, 51, HLL_REGISTERS);
    tap_ok(hll_count(&h) > 0, "the estimate ends even if all registers are full");
    hll_release(&h);
}

int main(void)
{
    test_estimates();
    test_merge();
    test_extremes();
    return tap_done();
}
