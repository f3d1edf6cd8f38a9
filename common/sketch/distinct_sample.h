// SPDX-License-Identifier: BSD-2-Clause
//
// distinct_sample: a sample of the distinct keys of a stream, chosen by their hashes. It has the
// exact count of each sampled key, and the number of sampled keys in each group.
//
// The algorithm is distinct sampling (Gibbons, "Distinct sampling for highly-accurate answers to
// distinct values queries and event reports", VLDB 2001). The sample has a level, at first 0, and
// holds every key whose hash ends in at least `level` zero bits. When it has more keys than its
// limit, the level rises by one, and about half of the keys are removed. A removed key never
// returns, so the counts of the sampled keys stay exact. To estimate a number for all keys,
// multiply the sample's number by 2 to the power of the level. If a group has n sampled keys, the
// relative error is about 1 / sqrt(n).
//
//     struct distinct_sample s;
//     distinct_sample_init(&s, 1, 1000000, &secret);
//     struct distinct_sample_group ann = {"ann", 3, map_hash(&secret, "ann", 3)};
//     distinct_sample_add(&s, hash_of_pair, &ann, 1);
//     for (const struct map_entry *e = map_first(&s.group[0]); e != NULL;
//          e = map_next(&s.group[0], e))
//         use(map_key(&s.group[0], e), distinct_sample_group_keys(e) << s.level);
//     distinct_sample_release(&s);
//
// The same keys and counts give the same sample, in any order.
#ifndef SKETCH_DISTINCT_SAMPLE_H
#define SKETCH_DISTINCT_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "sketch/map.h"

#define DISTINCT_SAMPLE_GROUPINGS 2 // the most ways to group the keys
#define DISTINCT_SAMPLE_LEVEL_MAX 63

struct distinct_sample {
    struct map key;    // keyed by the hash; word i of an entry is the id of its group in group[i]
    struct map *group; // one map for each grouping: group name to the sum of its keys' counts
    uint32_t groupings;
    uint32_t level;
    size_t limit;      // the most keys
    uint64_t repeated; // sampled keys with a count above 1
    const struct map_secret *secret;
};

struct distinct_sample_group {
    const char *name;
    size_t len;
    uint64_t hash; // map_hash() with the secret of the sample
};

// Makes an empty sample. `groupings` is at most DISTINCT_SAMPLE_GROUPINGS. Borrows the secret,
// which the maps use; it does not affect the result.
void distinct_sample_init(struct distinct_sample *s, uint32_t groupings, size_t limit,
                          const struct map_secret *secret);
void distinct_sample_release(struct distinct_sample *s);

// Adds n to the count of the key with this hash (hll_hash()). group[i] names the key's group in
// grouping i. Every call with the same key must give the same groups.
void distinct_sample_add(struct distinct_sample *s, uint64_t hash,
                         const struct distinct_sample_group *group, uint64_t n);

// Add many keys at a time, so that their cache misses overlap. Call distinct_sample_prefetch() for
// all keys, then distinct_sample_prefetch_entries() for all keys, and then distinct_sample_add()
// for each key. The first two change nothing.
void distinct_sample_prefetch(const struct distinct_sample *s, uint64_t hash,
                              const struct distinct_sample_group *group);
void distinct_sample_prefetch_entries(const struct distinct_sample *s, uint64_t hash,
                                      const struct distinct_sample_group *group);

// Raises the level, which is at most DISTINCT_SAMPLE_LEVEL_MAX, and removes the keys that no longer
// belong to the sample. Does nothing if the sample already has this level or a higher one.
void distinct_sample_raise(struct distinct_sample *s, uint32_t level);

// Returns the number of sampled keys in a group.
static inline uint32_t distinct_sample_group_keys(const struct map_entry *group)
{
    return group->word[0];
}

// Returns the hash of an entry of s->key.
uint64_t distinct_sample_hash(const struct distinct_sample *s, const struct map_entry *key);

// Returns the group, in grouping i, of an entry of s->key. The group is an entry of s->group[i].
const struct map_entry *distinct_sample_group_of(const struct distinct_sample *s,
                                                 const struct map_entry *key, uint32_t i);

#endif
