// SPDX-License-Identifier: BSD-2-Clause
#include "insight/emitter.h"

#include "insight/each.h"
#include "insight/partial_write.h"
#include "insight/report.h"

// Emits a line for each group of an insight.
static int emit_each(struct emitter *e, const struct insight *in, const struct window_view *view,
                     struct err *err)
{
    struct each each;
    int status = 0;

    each_init(&each, in, view);
    while (status == 0 && each_next(&each, e->begin(e->ctx)))
        status = e->emit(e->ctx, err);
    each_release(&each);
    return status;
}

static int emit_insights(struct emitter *e, const struct window_view *view, struct err *err)
{
    for (size_t i = 0; i < e->plan->insight_count; i++) {
        const struct insight *in = &e->plan->insight[i];
        report_put(e->begin(e->ctx), e->plan, i, view);
        if (e->emit(e->ctx, err) != 0 ||
            (e->plan->each && in->kind->groups != NULL && emit_each(e, in, view, err) != 0))
            return -1;
    }
    return 0;
}

static int emit_partials(struct emitter *e, const struct window_view *view, struct err *err)
{
    struct partial_writer partial;

    partial_write_init(&partial, e->plan, view);
    partial.cover = e->cover;
    int status = 0;
    while (status == 0 && partial_write_next(&partial, e->begin(e->ctx))) {
        status = e->emit(e->ctx, err);
        e->lines++;
    }
    partial_write_release(&partial);
    return status;
}

int emitter_put(struct emitter *e, enum windows_which which, struct err *err)
{
    struct window_view view;

    while (windows_next(e->windows, which, &view)) {
        if (!e->silent && (e->partial ? emit_partials : emit_insights)(e, &view, err) != 0)
            return -1;
    }
    if (e->partial)
        windows_clear(e->windows);
    return 0;
}

int emitter_put_covered(struct emitter *e, struct cover *cover, struct err *err)
{
    cover->empty = windows_are_empty(e->windows);
    if (cover->empty && cover->range_count == 0)
        return 0;
    for (size_t i = 0; i < e->windows->count; i++)
        cover_add_window(cover, e->windows->series[i].spec->text);
    plan_id_text(e->plan, cover->plan);
    cover_put_opening(e->begin(e->ctx), cover);
    if (e->emit(e->ctx, err) != 0)
        return -1;
    if (cover->empty)
        return 0;
    cover_id(cover, e->cover);
    e->lines = 0;
    if (emitter_put(e, WINDOWS_CHANGED, err) != 0)
        return -1;
    cover_put_closing(e->begin(e->ctx), cover, e->lines);
    return e->emit(e->ctx, err);
}
