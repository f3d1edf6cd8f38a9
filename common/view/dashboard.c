// SPDX-License-Identifier: BSD-2-Clause
#include "view/dashboard.h"

#include "view/bars.h"
#include "view/details.h"
#include "view/help.h"
#include "view/label.h"

#define FRAME_ROWS 7   // of a screen, for what is neither the chart nor the details
#define DETAILS_MIN 12 // rows of a screen that has details
#define INDENT 1       // of the details

// Returns the first window from which all windows up to `last` fit into the rows.
static size_t fit_before(const struct bars *bars, size_t last, size_t rows)
{
    size_t from = last;

    while (from > 0 && bars_rows(bars, from - 1, last + 1) <= rows)
        from--;
    return from;
}

// Chooses which windows the chart shows: `top` moves as little as is needed to show the chosen one.
// Returns the end of their range.
static size_t fit_windows(const struct bars *bars, struct choice *c, size_t chosen, size_t rows)
{
    size_t windows = bars->series->windows;
    size_t lowest = fit_before(bars, windows - 1, rows); // with no empty rows below
    size_t end = chosen + 1;

    if (c->top > chosen)
        c->top = chosen;
    if (bars_rows(bars, c->top, chosen + 1) > rows)
        c->top = fit_before(bars, chosen, rows);
    if (c->top > lowest)
        c->top = lowest;
    while (end < windows && bars_rows(bars, c->top, end + 1) <= rows)
        end++;
    c->shown = end - c->top;
    return end;
}

// Says which windows are shown, unless all of them are.
static void put_range(struct canvas *canvas, const struct series *s, const struct choice *c,
                      size_t end)
{
    struct buf text = BUF_INIT;

    if (c->shown < s->windows) {
        buf_puts(&text, c->shown == 1 ? "window " : "windows ");
        buf_put_grouped(&text, c->top + 1);
        if (c->shown > 1) {
            buf_puts(&text, " to ");
            buf_put_grouped(&text, end);
        }
        buf_puts(&text, " of ");
        buf_put_grouped(&text, s->windows);
        buf_puts(&text, s->dropped > 0 ? " that are kept" : "");
        buf_putc(&text, '\0');
        canvas_put_right(canvas, ROLE_QUIET, text.data, canvas->width);
    }
    canvas_end_row(canvas);
    buf_release(&text);
}

static void put_chart(struct canvas *canvas, const struct bars *bars, struct choice *c,
                      size_t chosen, size_t rows)
{
    size_t end = fit_windows(bars, c, chosen, rows);

    canvas_end_row(canvas);
    if (bars->parts.count > 0) {
        canvas_put(canvas, ROLE_TEXT, "  ");
        bars_put_legend(bars, canvas);
    }
    bars_put_windows(bars, canvas, c->top, end, chosen);
    put_range(canvas, bars->series, c, end);
}

static void put_count(struct canvas *canvas, const char *before, uint64_t n, const char *one,
                      const char *many)
{
    canvas_put(canvas, ROLE_QUIET, before);
    canvas_put_number(canvas, ROLE_TEXT, n, 0);
    canvas_put(canvas, ROLE_QUIET, n == 1 ? one : many);
}

// Puts the title of the details, with what is known of the whole window.
static void put_window_title(struct canvas *canvas, const struct series *s, const struct window *w)
{
    struct buf title = BUF_INIT;

    buf_putc(&title, ' ');
    label_window_span(&title, s, w);
    canvas_put_cut(canvas, ROLE_CHOSEN, title.data, title.len, SIZE_MAX);
    buf_release(&title);
    canvas_put(canvas, ROLE_QUIET, w->final ? "" : " so far");
    if (w->has_logins) {
        put_count(canvas, ": ", w->users, " user", " users");
        put_count(canvas, ", ", w->ips, " address", " addresses");
        put_count(canvas, ", ", w->devices, " device", " devices");
    }
    canvas_end_row(canvas);
}

// Puts as many rows of the details as there is room for.
static void put_scrolled(struct canvas *canvas, const struct canvas *details, struct choice *c,
                         size_t rows)
{
    size_t most = details->row_count > rows ? details->row_count - rows : 0;

    if (c->scroll > most)
        c->scroll = most;
    bool is_cut = c->scroll < most;
    size_t end = c->scroll + (is_cut ? rows - 1 : rows);
    for (size_t i = c->scroll; i < end && i < details->row_count; i++) {
        canvas_go_to(canvas, INDENT);
        canvas_put_row(canvas, details, i);
        canvas_end_row(canvas);
    }
    if (is_cut) {
        canvas_put(canvas, ROLE_QUIET, canvas->utf8 ? " ⋯ " : " ... ");
        canvas_put_number(canvas, ROLE_QUIET, details->row_count - end, 0);
        canvas_put(canvas, ROLE_QUIET, " more rows: PgDn or d");
        canvas_end_row(canvas);
    }
}

// Divides a screen between the chart and the details. The details get three fifths if they need
// that, and the chart what they leave.
static size_t bars_share(const struct bars *bars, size_t rows, size_t details)
{
    size_t all = bars_rows(bars, 0, bars->series->windows);
    size_t most = rows - rows * 3 / 5;

    if (details < rows - most)
        most = rows - details;
    return all < most ? all : most;
}

static void put_body(struct canvas *canvas, const struct dashboard *d, const struct model *m,
                     const struct bars *bars, struct choice *c)
{
    const struct series *s = bars->series;
    size_t chosen = choice_window(c, s);
    struct canvas details = {0};

    if (d->height > 0 && d->height < DETAILS_MIN) {
        put_chart(canvas, bars, c, chosen, d->height > 5 ? d->height - 5 : 1);
        return;
    }
    canvas_clear(&details, canvas->width > INDENT ? canvas->width - INDENT : 1, canvas->utf8);
    details_put(&details, m, s, chosen, bars->subject);
    if (d->height == 0) {
        put_chart(canvas, bars, c, chosen, d->windows);
        put_window_title(canvas, s, s->window[chosen]);
        put_scrolled(canvas, &details, c, details.row_count);
    } else {
        size_t rows = d->height - FRAME_ROWS;
        size_t share = bars_share(bars, rows, details.row_count);
        put_chart(canvas, bars, c, chosen, share);
        put_window_title(canvas, s, s->window[chosen]);
        put_scrolled(canvas, &details, c, rows - share);
    }
    canvas_release(&details);
}

static void put_series(struct canvas *canvas, const struct dashboard *d, const struct model *m,
                       const struct series *s, struct choice *c)
{
    struct bars bars;

    bars_init(&bars, s, choice_subject(c, s), &m->secret, d->has_colours);
    put_body(canvas, d, m, &bars, c);
    bars_release(&bars);
}

void dashboard_put(struct canvas *canvas, const struct dashboard *d, struct model *m,
                   struct choice *c)
{
    const struct series *s = choice_series(c, m);

    canvas_clear(canvas, d->width, d->utf8);
    header_put_top(canvas, &d->header, s, c);
    header_put_figures(canvas, m, s);
    if (c->help) {
        canvas_end_row(canvas);
        help_put(canvas);
    } else if (s == NULL || s->windows == 0) {
        canvas_end_row(canvas);
        help_put_empty(canvas, m, d->header.ended);
        if (m->rejected > 0) {
            canvas_end_row(canvas);
            details_put_rejects(canvas, &m->rejects);
        }
    } else {
        put_series(canvas, d, m, s, c);
    }
    if (d->height == 0)
        return;
    while (canvas->row_count + 1 < d->height)
        canvas_end_row(canvas);
    if (d->height > 2) {
        canvas_cut(canvas, d->height - 1);
        help_put_keys(canvas, c);
    }
}
