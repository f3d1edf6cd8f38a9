// SPDX-License-Identifier: BSD-2-Clause
#include "insight/coverage_watermark.h"

#include <stdlib.h>
#include <string.h>

#include "base/datetime.h"
#include "base/xalloc.h"

// Returns the first partition of a topic that is promised and that no cover has named, or the
// number of its partitions.
static int32_t missing_partition(const struct coverage *c, const struct topic_count *topic)
{
    int32_t i = 0;

    while (i < topic->partitions && coverage_find(c, topic->topic, i) != NULL)
        i++;
    return i;
}

// Finds what holds the watermark back. Returns false if nothing does.
static bool find_laggard(const struct coverage *c, struct coverage_laggard *laggard)
{
    bool found = false;

    for (size_t i = 0; i < c->topics.count; i++) {
        int32_t missing = missing_partition(c, &c->topics.item[i]);
        if (missing < c->topics.item[i].partitions) {
            *laggard = (struct coverage_laggard){
                .topic = c->topics.item[i].topic, .partition = missing, .newest = MARK_NO_TIME};
            return true;
        }
    }
    for (size_t i = 0; i < c->count; i++) {
        const struct coverage_partition *p = c->partition[i];
        if (p->done || (found && p->newest >= laggard->newest))
            continue;
        found = true;
        *laggard = (struct coverage_laggard){
            .topic = p->topic, .partition = p->partition, .newest = p->newest};
    }
    return found;
}

static int64_t highest_newest(const struct coverage *c)
{
    int64_t highest = MARK_NO_TIME;

    for (size_t i = 0; i < c->count; i++) {
        if (c->partition[i]->newest > highest)
            highest = c->partition[i]->newest;
    }
    return highest;
}

bool coverage_watermark(const struct coverage *c, int64_t *watermark)
{
    struct coverage_laggard laggard;

    *watermark = find_laggard(c, &laggard) ? laggard.newest : highest_newest(c);
    return *watermark != MARK_NO_TIME;
}

static bool same_laggard(const struct coverage_laggard *a, const struct coverage_laggard *b)
{
    return a->topic != NULL && strcmp(a->topic, b->topic) == 0 && a->partition == b->partition &&
           a->newest == b->newest;
}

const struct coverage_laggard *coverage_holds_back(struct coverage *c, int64_t now)
{
    struct coverage_laggard *old = &c->laggard, laggard;
    int64_t highest = highest_newest(c);

    if (!find_laggard(c, &laggard)) {
        free(old->topic);
        *old = (struct coverage_laggard){.topic = NULL};
        return NULL;
    }
    if (!same_laggard(old, &laggard)) {
        free(old->topic);
        *old = laggard;
        old->topic = xstrdup(laggard.topic);
        old->since = now;
        old->highest = highest;
        return NULL;
    }
    if (old->reported || now - old->since < MS_MINUTE || highest <= old->highest)
        return NULL;
    old->reported = true;
    return old;
}
