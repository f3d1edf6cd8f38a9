// SPDX-License-Identifier: BSD-2-Clause
//
// What happened when: logins over time, by device type, with the table of all windows behind it;
// and late records.

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/datetime.h"
#include "base/xalloc.h"
#include "view/chart.h"
#include "view/html.h"
#include "view/page_internal.h"
#include "view/ticks.h"

#define SLOTS_MAX 744 // a month by hours
#define ROWS_MAX 2000 // in the table of windows
#define STACKED_MAX (CHART_LAYERS_MAX - 1)

// How windows are shown on an axis, and what is stacked.
struct axis {
    struct page *p;
    size_t from;     // the first window that is shown
    int64_t slot_ms; // the length of a slot; 0 if windows are not of time
    int64_t start;   // of the first slot: a time, or else a number
    size_t slots;
    size_t subject;            // the counted field that is stacked; none if s->subjects
    struct value_list stacked; // its most frequent values
};

// Chooses the slots of the axis: one for each window, or for several that are added up.
static void place_windows(struct axis *a)
{
    const struct series *s = a->p->s;
    const struct window *first = s->window[0], *last = s->window[s->windows - 1];

    if (s->kind == WINDOW_TUMBLING) {
        a->slot_ms = ticks_duration(last->end - first->start, s->length, SLOTS_MAX);
        a->start = first->start - (first->start % a->slot_ms + a->slot_ms) % a->slot_ms;
        if (a->slot_ms == s->length)
            a->start = first->start;
        a->slots = (size_t)((last->end - a->start + a->slot_ms - 1) / a->slot_ms);
        return;
    }
    // Overlapping windows and those of records cannot be added up, so the last ones are shown.
    // Their order is a time or a number.
    int64_t apart = s->kind == WINDOW_HOPPING ? s->step : 1;
    while (s->window[a->from]->order <= last->order - apart * SLOTS_MAX)
        a->from++;
    a->start = s->window[a->from]->order;
    a->slots = (size_t)((last->order - a->start) / apart + 1);
    a->slot_ms = s->kind == WINDOW_HOPPING ? s->step : 0;
}

static size_t slot_of(const struct axis *a, size_t window)
{
    int64_t apart = a->slot_ms > 0 ? a->slot_ms : 1;
    size_t slot = (size_t)((a->p->s->window[window]->order - a->start) / apart);

    return slot < a->slots ? slot : a->slots - 1;
}

// Returns the number of a value in the list of stacked ones, or its length.
static size_t place_of(const struct axis *a, struct value_text value)
{
    size_t i = 0;

    for (; i < a->stacked.count; i++) {
        struct value_text text = value_list_text(&a->stacked, i, 0);
        if (bytes_equal(text.data, text.len, value.data, value.len))
            break;
    }
    return i;
}

// Sets the counts of a window by stacked value; the last one is the rest.
static void count_window(const struct axis *a, const struct window *w, uint64_t *count)
{
    const struct findings *f = window_findings(w, a->subject);
    uint64_t all = series_logins(a->p->s, w), known = 0;

    memset(count, 0, (a->stacked.count + 1) * sizeof *count);
    for (size_t i = 0; f != NULL && i < f->list.count; i++) {
        size_t place = place_of(a, value_list_text(&f->list, i, 0));
        if (place == a->stacked.count)
            continue;
        count[place] += f->list.row[i].count;
        known += f->list.row[i].count;
    }
    count[a->stacked.count] = all > known ? all - known : 0;
}

static void fill_chart(const struct axis *a, struct chart *c)
{
    uint64_t count[CHART_LAYERS_MAX];

    c->value = xcalloc(c->slots * c->layers, sizeof *c->value);
    for (size_t i = a->from; i < a->p->s->windows; i++) {
        count_window(a, a->p->s->window[i], count);
        for (size_t k = 0; k < c->layers; k++)
            c->value[slot_of(a, i) * c->layers + k] += count[k];
    }
}

// Removes the last layer if all of its numbers are 0.
static void drop_empty_rest(struct chart *c)
{
    size_t layers = c->layers - 1;

    if (layers == 0)
        return;
    for (size_t i = 0; i < c->slots; i++) {
        if (c->value[i * c->layers + layers] != 0)
            return;
    }
    for (size_t i = 0; i < c->slots; i++)
        memmove(c->value + i * layers, c->value + i * c->layers, layers * sizeof *c->value);
    c->layers = layers;
    c->has_other = false;
}

// Appends what a slot is called: "hour", "2 hours", "1h window".
static void put_unit(const struct axis *a, struct buf *b, const char *noun)
{
    const struct series *s = a->p->s;

    buf_printf(b, "%s per ", noun);
    if (s->kind != WINDOW_TUMBLING)
        buf_printf(b, "window of %s", s->name);
    else if (a->slot_ms == s->length)
        buf_puts(b, a->p->per.data);
    else if (a->slot_ms % MS_DAY == 0)
        buf_printf(b, "%lld days", (long long)(a->slot_ms / MS_DAY));
    else if (a->slot_ms % MS_HOUR == 0)
        buf_printf(b, "%lld hours", (long long)(a->slot_ms / MS_HOUR));
    else
        buf_printf(b, "%lld seconds", (long long)(a->slot_ms / MS_SECOND));
    buf_putc(b, '\0');
}

static void put_chart(const struct axis *a, struct chart *c, const char *noun, const char *label)
{
    struct buf unit = BUF_INIT;

    put_unit(a, &unit, noun);
    c->noun = noun;
    c->unit = unit.data;
    c->label = label;
    c->slots = a->slots;
    c->start = a->start;
    c->slot_ms = a->slot_ms;
    c->span_ms = a->slot_ms > a->p->s->length ? a->slot_ms : a->p->s->length;
    c->first_number = a->p->s->window[a->from]->order;
    chart_put(a->p->b, c);
    free(c->value);
    buf_release(&unit);
}

static void put_head_row(const struct axis *a)
{
    struct buf *b = a->p->b;

    buf_puts(b, "<thead><tr><th scope=\"col\">window (UTC)</th><th scope=\"col\">logins</th>");
    for (size_t i = 0; i < a->stacked.count; i++) {
        buf_puts(b, "<th scope=\"col\">");
        html_put_bdi(b, value_list_text(&a->stacked, i, 0), 24);
        buf_puts(b, "</th>");
    }
    if (a->stacked.count > 0)
        buf_puts(b, "<th scope=\"col\">other</th>");
    buf_puts(b, "<th scope=\"col\">users</th><th scope=\"col\">addresses</th>"
                "<th scope=\"col\">devices</th><th scope=\"col\">late</th>"
                "<th scope=\"col\">final</th></tr></thead><tbody>\n");
}

static void put_cell(struct buf *b, uint64_t n)
{
    buf_puts(b, "<td>");
    buf_put_grouped(b, n);
}

static void put_row(const struct axis *a, const struct window *w)
{
    uint64_t count[CHART_LAYERS_MAX];
    struct buf *b = a->p->b;

    buf_puts(b, "<tr><th scope=\"row\">");
    page_put_window(a->p, w);
    put_cell(b, series_logins(a->p->s, w));
    count_window(a, w, count);
    for (size_t i = 0; i <= a->stacked.count && a->stacked.count > 0; i++)
        put_cell(b, count[i]);
    put_cell(b, w->users);
    put_cell(b, w->ips);
    put_cell(b, w->devices);
    put_cell(b, w->late);
    buf_puts(b, w->final ? "<td>yes\n" : "<td>no\n");
}

static void put_windows(const struct axis *a)
{
    const struct series *s = a->p->s;
    size_t from = s->windows > ROWS_MAX ? s->windows - ROWS_MAX : 0;

    buf_puts(a->p->b, "<details><summary>Table of the ");
    if (from > 0)
        buf_puts(a->p->b, "last ");
    html_put_counted(a->p->b, s->windows - from, "window", "windows");
    buf_puts(a->p->b, "</summary>\n");
    page_begin_table(a->p, "windows", "Logins in each window");
    put_head_row(a);
    for (size_t i = from; i < s->windows; i++)
        put_row(a, s->window[i]);
    page_end_table(a->p);
    buf_puts(a->p->b, "</details>\n");
}

// Chooses the field that is stacked: the device type, or else the first one that was counted.
static void choose_field(struct axis *a)
{
    const struct series *s = a->p->s;

    a->subject = series_subject(s, INSIGHT_COUNT, "device_type");
    if (a->subject == s->subjects)
        a->subject = series_subject(s, INSIGHT_COUNT, NULL);
    if (a->subject < s->subjects)
        series_total(s, a->subject, 0, s->windows, STACKED_MAX, &a->p->m->secret, &a->stacked);
}

static void put_title(const struct axis *a)
{
    const struct series *s = a->p->s;

    buf_puts(a->p->b, "<section aria-labelledby=\"time\"><h2 id=\"time\">Logins");
    if (s->windows > 1)
        buf_puts(a->p->b, " over time");
    if (a->stacked.count > 0) {
        buf_puts(a->p->b, ", by ");
        page_put_field(a->p, s->subject[a->subject].field[0], false);
    }
    buf_puts(a->p->b, "</h2>\n");
    if (a->from > 0) {
        buf_puts(a->p->b, "<p>The chart shows the last ");
        html_put_counted(a->p->b, s->windows - a->from, "window", "windows");
        buf_puts(a->p->b, ".</p>\n");
    }
}

void page_put_time(struct page *p)
{
    struct axis a = {.p = p, .stacked = VALUE_LIST_INIT};
    struct chart c = {0};

    choose_field(&a);
    place_windows(&a);
    put_title(&a);
    c.layers = a.stacked.count + 1;
    for (size_t i = 0; i < a.stacked.count; i++)
        c.name[i] = value_list_text(&a.stacked, i, 0);
    c.name[a.stacked.count] = (struct value_text){"other", 5};
    c.has_other = c.layers > 1;
    if (p->s->windows > 1) {
        c.slots = a.slots;
        fill_chart(&a, &c);
        drop_empty_rest(&c);
        put_chart(&a, &c, "logins", "Bar chart of the logins over time; the table has its numbers");
    }
    put_windows(&a);
    page_end_section(p);
    value_list_release(&a.stacked);
}

void page_put_late(struct page *p)
{
    struct axis a = {.p = p, .stacked = VALUE_LIST_INIT};
    struct chart c = {.layers = 1};

    if (p->late == 0)
        return;
    place_windows(&a);
    c.value = xcalloc(a.slots, sizeof *c.value);
    for (size_t i = a.from; i < p->s->windows; i++)
        c.value[slot_of(&a, i)] += p->s->window[i]->late;
    page_begin_section(p, "late", "Late records");
    buf_puts(p->b, "<p>");
    html_put_counted(p->b, p->late, "record", "records");
    buf_puts(p->b, " came after all their windows had closed, and no insight counts them. A window "
                   "says how many were late since the one before it closed.</p>\n");
    if (p->s->windows > 1)
        put_chart(&a, &c, "late records",
                  "Bar chart of the late records over time; the table of windows has its numbers");
    else
        free(c.value);
    page_end_section(p);
}
