// SPDX-License-Identifier: BSD-2-Clause
#include "sketch/hll.h"

#include <math.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/xalloc.h"

#define RANK_MAX (64 - HLL_BITS + 1)

uint64_t hll_hash(const void *key, size_t len)
{
    return XXH3_64bits(key, len);
}

void hll_init(struct hll *h)
{
    h->rank = xcalloc(HLL_REGISTERS, 1);
}

void hll_release(struct hll *h)
{
    free(h->rank);
    h->rank = NULL;
}

void hll_add(struct hll *h, uint64_t hash)
{
    uint8_t *rank = &h->rank[hash >> (64 - HLL_BITS)];
    // A sentinel bit bounds the rank when all remaining bits are 0.
    uint64_t rest = hash << HLL_BITS | (uint64_t)1 << (HLL_BITS - 1);
    uint8_t found = (uint8_t)(__builtin_clzll(rest) + 1);

    if (found > *rank)
        *rank = found;
}

int hll_merge(struct hll *h, const uint8_t rank[HLL_REGISTERS])
{
    for (size_t i = 0; i < HLL_REGISTERS; i++) {
        if (rank[i] > RANK_MAX)
            return -1;
    }
    for (size_t i = 0; i < HLL_REGISTERS; i++) {
        if (rank[i] > h->rank[i])
            h->rank[i] = rank[i];
    }
    return 0;
}

// Returns Ertl's sigma, which corrects for empty registers: x + the sum over k of x^(2^k) 2^(k-1).
static double sigma(double x)
{
    double weight = 1, sum = x, before;

    if (x == 1)
        return INFINITY;
    do {
        before = sum;
        x *= x;
        sum += x * weight;
        weight += weight;
    } while (sum != before);
    return sum;
}

// Returns Ertl's tau, which corrects for full registers: (1 - x - the sum over k of (1 -
// x^(2^-k))^2 2^-k) / 3.
static double tau(double x)
{
    double weight = 1, sum = 1 - x, before;

    if (x == 0 || x == 1)
        return 0;
    do {
        before = sum;
        x = sqrt(x);
        weight /= 2;
        sum -= (1 - x) * (1 - x) * weight;
    } while (sum != before);
    return sum / 3;
}

uint64_t hll_count(const struct hll *h)
{
    const double m = HLL_REGISTERS;
    size_t registers[RANK_MAX + 1] = {0}; // by rank

    for (size_t i = 0; i < HLL_REGISTERS; i++)
        registers[h->rank[i]]++;
    double z = m * tau(1 - (double)registers[RANK_MAX] / m);
    for (size_t rank = RANK_MAX - 1; rank > 0; rank--)
        z = (z + (double)registers[rank]) / 2;
    z += m * sigma((double)registers[0] / m);
    double count = m * m / (2 * M_LN2 * z) + 0.5;
    return count < 0x1p64 ? (uint64_t)count : UINT64_MAX; // nearly all registers are full
}
