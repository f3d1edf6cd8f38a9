// SPDX-License-Identifier: BSD-2-Clause
#include "insight/cover_write.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

void cover_writer_release(struct cover_writer *w)
{
    free(w->group);
    mark_release(&w->source);
    mark_release(&w->last);
    *w = (struct cover_writer){.marked = false};
}

void cover_writer_start(struct cover_writer *w, const struct mark *mark)
{
    if (mark->kind == MARK_HELLO && mark->group != NULL)
        w->group = xstrdup(mark->group);
    mark_copy(&w->source, mark);
    mark_copy(&w->last, mark);
    w->marked = w->fresh = true;
}

// Returns the position of a partition in the last mark, or NULL. Two marks usually list the
// partitions in the same order.
static const struct mark_at *find_last(const struct mark *last, const struct mark_at *at, size_t i)
{
    for (size_t j = 0; j < last->at_count; j++) {
        const struct mark_at *found = &last->at[(i + j) % last->at_count];
        if (found->partition == at->partition && strcmp(found->topic, at->topic) == 0)
            return found;
    }
    return NULL;
}

int cover_writer_make(struct cover_writer *w, const struct mark *mark, struct cover *cover,
                      struct err *err)
{
    cover_release(cover);
    memcpy(cover->run, mark->run, sizeof cover->run);
    cover->seq = mark->seq;
    if (w->group != NULL)
        cover->group = xstrdup(w->group);
    topic_counts_copy(&cover->topics, &w->source.topics);
    for (size_t i = 0; i < mark->at_count; i++) {
        const struct mark_at *at = &mark->at[i], *last = find_last(&w->last, at, i);
        if (last == NULL)
            return err_set(err, EX_CONFIG,
                           "--partial: the source has not said where partition %d of topic %s "
                           "starts, so partials cannot say what they cover (kcat-in shares the "
                           "partitions of a group with --acks; use kcat-out --exactly-once)",
                           (int)at->partition, at->topic);
        if (w->fresh || at->offset != last->offset || at->newest != last->newest)
            cover_add_range(cover, at->topic, at->partition, last->offset, at->offset, at->newest);
    }
    mark_copy(&w->last, mark);
    w->fresh = false;
    return 0;
}
