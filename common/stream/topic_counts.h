// SPDX-License-Identifier: BSD-2-Clause
//
// topic_counts: a list of topics, and how many partitions each has. Marks and covers have one: the
// topics of which all partitions are read, by the source or by its peers.
//
//     struct topic_counts counts = {0};
//     if (topic_counts_find(&counts, "user-login") == NULL)
//         topic_counts_add(&counts, "user-login", 12);
//     topic_counts_clear(&counts);
#ifndef STREAM_TOPIC_COUNTS_H
#define STREAM_TOPIC_COUNTS_H

#include <stddef.h>
#include <stdint.h>

struct topic_count {
    char *topic;
    int32_t partitions;
};

struct topic_counts {
    struct topic_count *item;
    size_t count;
};

// Returns the first entry of a topic, or NULL.
struct topic_count *topic_counts_find(const struct topic_counts *counts, const char *topic);

// Appends a topic. The name is copied.
void topic_counts_add(struct topic_counts *counts, const char *topic, int32_t partitions);

// Appends all topics of another list.
void topic_counts_copy(struct topic_counts *to, const struct topic_counts *from);

// Removes all topics, and frees them.
void topic_counts_clear(struct topic_counts *counts);

#endif
