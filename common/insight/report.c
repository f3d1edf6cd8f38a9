// SPDX-License-Identifier: BSD-2-Clause
#include "insight/report.h"

#include <string.h>

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

static void put_key(struct buf *b, const struct insight *in, const struct window_view *view)
{
    json_put_name(b, "key");
    buf_putc(b, '"');
    window_spec_put_key(b, view->spec, view->start);
    buf_putc(b, '/');
    buf_puts(b, in->kind->name);
    if (in->about == NULL) {
        buf_putc(b, '"');
        return;
    }
    // A slash replaces the opening quote, and the closing quote ends the key.
    size_t quote = b->len;
    json_put_string(b, in->about, strlen(in->about));
    b->data[quote] = '/';
}

void report_put(struct buf *b, const struct plan *plan, size_t i, const struct window_view *view)
{
    const struct insight *in = &plan->insight[i];

    buf_putc(b, '{');
    json_put_member_text(b, "insight", in->kind->name);
    put_key(b, in, view);
    if (in->kind->put_about != NULL)
        in->kind->put_about(in, b);
    json_put_name(b, "window");
    window_spec_put_json(b, view->spec, view->start, view->set->first, view->set->last);
    json_put_member_bool(b, "final", view->final);
    in->kind->put(in, view, b);
    if (is_approximate(in, view->set) ||
        (in->kind->compares && view->previous != NULL && is_approximate(in, view->previous)))
        json_put_member_bool(b, "approx", true);
    buf_putc(b, '}');
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
