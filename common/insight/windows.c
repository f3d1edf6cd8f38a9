// SPDX-License-Identifier: BSD-2-Clause
#include "insight/windows.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/xalloc.h"

void windows_init(struct windows *w, const struct plan *plan, const struct window_spec *specs,
                  size_t count, int64_t lateness)
{
    *w = (struct windows){.plan = plan,
                          .count = count,
                          .lateness = lateness,
                          .watermark = INT64_MIN,
                          .next_end = INT64_MAX};
    w->series = xcalloc(count, sizeof *w->series);
    for (size_t i = 0; i < count; i++) {
        w->series[i] = (struct window_series){.spec = &specs[i], .number = 1};
        w->has_spans |= specs[i].span > 0;
    }
    batch_init(&w->batch, plan);
}

static void free_window(struct windows *w, struct window *window)
{
    insight_set_release(&window->set, w->plan);
    free(window);
}

void windows_clear(struct windows *w)
{
    batch_settle(&w->batch);
    for (size_t i = 0; i < w->count; i++) {
        for (size_t j = 0; j < w->series[i].count; j++)
            free_window(w, w->series[i].window[j]);
        w->series[i].count = 0;
        w->series[i].current = NULL;
    }
}

bool windows_are_empty(const struct windows *w)
{
    size_t count = 0;

    for (size_t i = 0; i < w->count; i++)
        count += w->series[i].count;
    return count == 0;
}

void windows_reset(struct windows *w)
{
    windows_clear(w);
    partial_join_release(&w->join);
    coverage_release(&w->coverage);
    w->watermark = INT64_MIN;
    for (size_t i = 0; i < w->count; i++) {
        w->series[i].number = 1;
        w->series[i].late = 0;
    }
    windows_sweep(w);
}

void windows_release(struct windows *w)
{
    windows_clear(w);
    for (size_t i = 0; i < w->count; i++)
        free(w->series[i].window);
    free(w->series);
    batch_release(&w->batch);
    partial_join_release(&w->join);
    coverage_release(&w->coverage);
}

// Returns the open window of a series whose windows have a span, or NULL.
static struct window *open_with_span(const struct window_series *s)
{
    struct window *last = s->spec->span == 0 || s->count == 0 ? NULL : s->window[s->count - 1];

    return last == NULL || last->closed ? NULL : last;
}

// Ends the open window of a series if a record of this time would exceed its span.
static void limit_span(struct windows *w, const struct window_series *s, int64_t time)
{
    struct window *window = open_with_span(s);

    if (window == NULL)
        return;
    int64_t first = time < window->set.first ? time : window->set.first;
    int64_t last = time > window->set.last ? time : window->set.last;
    if (last - first >= s->spec->span)
        window->full = w->filled = true;
}

void windows_limit_span(struct windows *w, int64_t time)
{
    for (size_t i = 0; i < w->count; i++)
        limit_span(w, &w->series[i], time);
}

// Ends the open windows of records whose span is over at the watermark. This is done only when the
// watermark moves on, so that a window of records that came in the wrong order is not ended at its
// first record.
static void end_spans(struct windows *w)
{
    for (size_t i = 0; i < w->count; i++) {
        const struct window_series *s = &w->series[i];
        struct window *window = open_with_span(s);
        int64_t end;
        if (window != NULL && !__builtin_add_overflow(window->set.first, s->spec->span, &end) &&
            end <= w->watermark)
            window->full = w->filled = true;
    }
}

void windows_advance(struct windows *w, int64_t time)
{
    int64_t watermark;

    if (w->lateness == WINDOWS_NO_LIMIT || __builtin_sub_overflow(time, w->lateness, &watermark) ||
        watermark <= w->watermark)
        return;
    windows_move(w, watermark);
}

void windows_move(struct windows *w, int64_t watermark)
{
    if (w->batch.counting != NULL) // what was added before is counted before
        batch_settle(&w->batch);
    w->watermark = watermark;
    if (w->has_spans)
        end_spans(w);
}

void windows_end(struct windows *w)
{
    w->ended = true;
}

size_t windows_open_count(const struct windows *w)
{
    size_t open = 0;

    for (size_t i = 0; i < w->count; i++) {
        for (size_t n = 0; n < w->series[i].count; n++)
            open += !w->series[i].window[n]->closed;
    }
    return open;
}

bool windows_due(const struct windows *w)
{
    return w->watermark >= w->next_end || w->filled || w->ended;
}

// Returns how many windows of a series start before `start`.
static size_t find_place(const struct window_series *s, int64_t start)
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

struct window *windows_open(struct windows *w, struct window_series *s, int64_t start)
{
    size_t at = find_place(s, start);

    if (at < s->count && s->window[at]->start == start)
        return s->window[at];
    if (s->count == s->size) {
        s->size = s->size == 0 ? 4 : 2 * s->size;
        s->window = xreallocarray(s->window, s->size, sizeof *s->window);
    }
    memmove(s->window + at + 1, s->window + at, (s->count - at) * sizeof *s->window);
    struct window *window = xcalloc(1, sizeof *window);
    window->series = (size_t)(s - w->series);
    window->start = start;
    insight_set_init(&window->set, w->plan);
    s->window[at] = window;
    s->count++;
    if (s->spec->kind == WINDOW_TIME && window_spec_end(s->spec, start) < w->next_end)
        w->next_end = window_spec_end(s->spec, start);
    return window;
}

// Returns the window of a series with this start, or NULL.
static struct window *find_window(const struct window_series *s, int64_t start)
{
    size_t at = find_place(s, start);

    return at < s->count && s->window[at]->start == start ? s->window[at] : NULL;
}

struct insight_set *windows_find(const struct windows *w, size_t series, int64_t start)
{
    struct window *window = series < w->count ? find_window(&w->series[series], start) : NULL;

    return window == NULL ? NULL : &window->set;
}

// Adds the loaded record to a window, and opens it if there is none. Returns false when the window
// is closed. A window may be closed before the watermark reaches its end: if the end of the
// previous run's input has closed it, a run that resumes finds it closed.
static bool add_to(struct windows *w, struct window_series *s, int64_t start, int64_t time)
{
    if (s->current == NULL || s->current->start != start)
        s->current = windows_open(w, s, start);
    if (s->current->closed)
        return false;
    s->current->changed = true;
    insight_set_extend(&s->current->set, 1, time, time);
    batch_add(&w->batch, &s->current->set);
    return true;
}

// Adds the loaded record to all open windows that contain its time, the latest one first. Returns
// false when there is no such window. Sets w->missed when a window that contains it is closed.
static bool add_by_time(struct windows *w, struct window_series *s, int64_t time)
{
    int64_t start = window_spec_start(s->spec, time);
    int64_t end = window_spec_end(s->spec, start);
    bool taken = false;

    for (; end > time && end > w->watermark; end = window_spec_end(s->spec, start)) {
        bool open = add_to(w, s, start, time);
        taken |= open;
        w->missed |= !open;
        start = window_spec_previous(s->spec, start);
    }
    w->missed |= end > time;
    s->late += !taken;
    return taken;
}

// Adds the loaded record to the open window of a series that is not by time.
static void add_in_order(struct windows *w, struct window_series *s, int64_t time)
{
    add_to(w, s, s->number, time);
    if (s->spec->kind == WINDOW_RECORDS && s->current->set.records == s->spec->records)
        s->current->full = w->filled = true;
}

bool windows_add(struct windows *w, int64_t time)
{
    bool taken = false;

    w->missed = false;
    w->batch.time = time;
    batch_load(&w->batch);
    for (size_t i = 0; i < w->count; i++) {
        struct window_series *s = &w->series[i];
        if (s->spec->kind == WINDOW_TIME) {
            taken |= add_by_time(w, s, time);
            continue;
        }
        add_in_order(w, s, time);
        taken = true;
    }
    return taken;
}

bool windows_have(const struct windows *w, const char *text, size_t len)
{
    for (size_t i = 0; i < w->count; i++) {
        if (bytes_are(text, len, w->series[i].spec->text))
            return true;
    }
    return false;
}

static struct window_series *find_series(const struct windows *w, const struct partial_head *head)
{
    for (size_t i = 0; i < w->count; i++) {
        const struct window_spec *spec = w->series[i].spec;
        if (!bytes_are(head->window, head->window_len, spec->text))
            continue;
        bool right =
            spec->kind == WINDOW_ALL ||
            (spec->kind == WINDOW_TIME && window_spec_start(spec, head->start) == head->start &&
             head->first >= head->start && head->last < window_spec_end(spec, head->start));
        return right ? &w->series[i] : NULL;
    }
    return NULL;
}

bool windows_knows(const struct windows *w, const struct partial_head *head)
{
    return find_series(w, head) != NULL;
}

// Returns the start (or number) of a partial's window.
static int64_t start_of(const struct window_series *s, const struct partial_head *head)
{
    return s->spec->kind == WINDOW_TIME ? head->start : s->number;
}

bool windows_takes(const struct windows *w, const struct partial_head *head)
{
    const struct window_series *s = find_series(w, head);
    int64_t start = start_of(s, head);
    const struct window *window = find_window(s, start);

    if (s->spec->kind == WINDOW_TIME && window_spec_end(s->spec, start) <= w->watermark)
        return false;
    return window == NULL || !window->closed;
}

struct insight_set *windows_extend(struct windows *w, const struct partial_head *head)
{
    struct window_series *s = find_series(w, head);

    if (!windows_takes(w, head)) {
        s->late += head->records;
        return NULL;
    }
    struct window *window = windows_open(w, s, start_of(s, head));
    window->changed = true;
    insight_set_extend(&window->set, head->records, head->first, head->last);
    return &window->set;
}

static bool is_due(const struct windows *w, const struct window_series *s,
                   const struct window *window)
{
    return w->ended || window->full ||
           (s->spec->kind == WINDOW_TIME &&
            window_spec_end(s->spec, window->start) <= w->watermark);
}

static bool is_wanted(const struct windows *w, const struct window_series *s,
                      const struct window *window, enum windows_which which)
{
    if (window->closed)
        return false;
    if (which == WINDOWS_OPEN)
        return true;
    return which == WINDOWS_DUE ? is_due(w, s, window) : window->changed;
}

// Returns whether the next window of one series is handed out before that of another. Windows of
// time are ordered by their end, which is the order in which they would close one by one, and then
// by their start.
static bool comes_before(const struct window_series *a, const struct window_series *b)
{
    static const int order[] = {[WINDOW_TIME] = 0, [WINDOW_RECORDS] = 1, [WINDOW_ALL] = 2};
    int64_t start_a = a->window[a->next]->start, start_b = b->window[b->next]->start;

    if (a->spec->kind != WINDOW_TIME || b->spec->kind != WINDOW_TIME)
        return order[a->spec->kind] < order[b->spec->kind];
    int64_t end_a = window_spec_end(a->spec, start_a), end_b = window_spec_end(b->spec, start_b);
    return end_a != end_b ? end_a < end_b : start_a < start_b;
}

// Returns the series whose next wanted window must be handed out first, or NULL if none is wanted.
static struct window_series *first_series(struct windows *w, enum windows_which which)
{
    struct window_series *first = NULL;

    for (size_t i = 0; i < w->count; i++) {
        struct window_series *s = &w->series[i];
        while (s->next < s->count && !is_wanted(w, s, s->window[s->next], which))
            s->next++;
        if (s->next == s->count)
            continue;
        if (first == NULL || comes_before(s, first))
            first = s;
    }
    return first;
}

// Returns whether a closed window is no longer needed, because the next window has ended too.
static bool is_spent(const struct windows *w, const struct window_series *s,
                     const struct window *window)
{
    if (!window->closed)
        return false;
    if (s->spec->kind == WINDOW_RECORDS)
        return window->start + 1 < s->number;
    return window_spec_end(s->spec, window->start) + s->spec->step <= w->watermark;
}

void windows_sweep(struct windows *w)
{
    w->next_end = INT64_MAX;
    w->filled = false;
    for (size_t i = 0; i < w->count; i++) {
        struct window_series *s = &w->series[i];
        size_t kept = 0;
        for (size_t j = 0; j < s->count; j++) {
            struct window *window = s->window[j];
            if (is_spent(w, s, window)) {
                free_window(w, window);
                continue;
            }
            s->window[kept++] = window;
            if (s->spec->kind != WINDOW_TIME || window->closed)
                continue;
            int64_t end = window_spec_end(s->spec, window->start);
            w->next_end = end < w->next_end ? end : w->next_end;
        }
        s->count = kept;
        s->current = NULL;
    }
}

// Called when the owner no longer uses the window that was handed out last. Closes it if it was
// due.
static void take_back(struct windows *w, enum windows_which which)
{
    struct window_series *s = w->handed_out;

    if (s == NULL)
        return;
    struct window *window = s->window[s->next - 1];
    window->changed = false;
    if (which == WINDOWS_DUE) {
        window->closed = true;
        insight_set_trim(&window->set, w->plan);
        s->late = 0;
        s->number++;
    }
    w->handed_out = NULL;
}

bool windows_next(struct windows *w, enum windows_which which, struct window_view *view)
{
    batch_settle(&w->batch);
    take_back(w, which);
    struct window_series *s = first_series(w, which);
    if (s == NULL) {
        for (size_t i = 0; i < w->count; i++)
            w->series[i].next = 0;
        if (which == WINDOWS_DUE)
            windows_sweep(w);
        return false;
    }
    struct window *window = s->window[s->next];
    struct window *before = s->next == 0 ? NULL : s->window[s->next - 1];
    *view = (struct window_view){.spec = s->spec,
                                 .start = window->start,
                                 .final = which == WINDOWS_DUE,
                                 .late = s->late,
                                 .set = &window->set};
    if (before != NULL && before->start == window_spec_previous(s->spec, window->start))
        view->previous = &before->set;
    s->next++;
    w->handed_out = s;
    return true;
}
