// SPDX-License-Identifier: BSD-2-Clause
//
// random: pseudorandom numbers. The same seed gives the same numbers on every machine. They must
// not be used for secrets.
//
// The generator is SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
// Generators", OOPSLA 2014, with the constants of Vigna's https://prng.di.unimi.it/splitmix64.c).
// Its output function, random_mix(), is also a good hash of an integer. So the properties of a user
// can be computed from the user's number whenever they are needed, and need not be stored.
//
//     struct random r = {seed};
//     uint64_t die = 1 + random_below(random_next(&r), 6);
//
// All arithmetic is in integers, because compilers may round floating point differently.
#ifndef LOGIN_RANDOM_H
#define LOGIN_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#define RANDOM_STEP UINT64_C(0x9e3779b97f4a7c15) // 2^64 divided by the golden ratio

struct random {
    uint64_t state; // any value is a seed
};

// Maps each 64-bit integer to another one that looks random. No two integers are mapped to the same
// one.
static inline uint64_t random_mix(uint64_t n)
{
    n = (n ^ (n >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    n = (n ^ (n >> 27)) * UINT64_C(0x94d049bb133111eb);
    return n ^ (n >> 31);
}

// Returns the next 64 random bits.
static inline uint64_t random_next(struct random *r)
{
    return random_mix(r->state += RANDOM_STEP);
}

// Turns the upper half of 64 random bits into a number below `limit`, which is at most 2^32. No
// value is more likely than another by a factor of more than about 1 + limit / 2^32 (Lemire, "Fast
// Random Integer Generation in an Interval", 2019, without the rejection step, so that the number
// of draws is fixed).
static inline uint64_t random_below(uint64_t bits, uint64_t limit)
{
    return ((bits >> 32) * limit) >> 32;
}

// Does the same, but low numbers are more likely. It uses the product of the two halves of the
// bits.
static inline uint64_t random_below_skewed(uint64_t bits, uint64_t limit)
{
    return random_below((bits >> 32) * (bits & UINT32_MAX), limit);
}

// Draws numbers from 0 to count-1 by weight, each in constant time, by Walker's alias method. The
// tables are built as in Vose, "A Linear Algorithm for Generating Random Numbers with a Given
// Distribution", IEEE Transactions on Software Engineering 17(9), 1991.
struct random_alias {
    struct {
        uint32_t threshold; // a draw below this, out of 2^32, means the column itself
        uint32_t alias;     // any other draw means this column
    } * column;
    size_t count;
};

// Builds the tables. count is from 1 to 2^32-1. The weights must be below 2^48 and not all 0; they
// are overwritten.
void random_alias_init(struct random_alias *a, uint64_t *weight, size_t count);
void random_alias_release(struct random_alias *a);

static inline uint32_t random_alias_draw(const struct random_alias *a, uint64_t bits)
{
    uint32_t i = (uint32_t)random_below(bits, a->count);

    return (uint32_t)bits < a->column[i].threshold ? i : a->column[i].alias;
}

#endif
