// SPDX-License-Identifier: BSD-2-Clause
#include "view/page.h"

#include <string.h>

#include "base/datetime.h"
#include "view/html.h"
#include "view/page_internal.h"
#include "view/ticks.h"

void page_begin_section(struct page *p, const char *id, const char *title)
{
    buf_printf(p->b, "<section aria-labelledby=\"%s\"><h2 id=\"%s\">", id, id);
    html_put_text(p->b, title);
    buf_puts(p->b, "</h2>\n");
}

void page_end_section(struct page *p)
{
    buf_puts(p->b, "</section>\n");
}

void page_put_field(struct page *p, const char *field, bool plural)
{
    static const struct {
        const char *field, *one, *many;
    } names[] = {
        {"user_id", "user", "users"},
        {"ip", "address", "addresses"},
        {"device_id", "device", "devices"},
        {"device_type", "device type", "device types"},
        {"app_version", "app version", "app versions"},
        {"locale", "locale", "locales"},
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i].field, field) == 0) {
            buf_puts(p->b, plural ? names[i].many : names[i].one);
            return;
        }
    }
    if (plural)
        buf_puts(p->b, "values of ");
    html_put_bdi(p->b, (struct value_text){field, strlen(field)}, PAGE_VALUE_MOST);
}

void page_put_window(struct page *p, const struct window *w)
{
    if (w->start != INSIGHT_NO_TIME)
        html_put_span(p->b, w->start, w->end);
    else if (p->s->kind == WINDOW_RECORDS)
        buf_printf(p->b, "no. %lld", (long long)w->order);
    else
        buf_puts(p->b, "all");
}

void page_put_value(struct page *p, const char *element, const char *class, struct value_text value)
{
    bool is_long = html_characters(value) > PAGE_VALUE_LONG;

    buf_printf(p->b, "<%s class=\"%s%s\">", element, class, is_long ? " long" : "");
    html_put_bdi(p->b, value, PAGE_VALUE_MOST);
    buf_printf(p->b, "</%.2s>", element);
}

// Appends 250,000 as 250k. The scales have round numbers.
static void put_short(struct buf *b, uint64_t n)
{
    static const char *const units[] = {"", "k", "M", "G", "T"};
    size_t i = 0;

    for (; n % 100 == 0 && n >= 1000 && i + 1 < sizeof units / sizeof *units; i++) {
        if (n % 1000 != 0) {
            buf_printf(b, "%llu.%llu%s", (unsigned long long)(n / 1000),
                       (unsigned long long)(n % 1000 / 100), units[i + 1]);
            return;
        }
        n /= 1000;
    }
    buf_put_grouped(b, n);
    buf_puts(b, units[i]);
}

struct page_scale page_put_scale(struct page *p, uint64_t highest, const char *unit)
{
    uint64_t step = ticks_step(highest == 0 ? 1 : highest, 4);
    uint64_t steps = highest == 0 ? 1 : (highest + step - 1) / step;

    buf_puts(p->b, "<th scope=\"col\" class=\"scale\"><div><span>0</span><span>");
    put_short(p->b, steps * step);
    buf_printf(p->b, " %s</span></div></th>", unit);
    return (struct page_scale){steps * step, (unsigned)steps, unit};
}

void page_put_bar(struct page *p, uint64_t n, const struct page_scale *scale)
{
    buf_printf(p->b,
               "<td class=\"bar\"><svg class=\"g%u\" viewBox=\"0 0 100 1\" "
               "preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect width=\"%.4g\" "
               "height=\"1\"><title>",
               scale->steps, 100 * (double)n / (double)scale->top);
    buf_put_grouped(p->b, n);
    buf_printf(p->b, " %s</title></rect></svg></td>", scale->unit);
}

void page_begin_table(struct page *p, const char *class, const char *label)
{
    buf_puts(p->b, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"");
    html_put_value(p->b, (struct value_text){label, strlen(label)}, 2 * PAGE_VALUE_MOST);
    buf_printf(p->b, "\"><table class=\"%s\">\n", class);
}

void page_end_table(struct page *p)
{
    buf_puts(p->b, "</tbody></table></div>\n");
}

// Fills in what a window is called.
static void name_windows(struct page *p)
{
    static const struct {
        int64_t ms;
        const char *one, *many;
    } units[] = {{7 * MS_DAY, "week", "weeks"},    {MS_DAY, "day", "days"},
                 {MS_HOUR, "hour", "hours"},       {MS_MINUTE, "minute", "minutes"},
                 {MS_SECOND, "second", "seconds"}, {1, "millisecond", "milliseconds"}};
    int64_t length = p->s == NULL ? 0 : p->s->length;

    for (size_t i = 0; i < sizeof units / sizeof *units && length > 0; i++) {
        if (length % units[i].ms != 0)
            continue;
        if (length == units[i].ms)
            buf_puts(&p->per, units[i].one);
        else
            buf_printf(&p->per, "%lld %s", (long long)(length / units[i].ms), units[i].many);
        break;
    }
    if (length == 0)
        buf_puts(&p->per, "window");
    buf_putc(&p->per, '\0');
}

static void add_up(struct page *p)
{
    for (size_t i = 0; p->s != NULL && i < p->s->windows; i++) {
        const struct window *w = p->s->window[i];
        p->logins += series_logins(p->s, w);
        p->late += w->late;
        p->open += !w->final;
    }
}

void page_put(struct buf *b, struct model *m, const struct page_options *options)
{
    struct page page = {.b = b, .m = m, .options = options, .per = BUF_INIT};

    page.s = model_series(m, options->window);
    if (page.s != NULL && page.s->windows == 0)
        page.s = NULL;
    reject_table_sort(&m->rejects);
    name_windows(&page);
    add_up(&page);
    page_put_head(&page);
    if (page.s != NULL) {
        page_put_time(&page);
        page_put_counts(&page);
        page_put_tops(&page);
        page_put_late(&page);
    }
    page_put_rejects(&page);
    page_put_about(&page);
    buf_puts(b, "</main></body></html>\n");
    buf_release(&page.per);
}
