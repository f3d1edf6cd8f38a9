// SPDX-License-Identifier: BSD-2-Clause
//
// hll: estimates the number of distinct keys. It always takes 16 KiB of memory. The standard error
// is 1.04 / sqrt(2^14), that is 0.8 %.
//
// The algorithm is HyperLogLog (Flajolet, Fusy, Gandouet and Meunier 2007) with 64-bit hashes. The
// estimator is that of Ertl, "New cardinality estimation algorithms for HyperLogLog sketches"
// (2017, arXiv:1702.01284), which needs no correction for small numbers.
//
//     struct hll h;
//     hll_init(&h);
//     hll_add(&h, hll_hash(key, len));
//     hll_count(&h);
//     hll_release(&h);
//
// The same keys give the same registers, in any order and in any process, since the hash has no
// secret. So an attacker who chooses the keys can distort the estimate, but cannot slow it down.
#ifndef SKETCH_HLL_H
#define SKETCH_HLL_H

#include <stddef.h>
#include <stdint.h>

#define HLL_BITS 14
#define HLL_REGISTERS ((size_t)1 << HLL_BITS)

struct hll {
    uint8_t *rank; // of each register: 0 without a key, at most 64 - HLL_BITS + 1
};

// Returns the XXH3_64bits of a key; see xxHash, https://github.com/Cyan4973/xxHash
uint64_t hll_hash(const void *key, size_t len);

void hll_init(struct hll *h);
void hll_release(struct hll *h);

void hll_add(struct hll *h, uint64_t hash);

// Merges the registers of another sketch. If a register is out of range, changes nothing and
// returns -1; otherwise returns 0.
int hll_merge(struct hll *h, const uint8_t rank[HLL_REGISTERS]);

// Returns the estimated number of distinct keys.
uint64_t hll_count(const struct hll *h);

#endif
