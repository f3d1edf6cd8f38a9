// SPDX-License-Identifier: BSD-2-Clause
#include "insight/windows.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/xalloc.h"

void insight_windows_init(struct insight_windows *w, const struct insight_plan *plan,
                          const struct window_spec *specs, size_t count, int64_t lateness)
{
    *w = (struct insight_windows){.plan = plan,
                                  .count = count,
                                  .lateness = lateness,
                                  .watermark = INT64_MIN,
                                  .next_end = INT64_MAX};
    w->series = xcalloc(count, sizeof *w->series);
    for (size_t i = 0; i < count; i++)
        w->series[i] = (struct insight_series){.spec = &specs[i], .number = 1};
    insight_batch_init(&w->batch, plan);
}

static void free_window(struct insight_windows *w, struct insight_window *window)
{
    insight_set_release(&window->set, w->plan);
    free(window);
}

void insight_windows_clear(struct insight_windows *w)
{
    insight_batch_settle(&w->batch);
    for (size_t i = 0; i < w->count; i++) {
        for (size_t j = 0; j < w->series[i].count; j++)
            free_window(w, w->series[i].window[j]);
        w->series[i].count = 0;
        w->series[i].current = NULL;
    }
}

void insight_windows_release(struct insight_windows *w)
{
    insight_windows_clear(w);
    for (size_t i = 0; i < w->count; i++)
        free(w->series[i].window);
    free(w->series);
    insight_batch_release(&w->batch);
}

// Ends the open window of records if one of that time would stretch it too far.
static void limit_span(struct insight_windows *w, const struct insight_series *s, int64_t time)
{
    struct insight_window *window = s->count == 0 ? NULL : s->window[s->count - 1];

    if (s->spec->span == 0 || window == NULL || window->closed)
        return;
    int64_t first = time < window->set.first ? time : window->set.first;
    int64_t last = time > window->set.last ? time : window->set.last;
    if (last - first >= s->spec->span)
        window->full = w->filled = true;
}

void insight_windows_expect(struct insight_windows *w, int64_t time)
{
    for (size_t i = 0; i < w->count; i++)
        limit_span(w, &w->series[i], time);
}

void insight_windows_advance(struct insight_windows *w, int64_t time)
{
    int64_t watermark;

    if (__builtin_sub_overflow(time, w->lateness, &watermark))
        watermark = INT64_MIN;
    if (watermark > w->watermark)
        w->watermark = watermark;
}

void insight_windows_end(struct insight_windows *w)
{
    w->ended = true;
}

bool insight_windows_due(const struct insight_windows *w)
{
    return w->watermark >= w->next_end || w->filled || w->ended;
}

// How many windows start before.
static size_t find_place(const struct insight_series *s, int64_t start)
{
    size_t low = 0, high = s->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->window[middle]->start < start)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct insight_window *insight_windows_open(struct insight_windows *w, struct insight_series *s,
                                            int64_t start)
{
    size_t at = find_place(s, start);

    if (at < s->count && s->window[at]->start == start)
        return s->window[at];
    if (s->count == s->size) {
        s->size = s->size == 0 ? 4 : 2 * s->size;
        s->window = xreallocarray(s->window, s->size, sizeof *s->window);
    }
    memmove(s->window + at + 1, s->window + at, (s->count - at) * sizeof *s->window);
    struct insight_window *window = xcalloc(1, sizeof *window);
    window->start = start;
    insight_set_init(&window->set, w->plan);
    s->window[at] = window;
    s->count++;
    if (s->spec->kind == WINDOW_TIME && window_end(s->spec, start) < w->next_end)
        w->next_end = window_end(s->spec, start);
    return window;
}

// Adds to a window, which is opened when there is none. Returns false when it is closed: it may be
// before the watermark reaches its end, when an input has ended and another run goes on.
static bool add_to(struct insight_windows *w, struct insight_series *s, int64_t start, int64_t time)
{
    if (s->current == NULL || s->current->start != start)
        s->current = insight_windows_open(w, s, start);
    if (s->current->closed)
        return false;
    s->current->changed = true;
    insight_set_take(&s->current->set, 1, time, time);
    insight_batch_add(&w->batch, &s->current->set);
    return true;
}

// Adds to all windows that hold the time and are open, the last one first. Returns false when there
// is none.
static bool add_by_time(struct insight_windows *w, struct insight_series *s, int64_t time)
{
    int64_t start = window_start(s->spec, time);
    int64_t end = window_end(s->spec, start);
    bool taken = false;

    for (; end > time && end > w->watermark; end = window_end(s->spec, start)) {
        taken |= add_to(w, s, start, time);
        start = window_previous(s->spec, start);
    }
    s->late += !taken;
    return taken;
}

// Adds to the open window of a spec that does not go by time.
static void add_in_order(struct insight_windows *w, struct insight_series *s, int64_t time)
{
    add_to(w, s, s->number, time);
    if (s->spec->kind == WINDOW_RECORDS && s->current->set.records == s->spec->records)
        s->current->full = w->filled = true;
}

bool insight_windows_add(struct insight_windows *w, int64_t time)
{
    bool taken = false;

    insight_batch_load(&w->batch);
    for (size_t i = 0; i < w->count; i++) {
        struct insight_series *s = &w->series[i];
        if (s->spec->kind == WINDOW_TIME) {
            taken |= add_by_time(w, s, time);
            continue;
        }
        add_in_order(w, s, time);
        taken = true;
    }
    return taken;
}

static struct insight_series *find_series(const struct insight_windows *w,
                                          const struct insight_partial_head *head)
{
    for (size_t i = 0; i < w->count; i++) {
        const struct window_spec *spec = w->series[i].spec;
        if (!bytes_are(head->window, head->window_len, spec->text))
            continue;
        bool right = spec->kind == WINDOW_ALL ||
                     (spec->kind == WINDOW_TIME && window_start(spec, head->start) == head->start);
        return right ? &w->series[i] : NULL;
    }
    return NULL;
}

bool insight_windows_know(const struct insight_windows *w, const struct insight_partial_head *head)
{
    return find_series(w, head) != NULL;
}

struct insight_set *insight_windows_merge(struct insight_windows *w,
                                          const struct insight_partial_head *head)
{
    struct insight_series *s = find_series(w, head);
    int64_t start = s->spec->kind == WINDOW_TIME ? head->start : s->number;

    bool past = s->spec->kind == WINDOW_TIME && window_end(s->spec, start) <= w->watermark;
    struct insight_window *window = past ? NULL : insight_windows_open(w, s, start);
    if (past || window->closed) {
        s->late += head->records;
        return NULL;
    }
    window->changed = true;
    insight_set_take(&window->set, head->records, head->first, head->last);
    return &window->set;
}

static bool is_due(const struct insight_windows *w, const struct insight_series *s,
                   const struct insight_window *window)
{
    return w->ended || window->full ||
           (s->spec->kind == WINDOW_TIME && window_end(s->spec, window->start) <= w->watermark);
}

static bool is_wanted(const struct insight_windows *w, const struct insight_series *s,
                      const struct insight_window *window, enum windows_which which)
{
    if (window->closed)
        return false;
    if (which == WINDOWS_OPEN)
        return true;
    return which == WINDOWS_DUE ? is_due(w, s, window) : window->changed;
}

// Whether the next window of one series comes before that of another: that which ends first, which
// is the order in which they would close one by one, and then that which starts first.
static bool comes_before(const struct insight_series *a, const struct insight_series *b)
{
    static const int order[] = {[WINDOW_TIME] = 0, [WINDOW_RECORDS] = 1, [WINDOW_ALL] = 2};
    int64_t start_a = a->window[a->next]->start, start_b = b->window[b->next]->start;

    if (a->spec->kind != WINDOW_TIME || b->spec->kind != WINDOW_TIME)
        return order[a->spec->kind] < order[b->spec->kind];
    int64_t end_a = window_end(a->spec, start_a), end_b = window_end(b->spec, start_b);
    return end_a != end_b ? end_a < end_b : start_a < start_b;
}

// The series whose next wanted window comes first, or NULL.
static struct insight_series *first_series(struct insight_windows *w, enum windows_which which)
{
    struct insight_series *first = NULL;

    for (size_t i = 0; i < w->count; i++) {
        struct insight_series *s = &w->series[i];
        while (s->next < s->count && !is_wanted(w, s, s->window[s->next], which))
            s->next++;
        if (s->next == s->count)
            continue;
        if (first == NULL || comes_before(s, first))
            first = s;
    }
    return first;
}

// Whether a closed window is of no more use: the one behind it is closed too, or never was.
static bool is_spent(const struct insight_windows *w, const struct insight_series *s,
                     const struct insight_window *window)
{
    if (!window->closed)
        return false;
    if (s->spec->kind == WINDOW_RECORDS)
        return window->start + 1 < s->number;
    return window_end(s->spec, window->start) + s->spec->step <= w->watermark;
}

void insight_windows_sweep(struct insight_windows *w)
{
    w->next_end = INT64_MAX;
    w->filled = false;
    for (size_t i = 0; i < w->count; i++) {
        struct insight_series *s = &w->series[i];
        size_t kept = 0;
        for (size_t j = 0; j < s->count; j++) {
            struct insight_window *window = s->window[j];
            if (is_spent(w, s, window)) {
                free_window(w, window);
                continue;
            }
            s->window[kept++] = window;
            if (s->spec->kind != WINDOW_TIME || window->closed)
                continue;
            int64_t end = window_end(s->spec, window->start);
            w->next_end = end < w->next_end ? end : w->next_end;
        }
        s->count = kept;
        s->current = NULL;
    }
}

// The view that was handed out has been used.
static void put_back(struct insight_windows *w, enum windows_which which)
{
    struct insight_series *s = w->handed_out;

    if (s == NULL)
        return;
    struct insight_window *window = s->window[s->next - 1];
    window->changed = false;
    if (which == WINDOWS_DUE) {
        window->closed = true;
        insight_set_trim(&window->set, w->plan);
        s->late = 0;
        s->number++;
    }
    w->handed_out = NULL;
}

bool insight_windows_next(struct insight_windows *w, enum windows_which which,
                          struct insight_view *view)
{
    insight_batch_settle(&w->batch);
    put_back(w, which);
    struct insight_series *s = first_series(w, which);
    if (s == NULL) {
        for (size_t i = 0; i < w->count; i++)
            w->series[i].next = 0;
        if (which == WINDOWS_DUE)
            insight_windows_sweep(w);
        return false;
    }
    struct insight_window *window = s->window[s->next];
    struct insight_window *before = s->next == 0 ? NULL : s->window[s->next - 1];
    *view = (struct insight_view){.spec = s->spec,
                                  .start = window->start,
                                  .final = which == WINDOWS_DUE,
                                  .late = s->late,
                                  .set = &window->set};
    if (before != NULL && before->start == window_previous(s->spec, window->start))
        view->previous = &before->set;
    s->next++;
    w->handed_out = s;
    return true;
}
