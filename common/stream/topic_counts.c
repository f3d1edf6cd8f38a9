// SPDX-License-Identifier: BSD-2-Clause
#include "stream/topic_counts.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

struct topic_count *topic_counts_find(const struct topic_counts *counts, const char *topic)
{
    for (size_t i = 0; i < counts->count; i++) {
        if (strcmp(counts->item[i].topic, topic) == 0)
            return &counts->item[i];
    }
    return NULL;
}

void topic_counts_add(struct topic_counts *counts, const char *topic, int32_t partitions)
{
    // Doubles the array whenever the count is a power of two, so that no capacity has to be kept.
    if ((counts->count & (counts->count - 1)) == 0)
        counts->item = xreallocarray(counts->item, counts->count == 0 ? 1 : 2 * counts->count,
                                     sizeof *counts->item);
    counts->item[counts->count++] = (struct topic_count){xstrdup(topic), partitions};
}

void topic_counts_copy(struct topic_counts *to, const struct topic_counts *from)
{
    for (size_t i = 0; i < from->count; i++)
        topic_counts_add(to, from->item[i].topic, from->item[i].partitions);
}

void topic_counts_clear(struct topic_counts *counts)
{
    for (size_t i = 0; i < counts->count; i++)
        free(counts->item[i].topic);
    free(counts->item);
    *counts = (struct topic_counts){0};
}
