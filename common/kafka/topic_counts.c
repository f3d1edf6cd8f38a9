// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/topic_counts.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

bool topic_counts_has(const struct topic_counts *counts, const char *topic)
{
    for (size_t i = 0; i < counts->count; i++) {
        if (strcmp(counts->item[i].topic, topic) == 0)
            return true;
    }
    return false;
}

void topic_counts_add(struct topic_counts *counts, const char *topic, int partitions)
{
    if (topic_counts_has(counts, topic))
        return;
    counts->item = xreallocarray(counts->item, counts->count + 1, sizeof *counts->item);
    counts->item[counts->count++] = (struct topic_count){xstrdup(topic), partitions};
}

void topic_counts_clear(struct topic_counts *counts)
{
    for (size_t i = 0; i < counts->count; i++)
        free(counts->item[i].topic);
    free(counts->item);
    *counts = (struct topic_counts){0};
}
