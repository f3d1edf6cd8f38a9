// SPDX-License-Identifier: BSD-2-Clause
//
// The beginning of the page: its title, what it covers, what to know about the numbers, and the
// most important ones.

#include "view/html.h"
#include "view/page_internal.h"

static void put_start(struct page *p)
{
    struct buf *b = p->b;

    buf_puts(b, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=\"referrer\" content=\"no-referrer\">\n"
                "<meta name=\"color-scheme\" content=\"light dark\">\n"
                "<meta name=\"generator\" content=\"loginreport\">\n"
                "<link rel=\"icon\" href=\"data:,\">\n<title>");
    html_put_text(b, p->options->title);
    buf_puts(b, "</title>\n<style>");
    buf_puts(b, page_style);
    buf_puts(b, "</style></head>\n<body><main>\n<header><h1>");
    html_put_text(b, p->options->title);
    buf_puts(b, "</h1>\n");
}

// Returns the time that the windows cover.
static void find_span(const struct page *p, int64_t *start, int64_t *end)
{
    *start = *end = INSIGHT_NO_TIME;
    for (size_t i = 0; i < p->s->windows; i++) {
        const struct window *w = p->s->window[i];
        int64_t from = w->start != INSIGHT_NO_TIME ? w->start : w->first;
        int64_t to = w->end != INSIGHT_NO_TIME ? w->end : w->last;
        if (from != INSIGHT_NO_TIME && (*start == INSIGHT_NO_TIME || from < *start))
            *start = from;
        if (to != INSIGHT_NO_TIME && to > *end)
            *end = to;
    }
}

static void put_span(struct page *p)
{
    int64_t start, end;

    find_span(p, &start, &end);
    buf_puts(p->b, "<p class=\"lead\">");
    if (start != INSIGHT_NO_TIME && end >= start) {
        html_put_span(p->b, start, end);
        buf_puts(p->b, " UTC, ");
    }
    if (p->s->kind == WINDOW_ALL) {
        buf_puts(p->b, "all records in one window</p>\n");
        return;
    }
    html_put_counted(p->b, p->s->windows, "window", "windows");
    buf_puts(p->b, " of <bdi>");
    if (p->per.data[0] < '0' || p->per.data[0] > '9')
        buf_puts(p->b, p->s->length > 0 ? "one " : "");
    html_put_text(p->b, p->s->length > 0 ? p->per.data : p->s->name);
    buf_puts(p->b, "</bdi></p>\n");
}

static void begin_note(struct page *p)
{
    buf_puts(p->b, "<li>");
}

static void put_notes_of_series(struct page *p)
{
    bool approx = false, cut = false;

    for (size_t i = 0; i < p->s->windows; i++) {
        approx = approx || p->s->window[i]->approx;
        cut = cut || p->s->window[i]->cut;
    }
    if (p->open > 0) {
        begin_note(p);
        html_put_counted(p->b, p->open, "window is", "windows are");
        buf_puts(p->b, " not final: the numbers may still grow.");
    }
    if (approx) {
        begin_note(p);
        buf_puts(p->b, "Some numbers are estimates, because there were too many different values "
                       "to count them exactly.");
    }
    if (cut) {
        begin_note(p);
        buf_puts(p->b, "Some lists were cut, because they were too long for one line.");
    }
    if (p->s->dropped > 0) {
        begin_note(p);
        html_put_counted(p->b, p->s->dropped, "older window is", "older windows are");
        buf_puts(p->b, " left out.");
    }
    if (p->s->kind == WINDOW_HOPPING) {
        begin_note(p);
        buf_puts(p->b, "The windows overlap, so a login is in several of them, and sums count it "
                       "several times.");
    }
}

static void put_notes(struct page *p)
{
    size_t start;

    buf_puts(p->b, "<ul class=\"notes\">");
    start = p->b->len;
    if (p->s != NULL)
        put_notes_of_series(p);
    if (p->m->marks > 0 && !p->m->ended) {
        begin_note(p);
        buf_puts(p->b, "The input broke off before its end, so some insights may be missing.");
    }
    if (p->m->malformed > 0) {
        begin_note(p);
        html_put_counted(p->b, p->m->malformed, "line was", "lines were");
        buf_puts(p->b, " malformed and could not be used.");
    }
    if (p->b->len == start)
        p->b->len = start - sizeof "<ul class=\"notes\">" + 1;
    else
        buf_puts(p->b, "</ul>\n");
}

static void put_tile(struct page *p, const char *name, uint64_t n, const struct window *when)
{
    buf_puts(p->b, "<div><dt>");
    html_put_text(p->b, name);
    buf_puts(p->b, "</dt><dd>");
    buf_put_grouped(p->b, n);
    if (when != NULL && p->s->windows > 1) {
        buf_puts(p->b, "<small>");
        page_put_window(p, when);
        buf_puts(p->b, "</small>");
    }
    buf_puts(p->b, "</dd></div>");
}

// The highest number of logins and of users in a window.
static void put_highest(struct page *p)
{
    const struct window *logins = p->s->window[0], *users = logins;
    struct buf name = BUF_INIT;

    for (size_t i = 1; i < p->s->windows; i++) {
        const struct window *w = p->s->window[i];
        if (series_logins(p->s, w) > series_logins(p->s, logins))
            logins = w;
        if (w->users > users->users)
            users = w;
    }
    if (p->s->windows > 1) {
        buf_printf(&name, "Most logins in one %s%c", p->s->length > 0 ? p->per.data : "window", 0);
        put_tile(p, name.data, series_logins(p->s, logins), logins);
    }
    buf_clear(&name);
    if (p->s->windows > 1)
        buf_printf(&name, "Most users in one %s%c", p->s->length > 0 ? p->per.data : "window", 0);
    else
        buf_printf(&name, "Users%c", 0);
    if (users->users > 0)
        put_tile(p, name.data, users->users, users);
    buf_release(&name);
}

static void put_tiles(struct page *p)
{
    buf_puts(p->b, "<dl class=\"tiles\">");
    if (page_adds_up(p))
        put_tile(p, "Logins", p->logins, NULL);
    if (p->s != NULL) {
        put_highest(p);
        put_tile(p, "Late", p->late, NULL);
    }
    put_tile(p, "Rejected", p->m->rejects.total, NULL);
    buf_puts(p->b, "</dl>\n");
}

void page_put_head(struct page *p)
{
    put_start(p);
    if (p->s != NULL)
        put_span(p);
    else
        buf_puts(p->b, "<p class=\"lead\">There are no insights in the input.</p>\n");
    put_notes(p);
    if (p->s != NULL || p->m->rejects.total > 0)
        put_tiles(p);
    buf_puts(p->b, "</header>\n");
}
