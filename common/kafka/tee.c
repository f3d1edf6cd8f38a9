// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/tee.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "kafka/inflight.h"

// Each line is a segment of its own. The line is also the mark that ends the segment.
struct tee {
    struct inflight inflight;
};

static int tee_open(struct sink *s, struct err *err)
{
    (void)err;
    s->own = xcalloc(1, sizeof(struct tee));
    return 0;
}

static int emit(void *ctx, const char *line, size_t len)
{
    return stream_write(ctx, line, len);
}

static int tee_serve(struct sink *s)
{
    struct tee *tee = s->own;

    return inflight_pass(&tee->inflight, emit, s->stream);
}

static int tee_before(struct sink *s, const struct line *line, uint32_t *segment)
{
    struct tee *tee = s->own;

    if (guarantee_await_room(s, &tee->inflight) != 0)
        return -1;
    *segment = inflight_sent(&tee->inflight);
    inflight_mark(&tee->inflight, line->data, line->len);
    return 0;
}

static void tee_reported(struct sink *s, const struct delivery_report *report)
{
    struct tee *tee = s->own;

    delivery_count(&s->delivery, report);
    if (report->outcome != DELIVERY_DONE)
        inflight_drop(&tee->inflight, report->segment);
    inflight_acked(&tee->inflight, report->segment);
}

static int tee_mark(struct sink *s, const struct mark *mark, const struct line *line)
{
    (void)mark;
    (void)line;
    if (delivery_flush_all(&s->delivery) != 0 || delivery_require(&s->delivery, "--tee") != 0)
        return -1;
    return tee_serve(s);
}

static int tee_end(struct sink *s)
{
    return delivery_flush_all(&s->delivery) != 0 ? -1 : tee_serve(s);
}

static void tee_release(struct sink *s)
{
    struct tee *tee = s->own;

    if (tee != NULL)
        inflight_release(&tee->inflight);
    free(tee);
}

const struct sink_guarantee tee_sink = {.passes_on = true,
                                        .holds_last = true,
                                        .open = tee_open,
                                        .before = tee_before,
                                        .hello = tee_mark,
                                        .assign = tee_mark,
                                        .mark = tee_mark,
                                        .serve = tee_serve,
                                        .reported = tee_reported,
                                        .end = tee_end,
                                        .close = guarantee_abandon,
                                        .release = tee_release};
