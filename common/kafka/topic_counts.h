// SPDX-License-Identifier: BSD-2-Clause
//
// topic_counts: how many partitions topics have.
//
//     struct topic_counts counts = {0};
//     topic_counts_add(&counts, "user-login", 12);
//     topic_counts_clear(&counts);
#ifndef KAFKA_TOPIC_COUNTS_H
#define KAFKA_TOPIC_COUNTS_H

#include <stdbool.h>
#include <stddef.h>

struct topic_count {
    char *topic;
    int partitions;
};

struct topic_counts {
    struct topic_count *item;
    size_t count;
};

// Returns whether the topic is there.
bool topic_counts_has(const struct topic_counts *counts, const char *topic);

// Adds a topic, unless it is there already. The name is copied.
void topic_counts_add(struct topic_counts *counts, const char *topic, int partitions);

// Removes all topics, and frees them.
void topic_counts_clear(struct topic_counts *counts);

#endif
