// SPDX-License-Identifier: BSD-2-Clause
//
// Compares topk with a sort of all entries, while counts grow at random.
#include "sketch/topk.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "tap.h"

#define IDS 500

struct counts {
    uint64_t count[IDS];
    uint32_t rank[IDS]; // the order of ids with equal counts
};

static uint32_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

static uint64_t count(const void *ctx, uint32_t id)
{
    return ((const struct counts *)ctx)->count[id];
}

static int compare(const void *ctx, uint32_t a, uint32_t b)
{
    const uint32_t *rank = ((const struct counts *)ctx)->rank;
    return (rank[a] > rank[b]) - (rank[a] < rank[b]);
}

// Returns the id that ranks next after those already taken, or IDS when there is none.
static uint32_t best(const struct counts *c, const bool *taken, uint64_t lowest)
{
    uint32_t found = IDS;

    for (uint32_t id = 0; id < IDS; id++) {
        if (taken[id] || c->count[id] < lowest)
            continue;
        if (found == IDS || c->count[id] > c->count[found] ||
            (c->count[id] == c->count[found] && compare(c, id, found) < 0))
            found = id;
    }
    return found;
}

static bool is_exact(struct topk *t, const struct topk_order *order, uint64_t lowest)
{
    const struct counts *c = order->ctx;
    bool taken[IDS] = {false};
    size_t listed = topk_sort(t, order);

    for (size_t i = 0; i < t->limit; i++) {
        uint32_t id = best(c, taken, lowest);
        if (id == IDS)
            return listed == i;
        if (i >= listed || t->item[i].id != id || t->item[i].count != c->count[id])
            return false;
        taken[id] = true;
    }
    return listed == t->limit;
}

// With skew 0 all counts grow evenly, so that many are equal.
static void test_growth(size_t limit, uint64_t lowest, uint32_t ids, int skew, uint32_t every)
{
    static struct counts c;
    const struct topk_order order = {count, compare, &c};
    uint64_t state = limit * 31 + ids + every;
    struct topk t;
    bool ok = true;
    size_t most = 0;

    for (uint32_t i = 0; i < IDS; i++) {
        c.count[i] = 0;
        c.rank[i] = i * 211 % IDS; // 211 and 500 have no common factor
    }
    topk_init(&t, limit, lowest);
    // Comparing after each record takes long, so there are fewer records then.
    uint32_t records = every == 1 ? 1000 : 20000;
    for (uint32_t i = 0; i < records && ok; i++) {
        uint32_t id = next_random(&state) % ids;
        for (int j = 0; j < skew; j++)
            id = next_random(&state) % (id + 1);
        c.count[id]++;
        if (topk_wants(&t, c.count[id], 1))
            topk_offer(&t, &order, id, c.count[id]);
        most = t.used > most ? t.used : most;
        if (i % every == 0)
            ok = is_exact(&t, &order, lowest);
    }
    ok = ok && is_exact(&t, &order, lowest) && most <= 2 * limit + 65;
    tap_ok(ok, "the highest %zu of %u are right, from %llu, skew %d, each %u", limit, ids,
           (unsigned long long)lowest, skew, every);
    topk_release(&t);
}

int main(void)
{
    static const size_t limits[] = {0, 1, 3, 10, 100, 1000};
    static const uint32_t ids[] = {1, 3, 11, 100, IDS};
    static const uint32_t every[] = {1, 97, 100000};

    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        for (size_t j = 0; j < sizeof ids / sizeof *ids; j++) {
            for (int skew = 0; skew < 3; skew++)
                test_growth(limits[i], 1 + j % 2, ids[j], skew, every[(i + j) % 3]);
        }
    }
    return tap_done();
}
