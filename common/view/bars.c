// SPDX-License-Identifier: BSD-2-Clause
#include "view/bars.h"

#include <string.h>

#include "base/bytes.h"
#include "view/cells.h"
#include "view/label.h"

// What the parts of a bar consist of, if not of colours.
static const char *const shades[CANVAS_SERIES] = {"█", "▒", "▓", "░", "╱", "·"};
static const char *const letters[CANVAS_SERIES] = {"#", "=", "+", "-", ":", "."};

static const char so_far[] = " so far"; // behind the bar of a window that is still open

static size_t label_len(const struct series *s, size_t window)
{
    struct buf label = BUF_INIT;

    label_window(&label, s, s->window[window]);
    size_t len = label.len;
    buf_release(&label);
    return len;
}

void bars_init(struct bars *bars, const struct series *series, size_t subject,
               const struct map_secret *secret, bool has_colours)
{
    *bars = (struct bars){.series = series, .subject = subject, .has_colours = has_colours};
    if (subject < series->subjects) {
        uint64_t other =
            series_total(series, subject, 0, series->windows, CANVAS_SERIES, secret, &bars->parts);
        // The last colour is for all other values, unless there is just one of them.
        if (other > 0)
            other += value_list_cut(&bars->parts, CANVAS_SERIES - 1);
        bars->other = other;
    }
    for (size_t i = 0; i < series->windows; i++) {
        uint64_t logins = series_logins(series, series->window[i]);
        bars->most = logins > bars->most ? logins : bars->most;
    }
    if (series->windows > 0) {
        size_t first = label_len(series, 0), last = label_len(series, series->windows - 1);
        bars->label_width = first > last ? first : last;
    }
    bars->number_width = canvas_number_width(bars->most);
}

void bars_release(struct bars *bars)
{
    value_list_release(&bars->parts);
}

static const char *fill(const struct bars *bars, const struct canvas *canvas, size_t part)
{
    if (!canvas->utf8)
        return bars->has_colours ? "#" : letters[part];
    return bars->has_colours ? shades[0] : shades[part];
}

static enum canvas_role role(size_t part)
{
    return (enum canvas_role)(ROLE_SERIES + part);
}

static void put_share(struct canvas *canvas, double count, double all)
{
    struct buf text = BUF_INIT;

    buf_printf(&text, " %.0f%%", all > 0 ? 100 * count / all : 0.0);
    buf_putc(&text, '\0');
    canvas_put(canvas, ROLE_QUIET, text.data);
    buf_release(&text);
}

static void put_legend(const struct bars *bars, struct canvas *canvas, bool has_shares)
{
    size_t parts = bars->parts.count;
    double all = (double)bars->other;

    for (size_t i = 0; i < parts; i++)
        all += (double)bars->parts.row[i].count;
    for (size_t i = 0; i < parts + (bars->other > 0); i++) {
        canvas_put(canvas, ROLE_TEXT, i == 0 ? "" : "  ");
        canvas_put(canvas, role(i), fill(bars, canvas, i));
        canvas_put(canvas, ROLE_TEXT, " ");
        if (i == parts) {
            canvas_put(canvas, ROLE_QUIET, "all others");
        } else {
            struct value_text text = value_list_text(&bars->parts, i, 0);
            canvas_put_cut(canvas, ROLE_TEXT, text.data, text.len, 16);
        }
        if (has_shares)
            put_share(canvas, (double)(i == parts ? bars->other : bars->parts.row[i].count), all);
    }
}

void bars_put_legend(const struct bars *bars, struct canvas *canvas)
{
    struct canvas trial = {0};

    // Without the shares if they make the row too long.
    canvas_clear(&trial, canvas->width + 1, canvas->utf8);
    put_legend(bars, &trial, true);
    put_legend(bars, canvas, trial.column <= canvas->width);
    canvas_end_row(canvas);
    canvas_release(&trial);
}

static uint64_t count_of(const struct value_list *list, struct value_text value)
{
    for (size_t i = 0; i < list->count; i++) {
        struct value_text text = value_list_text(list, i, 0);
        if (bytes_equal(text.data, text.len, value.data, value.len))
            return list->row[i].count;
    }
    return 0;
}

// Sets the share of each part of the bar of a window, the last one being all other values. Returns
// the number of parts.
static size_t find_shares(const struct bars *bars, const struct window *w,
                          double share[CANVAS_SERIES])
{
    const struct findings *f = window_findings(w, bars->subject);
    size_t parts = bars->parts.count;
    double all = 0, known = 0;

    if (f == NULL || parts == 0) {
        share[0] = 1;
        return 1;
    }
    for (size_t i = 0; i < f->list.count; i++)
        all += (double)f->list.row[i].count;
    all += (double)f->other;
    for (size_t i = 0; i < parts; i++) {
        share[i] = (double)count_of(&f->list, value_list_text(&bars->parts, i, 0));
        known += share[i];
    }
    if (parts < CANVAS_SERIES)
        share[parts++] = all - known;
    for (size_t i = 0; i < parts; i++)
        share[i] = all > 0 ? share[i] / all : 0;
    return parts;
}

// Puts a bar of at most `room` columns. With colours it is as exact as half a column.
static void put_bar(const struct bars *bars, struct canvas *canvas, const struct window *w,
                    size_t room)
{
    double logins = (double)series_logins(bars->series, w);
    size_t halves = (size_t)(2 * (double)room * logins / (double)bars->most + 0.5);
    bool is_exact = bars->has_colours && canvas->utf8;
    double share[CANVAS_SERIES], sum = 0;
    size_t parts = find_shares(bars, w, share), done = 0, last = 0;

    halves = halves == 0 ? 1 : halves;
    size_t columns = is_exact ? halves / 2 : (halves + 1) / 2;
    for (size_t i = 0; i < parts; i++) {
        sum += share[i];
        size_t until = (size_t)(sum * (double)columns + 0.5);
        until = until > columns ? columns : until;
        if (until <= done)
            continue;
        canvas_repeat(canvas, role(i), fill(bars, canvas, i), until - done);
        done = until;
        last = i;
    }
    if (is_exact && halves % 2 == 1)
        canvas_put(canvas, role(last), "▌");
}

static bool has_open(const struct series *s, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        if (!s->window[i]->final)
            return true;
    }
    return false;
}

static void put_window(const struct bars *bars, struct canvas *canvas, size_t i, bool has_date,
                       bool is_chosen, size_t bar_end)
{
    const struct window *w = bars->series->window[i];
    enum canvas_role label_role = is_chosen ? ROLE_CHOSEN : ROLE_TEXT;
    struct buf label = BUF_INIT;
    size_t date = label_window(&label, bars->series, w);

    canvas_put(canvas, ROLE_CHOSEN, !is_chosen ? "  " : canvas->utf8 ? "▶ " : "> ");
    canvas_put_cut(canvas, has_date || is_chosen ? label_role : ROLE_QUIET, label.data, date,
                   SIZE_MAX);
    canvas_put_cut(canvas, label_role, label.data + date, label.len - date, SIZE_MAX);
    buf_release(&label);
    canvas_go_to(canvas, 2 + bars->label_width + 2);
    uint64_t logins = series_logins(bars->series, w);
    canvas_put_number(canvas, label_role, logins, bars->number_width);
    canvas_put(canvas, ROLE_TEXT, "  ");
    if (logins > 0 && bar_end > canvas->column)
        put_bar(bars, canvas, w, bar_end - canvas->column);
    if (!w->final)
        canvas_put(canvas, ROLE_QUIET, so_far);
    canvas_end_row(canvas);
}

static void put_gap(struct canvas *canvas, uint64_t missing)
{
    canvas_put(canvas, ROLE_QUIET, canvas->utf8 ? "  ⋯ " : "  ... ");
    canvas_put_number(canvas, ROLE_QUIET, missing, 0);
    canvas_put(canvas, ROLE_QUIET,
               missing == 1 ? " window without logins" : " windows without logins");
    canvas_end_row(canvas);
}

static bool have_same_date(const struct series *s, size_t a, size_t b)
{
    struct buf text[2] = {BUF_INIT, BUF_INIT};
    size_t date = label_window(&text[0], s, s->window[a]);
    bool same = label_window(&text[1], s, s->window[b]) == date &&
                memcmp(text[0].data, text[1].data, date) == 0;

    buf_release(&text[0]);
    buf_release(&text[1]);
    return same;
}

size_t bars_rows(const struct bars *bars, size_t from, size_t to)
{
    size_t rows = to - from;

    for (size_t i = from + 1; i < to; i++)
        rows += series_missing(bars->series, i - 1, i + 1) > 0;
    return rows;
}

void bars_put_windows(const struct bars *bars, struct canvas *canvas, size_t from, size_t to,
                      size_t chosen)
{
    size_t open = has_open(bars->series, from, to) ? sizeof so_far - 1 : 0;
    size_t bar_end = canvas->width > open ? canvas->width - open : 0;

    for (size_t i = from; i < to; i++) {
        uint64_t missing = i > from ? series_missing(bars->series, i - 1, i + 1) : 0;
        if (missing > 0)
            put_gap(canvas, missing);
        bool has_date = i == from || !have_same_date(bars->series, i - 1, i);
        put_window(bars, canvas, i, has_date, i == chosen, bar_end);
    }
}
