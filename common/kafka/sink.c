// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/sink.h"

static void on_report(void *ctx, const struct delivery_report *report)
{
    struct sink *s = ctx;

    s->guarantee->reported(s, report);
}

void sink_init(struct sink *s, struct stream *stream)
{
    s->stream = stream;
    s->health.file = s->options->health;
    s->delivery = (struct delivery){.stream = stream, .reported = on_report, .ctx = s};
}

void sink_release(struct sink *s)
{
    s->guarantee->release(s);
    delivery_release(&s->delivery);
}

void sink_check_health(const struct sink_options *options, struct check_report *report)
{
    const struct health health = {.file = options->health};
    struct err err;

    if (health_check(&health, &err) != 0)
        check_report_failed(report, &err);
    else if (health.file != NULL)
        check_report_passed(report, "--health: %s can be written", health.file);
}

int sink_produce(struct sink *s, const struct line *input, struct outgoing *o)
{
    if (s->guarantee->before(s, input, &o->segment) == 0)
        return delivery_produce(&s->delivery, o);
    if (o->passed)
        stream_reclaim(s->stream);
    stream_lose(s->stream, 1);
    return -1;
}

int sink_mark(struct sink *s, const struct mark *mark, const struct line *line)
{
    if (delivery_send(&s->delivery) != 0)
        return -1;
    if (mark->kind == MARK_HELLO)
        return s->guarantee->hello(s, mark, line);
    if (mark->kind == MARK_ASSIGN)
        return s->guarantee->assign(s, mark, line);
    return s->guarantee->mark(s, mark, line);
}

int sink_serve(struct sink *s)
{
    return delivery_serve(&s->delivery) != 0 ? -1 : s->guarantee->serve(s);
}

void sink_put_metrics(const struct sink *s, struct metrics *m)
{
    client_put_metrics(&s->delivery.producer.client, m);
    if (s->options->exactly_once)
        metrics_put_durations(m, "loginpipe_commit_duration_seconds", "How long commits took.",
                              &s->commits);
    if (s->health.handled == 0)
        return;
    metrics_family(m, "loginpipe_last_commit_timestamp_seconds", "gauge",
                   "When offsets or marks were last committed.");
    metrics_put_ms(m, s->health.handled, NULL);
}

void sink_close(struct sink *s)
{
    s->guarantee->close(s);
    delivery_close(&s->delivery);
}
