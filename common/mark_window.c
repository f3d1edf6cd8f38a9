// SPDX-License-Identifier: BSD-2-Clause
#include "mark_window.h"

#include <stdlib.h>
#include <string.h>

#include "xalloc.h"

void mark_window_release(struct mark_window *w)
{
    for (size_t i = 0; i < w->count; i++)
        free(w->epoch[i].mark);
    free(w->epoch);
    *w = (struct mark_window){0};
}

static void open_epoch(struct mark_window *w)
{
    if (w->count == w->capacity) {
        w->capacity = w->capacity == 0 ? 16 : 2 * w->capacity;
        w->epoch = xreallocarray(w->epoch, w->capacity, sizeof *w->epoch);
    }
    w->epoch[w->count++] = (struct mark_epoch){0};
}

uint32_t mark_window_leave(struct mark_window *w)
{
    if (w->count == 0)
        open_epoch(w);
    w->epoch[w->count - 1].under_way++;
    return (w->first + (uint32_t)w->count - 1) % MARK_WINDOW_EPOCHS;
}

// The epoch of a number; NULL when it is not in the window.
static struct mark_epoch *find_epoch(const struct mark_window *w, uint32_t number)
{
    uint32_t i = (number + MARK_WINDOW_EPOCHS - w->first) % MARK_WINDOW_EPOCHS;

    return i < w->count ? &w->epoch[i] : NULL;
}

void mark_window_arrive(struct mark_window *w, uint32_t epoch)
{
    struct mark_epoch *e = find_epoch(w, epoch);

    if (e != NULL && e->under_way > 0)
        e->under_way--;
}

void mark_window_drop(struct mark_window *w, uint32_t epoch)
{
    struct mark_epoch *e = find_epoch(w, epoch);

    if (e != NULL)
        e->dropped = true;
}

void mark_window_mark(struct mark_window *w, const char *line, size_t len)
{
    if (w->count == 0)
        open_epoch(w);
    struct mark_epoch *last = &w->epoch[w->count - 1];
    last->mark = xstrndup(line, len);
    last->len = len;
    w->bytes += len;
    open_epoch(w);
}

bool mark_window_is_full(const struct mark_window *w)
{
    return w->count >= MARK_WINDOW_EPOCHS - 1 || w->bytes >= MARK_WINDOW_BYTES;
}

static size_t count_reached(const struct mark_window *w)
{
    size_t reached = 0;

    while (reached < w->count && w->epoch[reached].mark != NULL && w->epoch[reached].under_way == 0)
        reached++;
    return reached;
}

static void forget(struct mark_window *w, size_t reached)
{
    for (size_t i = 0; i < reached; i++) {
        w->bytes -= w->epoch[i].len;
        free(w->epoch[i].mark);
    }
    w->count -= reached;
    w->first = (w->first + (uint32_t)reached) % MARK_WINDOW_EPOCHS;
    memmove(w->epoch, w->epoch + reached, w->count * sizeof *w->epoch);
}

bool mark_window_reached(struct mark_window *w, struct buf *line)
{
    size_t reached = count_reached(w);

    if (reached == 0)
        return false;
    buf_clear(line);
    buf_append(line, w->epoch[reached - 1].mark, w->epoch[reached - 1].len);
    forget(w, reached);
    return true;
}

int mark_window_pass(struct mark_window *w, int (*take)(void *ctx, const char *mark, size_t len),
                     void *ctx)
{
    size_t reached = count_reached(w);
    int status = 0;

    for (size_t i = 0; i < reached && status == 0; i++) {
        if (!w->epoch[i].dropped)
            status = take(ctx, w->epoch[i].mark, w->epoch[i].len);
    }
    if (reached > 0)
        forget(w, reached);
    return status;
}
