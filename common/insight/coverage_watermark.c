// SPDX-License-Identifier: BSD-2-Clause
#include "insight/coverage_watermark.h"

#include <stdlib.h>
#include <string.h>

#include "base/datetime.h"
#include "base/xalloc.h"

// Returns the first partition of a topic that is promised and that no cover has named, or the
// number of its partitions.
static int32_t missing_partition(const struct coverage *c, const struct mark_topic *topic)
{
    int32_t i = 0;

    while (i < topic->partitions && coverage_find(c, topic->name, i) != NULL)
        i++;
    return i;
}

// Finds what holds the watermark back. Returns false if nothing does.
static bool find_holder(const struct coverage *c, struct coverage_holder *holder)
{
    bool found = false;

    for (size_t i = 0; i < c->topic_count; i++) {
        int32_t missing = missing_partition(c, &c->topic[i]);
        if (missing < c->topic[i].partitions) {
            *holder = (struct coverage_holder){
                .topic = c->topic[i].name, .partition = missing, .newest = MARK_NO_TIME};
            return true;
        }
    }
    for (size_t i = 0; i < c->count; i++) {
        const struct coverage_partition *p = c->partition[i];
        if (p->done || (found && p->newest >= holder->newest))
            continue;
        found = true;
        *holder = (struct coverage_holder){
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
    struct coverage_holder holder;

    *watermark = find_holder(c, &holder) ? holder.newest : highest_newest(c);
    return *watermark != MARK_NO_TIME;
}

static bool same_holder(const struct coverage_holder *a, const struct coverage_holder *b)
{
    return a->topic != NULL && strcmp(a->topic, b->topic) == 0 && a->partition == b->partition &&
           a->newest == b->newest;
}

const struct coverage_holder *coverage_holds_back(struct coverage *c, int64_t now)
{
    struct coverage_holder *old = &c->holder, holder;
    int64_t highest = highest_newest(c);

    if (!find_holder(c, &holder)) {
        free(old->topic);
        *old = (struct coverage_holder){.topic = NULL};
        return NULL;
    }
    if (!same_holder(old, &holder)) {
        free(old->topic);
        *old = holder;
        old->topic = xstrdup(holder.topic);
        old->since = now;
        old->highest = highest;
        return NULL;
    }
    if (old->reported || now - old->since < MS_MINUTE || highest <= old->highest)
        return NULL;
    old->reported = true;
    return old;
}
