// SPDX-License-Identifier: BSD-2-Clause
//
// sample: all that is known of a part of the keys, chosen by their hashes: each with its count, and
// how many of them belong to which group.
//
// Distinct sampling (Gibbons, "Distinct sampling for highly-accurate answers to distinct values
// queries and event reports", VLDB 2001). At first it holds every key. When there are more than the
// limit the level goes up by one, and half of the keys go, those whose hash does not end in so
// many zeros; they do not come back, so the counts of those that are left are exact. A figure over
// all keys is about that of the sample, times 2 to the level: with n keys in a group of the sample
// the error is about sqrt(n) / n.
//
//     struct sample s;
//     sample_init(&s, 1, 1000000, &secret);
//     sample_add(&s, hash_of_pair, &(struct sample_group){"ann", 3}, 1);
//     for (const struct map_entry *e = map_first(&s.group[0]); ...)
//         use(map_key(&s.group[0], e), *sample_group_keys(e) << s.level);
//     sample_release(&s);
//
// The same keys and counts make the same sample, in whatever order they come.
#ifndef SKETCH_DISTINCT_SAMPLE_H
#define SKETCH_DISTINCT_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "sketch/map.h"

#define SAMPLE_GROUPINGS 2 // ways in which keys may be grouped
#define SAMPLE_LEVEL_MAX 63

struct sample {
    struct map key;    // by hash; the words are the groups that it belongs to
    struct map *group; // for each way to group: by name, with the counts of its keys added up
    uint32_t groupings;
    uint32_t level;
    size_t limit;
    uint64_t repeated; // keys that were counted more than once
    const struct map_secret *secret;
};

struct sample_group {
    const char *name;
    size_t len;
};

// The secret is borrowed; it is for the maps, and changes nothing in the result.
void sample_init(struct sample *s, uint32_t groupings, size_t limit,
                 const struct map_secret *secret);
void sample_release(struct sample *s);

// Counts n for the key of that hash (hll_hash()); it belongs to group[i] in the i-th way.
void sample_add(struct sample *s, uint64_t hash, const struct sample_group *group, uint64_t n);

// Lets go of keys below a level, at most SAMPLE_LEVEL_MAX.
void sample_raise(struct sample *s, uint32_t level);

// How many keys of the sample are in a group.
static inline uint32_t sample_group_keys(const struct map_entry *group)
{
    return group->word[0];
}

// The hash of an entry of s->key, and its group in the i-th way.
uint64_t sample_hash(const struct sample *s, const struct map_entry *key);
const struct map_entry *sample_group_of(const struct sample *s, const struct map_entry *key,
                                        uint32_t i);

#endif
