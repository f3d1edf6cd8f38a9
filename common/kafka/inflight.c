// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/inflight.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

void inflight_release(struct inflight *w)
{
    for (size_t i = 0; i < w->count; i++)
        free(w->segment[i].mark);
    free(w->segment);
    *w = (struct inflight){0};
}

static void open_segment(struct inflight *w)
{
    if (w->count == w->capacity) {
        w->capacity = w->capacity == 0 ? 16 : 2 * w->capacity;
        w->segment = xreallocarray(w->segment, w->capacity, sizeof *w->segment);
    }
    w->segment[w->count++] = (struct inflight_segment){0};
}

uint32_t inflight_sent(struct inflight *w)
{
    if (w->count == 0)
        open_segment(w);
    w->segment[w->count - 1].unacked++;
    return w->first + (uint32_t)w->count - 1;
}

// Returns the segment with this number, or NULL when its mark was removed.
static struct inflight_segment *find_segment(const struct inflight *w, uint32_t number)
{
    uint32_t i = number - w->first;

    return i < w->count ? &w->segment[i] : NULL;
}

void inflight_acked(struct inflight *w, uint32_t segment)
{
    struct inflight_segment *e = find_segment(w, segment);

    if (e != NULL && e->unacked > 0)
        e->unacked--;
}

void inflight_drop(struct inflight *w, uint32_t segment)
{
    struct inflight_segment *e = find_segment(w, segment);

    if (e != NULL)
        e->dropped = true;
}

void inflight_mark(struct inflight *w, const char *line, size_t len)
{
    if (w->count == 0)
        open_segment(w);
    struct inflight_segment *last = &w->segment[w->count - 1];
    last->mark = xstrndup(line, len);
    last->len = len;
    w->bytes += len;
    open_segment(w);
}

bool inflight_is_full(const struct inflight *w)
{
    return w->count >= INFLIGHT_SEGMENTS || w->bytes >= INFLIGHT_BYTES;
}

static size_t count_reached(const struct inflight *w)
{
    size_t reached = 0;

    while (reached < w->count && w->segment[reached].mark != NULL &&
           w->segment[reached].unacked == 0)
        reached++;
    return reached;
}

static void forget(struct inflight *w, size_t reached)
{
    for (size_t i = 0; i < reached; i++) {
        w->bytes -= w->segment[i].len;
        free(w->segment[i].mark);
    }
    w->count -= reached;
    w->first += (uint32_t)reached;
    memmove(w->segment, w->segment + reached, w->count * sizeof *w->segment);
}

bool inflight_reached(struct inflight *w, struct buf *line)
{
    size_t reached = count_reached(w);

    if (reached == 0)
        return false;
    buf_clear(line);
    buf_append(line, w->segment[reached - 1].mark, w->segment[reached - 1].len);
    forget(w, reached);
    return true;
}

int inflight_pass(struct inflight *w, int (*pass)(void *ctx, const char *mark, size_t len),
                  void *ctx)
{
    size_t reached = count_reached(w);
    int status = 0;

    for (size_t i = 0; i < reached && status == 0; i++) {
        if (!w->segment[i].dropped)
            status = pass(ctx, w->segment[i].mark, w->segment[i].len);
    }
    if (reached > 0)
        forget(w, reached);
    return status;
}
