// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/guarantee.h"

static int on_begin(void *ctx, struct err *err)
{
    struct source *s = ctx;

    return s->guarantee->begin(s, err);
}

static int on_assigned(void *ctx)
{
    struct source *s = ctx;

    return s->guarantee->assigned == NULL ? 0 : s->guarantee->assigned(s);
}

static int on_revoke(void *ctx, bool blocked, bool lost)
{
    struct source *s = ctx;

    return s->guarantee->revoke(s, blocked, lost);
}

static void on_committed(void *ctx, rd_kafka_resp_err_t code,
                         const rd_kafka_topic_partition_list_t *list)
{
    struct source *s = ctx;

    s->guarantee->committed(s, code, list);
}

struct consumer_ops source_consumer_ops(int (*record)(void *source, struct partition *p,
                                                      const struct line *line))
{
    return (struct consumer_ops){.record = record,
                                 .begin = on_begin,
                                 .assigned = on_assigned,
                                 .revoke = on_revoke,
                                 .committed = on_committed};
}

bool guarantee_accepts(struct source *s, const struct json *record)
{
    return mark_source_accepts(&s->marks, record);
}

void guarantee_saw(struct source *s, struct partition *p, const struct json *record)
{
    mark_source_saw(&s->marks, p, record);
}

int guarantee_source_nothing(struct source *s)
{
    (void)s;
    return 0;
}

int guarantee_sink_nothing(struct sink *s)
{
    (void)s;
    return 0;
}

int guarantee_require_marks(struct sink *s, const char *option)
{
    if (stream_has_marks(s->stream))
        return 0;
    return stream_fail(s->stream, EX_USAGE, "%s: the input has no marks; run kcat-in with --marks",
                       option);
}

int guarantee_require_end(struct sink *s)
{
    if (stream_has_marks(s->stream))
        return 0;
    return stream_fail(s->stream, EX_TEMPFAIL,
                       "stdin: ended without any mark; a stage upstream has died");
}

int guarantee_await_room(struct sink *s, const struct inflight *inflight)
{
    while (inflight_is_full(inflight)) {
        if (delivery_await(&s->delivery) != 0 || s->guarantee->serve(s) != 0)
            return -1;
    }
    return 0;
}

void guarantee_abandon(struct sink *s)
{
    delivery_abandon(&s->delivery, stream_has_marks(s->stream) ? DELIVERY_LAST_WAIT : 0);
}
