// SPDX-License-Identifier: BSD-2-Clause
#include "insight/report.h"

#include "insight/window_spec.h"
#include "json/json_write.h"
#include "sketch/space_saving.h"

// Returns whether the insight uses a table that is a sketch.
static bool is_approximate(const struct insight *in, const struct insight_set *set)
{
    if (!set->sketched)
        return false;
    for (size_t i = 0; i < in->width; i++) {
        if (!in->kind->combines && set->value[in->part[i]].sketch != NULL)
            return true;
    }
    return in->kind->combines && insight_set_table_of(in, set)->sketch != NULL;
}

// Appends a part of a key. A slash or percent sign in it is percent-encoded, so that the parts can
// be told apart.
static void put_part(struct buf *b, char separator, const char *text, size_t len)
{
    const char *end = text + len;

    buf_putc(b, separator);
    while (text < end) {
        const char *run = text;
        while (text < end && *text != '/' && *text != '%')
            text++;
        json_put_escaped(b, run, (size_t)(text - run));
        if (text < end)
            buf_puts(b, *text++ == '/' ? "%2F" : "%25");
    }
}

static void put_key(struct buf *b, const struct insight *in, const struct window_view *view,
                    size_t first, const struct table_text *group)
{
    json_put_name(b, "key");
    buf_putc(b, '"');
    window_spec_put_key(b, view->spec, view->start);
    buf_putc(b, '/');
    buf_puts(b, in->kind->name);
    for (size_t i = 0; i < in->width && in->about != NULL; i++)
        put_part(b, i == 0 ? '/' : in->kind->separator, in->name[i].name, in->name[i].len);
    for (size_t i = first; i < in->width && group != NULL; i++)
        put_part(b, '/', group[i].data, group[i].len);
    buf_putc(b, '"');
}

void report_begin(struct report *r, struct buf *b, const struct insight *in,
                  const struct window_view *view, size_t first, const struct table_text *group)
{
    *r = (struct report){.b = b, .start = b->len};
    buf_putc(b, '{');
    json_put_member_text(b, "insight", in->kind->name);
    put_key(b, in, view, first, group);
    if (in->kind->put_about != NULL)
        in->kind->put_about(in, b);
}

void report_put_window(struct report *r, const struct window_view *view)
{
    json_put_name(r->b, "window");
    window_spec_put_json(r->b, view->spec, view->start, view->set->first, view->set->last);
    json_put_member_bool(r->b, "final", view->final);
}

void report_end(struct report *r, const struct insight *in, const struct window_view *view)
{
    if (r->cut)
        json_put_member_bool(r->b, "cut", true);
    if (is_approximate(in, view->set) ||
        (in->kind->compares && view->previous != NULL && is_approximate(in, view->previous)))
        json_put_member_bool(r->b, "approx", true);
    buf_putc(r->b, '}');
}

void report_put(struct buf *b, const struct plan *plan, size_t i, const struct window_view *view)
{
    const struct insight *in = &plan->insight[i];
    struct report r;

    report_begin(&r, b, in, view, 0, NULL);
    report_put_window(&r, view);
    in->kind->put(in, view, &r);
    report_end(&r, in, view);
}

bool report_fits(struct report *r, size_t entry, size_t limit)
{
    if (r->b->len - r->start <= limit)
        return true;
    r->b->len = entry;
    r->cut = true;
    return false;
}

void report_put_error(struct buf *b, const struct insight *in, const struct insight_set *set)
{
    const struct table_sketch *sketch = insight_set_table_of(in, set)->sketch;

    if (sketch != NULL)
        json_put_member_u64(b, "error", space_saving_error(&sketch->highest));
}

void report_put_field(struct buf *b, const struct insight *in, size_t i,
                      const struct table_text *text)
{
    json_put_key(b, &in->name[i]);
    json_put_string(b, text->data, text->len);
}
