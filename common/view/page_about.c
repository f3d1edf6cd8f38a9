// SPDX-License-Identifier: BSD-2-Clause
//
// What the data of the page are: what they cover, and what was read.

#include <string.h>

#include "view/html.h"
#include "view/page_internal.h"

static void begin(struct page *p, const char *name)
{
    buf_printf(p->b, "<div><dt>%s</dt><dd>", name);
}

static void end(struct page *p)
{
    buf_puts(p->b, "</dd></div>\n");
}

static void put_count(struct page *p, const char *name, uint64_t n)
{
    if (n == 0)
        return;
    begin(p, name);
    buf_put_grouped(p->b, n);
    end(p);
}

static void put_records(struct page *p)
{
    int64_t first = INSIGHT_NO_TIME, last = INSIGHT_NO_TIME;

    for (size_t i = 0; i < p->s->windows; i++) {
        const struct window *w = p->s->window[i];
        if (w->first != INSIGHT_NO_TIME && (first == INSIGHT_NO_TIME || w->first < first))
            first = w->first;
        if (w->last > last)
            last = w->last;
    }
    if (first == INSIGHT_NO_TIME || last == INSIGHT_NO_TIME)
        return;
    begin(p, "First login");
    html_put_moment(p->b, first, false);
    buf_puts(p->b, " UTC");
    end(p);
    begin(p, "Last login");
    html_put_moment(p->b, last, false);
    buf_puts(p->b, " UTC");
    end(p);
}

static void put_windows(struct page *p)
{
    uint64_t missing = series_missing(p->s, 0, p->s->windows);

    begin(p, "Windows");
    buf_put_grouped(p->b, p->s->windows);
    buf_puts(p->b, " of <bdi>");
    html_put_text(p->b, p->s->name);
    buf_puts(p->b, "</bdi>, ");
    buf_put_grouped(p->b, p->s->windows - p->open);
    buf_puts(p->b, " final");
    end(p);
    put_count(p, "Windows without logins between them", missing);
    if (p->m->series_count < 2)
        return;
    begin(p, "Other windows in the input");
    for (size_t i = 0, shown = 0; i < p->m->series_count; i++) {
        if (&p->m->series[i] == p->s)
            continue;
        if (shown++ > 0)
            buf_puts(p->b, ", ");
        html_put_bdi(p->b, (struct value_text){p->m->series[i].name, strlen(p->m->series[i].name)},
                     PAGE_VALUE_MOST);
    }
    buf_puts(p->b, " (see <code>-w</code>)");
    end(p);
}

void page_put_about(struct page *p)
{
    const struct model *m = p->m;

    page_begin_section(p, "about", "About the data");
    buf_puts(p->b, "<dl class=\"about\">\n");
    if (p->s != NULL) {
        put_records(p);
        put_windows(p);
    }
    if (m->has_watermark) {
        begin(p, "Watermark: records up to here have been read");
        html_put_moment(p->b, m->watermark, false);
        buf_puts(p->b, " UTC");
        end(p);
    }
    begin(p, "Lines read");
    buf_put_grouped(p->b, m->lines);
    end(p);
    put_count(p, "Insights, with those that newer ones replaced", m->insights);
    put_count(p, "Rejects", m->rejected);
    put_count(p, "Marks", m->marks);
    put_count(p, "Records and other lines, not used", m->others);
    put_count(p, "Insights not used, because they are too old or of an unknown kind", m->ignored);
    put_count(p, "Malformed lines", m->malformed);
    buf_puts(p->b, "</dl>\n");
    page_end_section(p);
}
