// SPDX-License-Identifier: BSD-2-Clause
#include "view/header.h"

#include <string.h>

#include "view/cells.h"
#include "view/label.h"

static void put_state(struct buf *b, const struct header *h, const struct choice *c)
{
    if (h->failure != NULL)
        buf_printf(b, "the input has failed: %s", h->failure);
    else if (h->ended)
        buf_puts(b, "the input has ended");
    else if (c->paused)
        buf_puts(b, "paused: nothing is read");
    else {
        buf_puts(b, "live, ");
        buf_put_grouped(b, (uint64_t)(h->rate + 0.5));
        buf_puts(b, " lines/s");
    }
    buf_putc(b, '\0');
}

void header_put_top(struct canvas *canvas, const struct header *h, const struct series *s,
                    const struct choice *c)
{
    struct buf state = BUF_INIT, title = BUF_INIT;

    buf_puts(&title, " loginview");
    if (s != NULL) {
        buf_puts(&title, ": logins ");
        label_series(&title, s);
        if (choice_subject(c, s) < s->subjects)
            buf_printf(&title, " by %s", s->subject[choice_subject(c, s)].name);
    }
    put_state(&state, h, c);
    size_t width = cells_width(state.data, state.len - 1, canvas->width, canvas->utf8) + 1;
    size_t room = canvas->width > width ? canvas->width - width : canvas->width;
    canvas_put_cut(canvas, ROLE_BAR_KEY, title.data, title.len, room > 0 ? room - 1 : 0);
    canvas_go_to_as(canvas, ROLE_BAR, room);
    canvas_put(canvas, ROLE_BAR, state.data);
    canvas_go_to_as(canvas, ROLE_BAR, canvas->width);
    canvas_end_row(canvas);
    buf_release(&state);
    buf_release(&title);
}

// Returns the time that the stream has reached: that of its marks, or the newest of a record.
static int64_t watermark(const struct model *m, const struct series *s)
{
    int64_t newest = INSIGHT_NO_TIME;

    if (m->has_watermark)
        return m->watermark;
    for (size_t i = 0; s != NULL && i < s->windows; i++) {
        if (s->window[i]->last > newest)
            newest = s->window[i]->last;
    }
    return newest;
}

static uint64_t late_records(const struct model *m, const struct series *s)
{
    uint64_t late = 0;

    for (size_t i = 0; s != NULL && i < s->windows; i++)
        late += s->window[i]->late;
    return late > m->rejects.late ? late : m->rejects.late;
}

static void put_figure(struct canvas *canvas, const char *name, uint64_t n, enum canvas_role role)
{
    canvas_put(canvas, ROLE_QUIET, name);
    canvas_put_number(canvas, role, n, 0);
}

void header_put_figures(struct canvas *canvas, const struct model *m, const struct series *s)
{
    int64_t reached = watermark(m, s);
    uint64_t late = late_records(m, s);
    struct buf time = BUF_INIT;

    put_figure(canvas, " lines ", m->lines, ROLE_TEXT);
    canvas_put(canvas, ROLE_QUIET, "  watermark ");
    if (reached != INSIGHT_NO_TIME)
        label_time(&time, reached);
    else
        buf_puts(&time, "none");
    canvas_put_cut(canvas, ROLE_TEXT, time.data, time.len, SIZE_MAX);
    put_figure(canvas, "  late ", late, late > 0 ? ROLE_CHOSEN : ROLE_TEXT);
    put_figure(canvas, "  rejected ", m->rejected, m->rejected > 0 ? ROLE_CHOSEN : ROLE_TEXT);
    if (m->malformed > 0)
        put_figure(canvas, "  not understood ", m->malformed, ROLE_WARNING);
    canvas_end_row(canvas);
    buf_release(&time);
}
