// SPDX-License-Identifier: BSD-2-Clause
#include "kafka/reader.h"

#include "base/log.h"
#include "kafka/source_settings.h"

#define BATCH_BYTES (64 * 1024) // handed over at a time, before output is flushed

static bool count_reached(const struct reader *r)
{
    return r->options->count > 0 && r->source.consumer.records == r->options->count && !r->put_back;
}

// --- Records ---

// The registry does not answer, so the record is read again: by the next run.
static int put_back(struct reader *r, struct partition *p, const struct line *line,
                    const struct err *err)
{
    p->next = line->origin->offset;
    r->put_back = err->status == EX_OK;
    return r->put_back ? -1 : stream_fail_err(r->source.stream, err);
}

// Hands over a record. Sets *good to whether the stage can see what it holds.
static int feed(struct reader *r, struct partition *p, const struct line *line, bool *good)
{
    struct stream *s = r->source.stream;
    struct line decoded;
    struct reject why;
    struct err err;

    *good = line->full_len <= r->source.consumer.max_line;
    if (!*good || !decoder_options_wanted(&r->options->decode))
        return stream_feed(s, line);
    switch (decoder_decode(&r->decoder, line, &decoded, &why, &err)) {
    case CODEC_DONE:
        return stream_feed(s, &decoded);
    case CODEC_FAILED:
        return put_back(r, p, line, &err);
    case CODEC_REJECTED:
        break;
    }
    *good = false;
    return stream_feed_reject(s, &why, line);
}

static int on_record(void *ctx, struct partition *p, const struct line *line)
{
    struct source *source = ctx;
    struct reader *r = source->ctx;
    bool good;

    r->batch += line->len + 1;
    r->taken++;
    if (feed(r, p, line, &good) != 0)
        return -1;
    // The parsed record is the jq program's output or, if there was none, the input.
    if (source->guarantee->saw != NULL)
        source->guarantee->saw(source, p, good ? stream_json(source->stream) : NULL);
    if (count_reached(r))
        return -1;
    if (r->batch >= BATCH_BYTES)
        consumer_yield(&source->consumer);
    return 0;
}

size_t reader_join_lines(struct reader *r, const struct line *line)
{
    return decoder_made(&r->decoder, line) ? decoder_join_lines(&r->decoder, line)
                                           : consumer_join_lines(&r->source.consumer, line);
}

// --- The callbacks of the stage ---

static int open_source(void *ctx, struct stream *s)
{
    struct reader *r = ctx;
    struct consumer *c = &r->source.consumer;
    const struct reader_options *o = r->options;
    struct err err;

    r->source.guarantee = o->guarantee;
    r->source.options = &o->source;
    r->source.stream = s;
    r->source.ctx = r;
    r->lag.consumer = c;
    *c = (struct consumer){
        .ops = source_consumer_ops(on_record),
        .ctx = &r->source,
        .max_line = r->max_line,
        .rate = o->rate,
        .set = {.shard = o->shard, .shards = o->shards, .ids = o->ids, .id_count = o->id_count},
        .shared.keeps = o->guarantee->keeps,
        .offsets = {.group = o->group,
                    .range = o->range,
                    .stop_at_end = o->exit_at_end,
                    .commits_nothing = o->source.commits_nothing}};
    if (decoder_open(&r->decoder, &o->decode, r->max_line, &err) != 0 ||
        consumer_init(c, r->kafka, source_defaults, &err) != 0 ||
        consumer_start(c, &o->topics, &err) != 0)
        return stream_fail_err(s, &err);
    return o->guarantee->open(&r->source);
}

static int fill(void *ctx, struct stream *s, int timeout_ms, bool *end)
{
    struct reader *r = ctx;
    struct consumer *c = &r->source.consumer;
    struct err err;

    r->batch = 0;
    r->taken = 0;
    if (consumer_poll(c, timeout_ms, &err) != 0 && !count_reached(r) && !r->put_back)
        return err.status == EX_OK ? -1 : stream_fail_err(s, &err);
    if (r->taken > 0)
        client_alive(&c->client);
    *end = r->ended = count_reached(r) || consumer_done(c);
    if (!r->ended && r->options->source.marks.live && consumer_grown(c, &err)) {
        log_error("%s", err.text);
        stream_set_status(s, err.status);
        *end = true;
    }
    // Writes a mark after each batch, not only at ticks. The source is faster than the next stage,
    // so the pipe could otherwise fill with records and no mark.
    if (!r->ended && r->taken > 0 && r->source.guarantee->mark(&r->source) != 0)
        return -1;
    return r->taken;
}

static void flushed(void *ctx, struct stream *s)
{
    (void)s;
    partitions_written(&((struct reader *)ctx)->source.consumer.partitions);
}

// Called while stdout is blocked. Keeps the membership in the group, and commits.
static void stalled(void *ctx, struct stream *s)
{
    struct source *source = &((struct reader *)ctx)->source;

    (void)s;
    consumer_serve(&source->consumer);
    source->guarantee->serve(source, true);
}

static int on_tick(void *ctx, struct stream *s)
{
    struct source *source = &((struct reader *)ctx)->source;

    (void)s;
    return source->guarantee->serve(source, false) != 0 ? -1 : source->guarantee->mark(source);
}

static int end(void *ctx, struct stream *s)
{
    struct reader *r = ctx;

    (void)s;
    return r->source.guarantee->settle(&r->source, r->ended);
}

static void close_source(void *ctx, struct stream *s)
{
    struct source *source = &((struct reader *)ctx)->source;

    (void)s;
    lag_close(&((struct reader *)ctx)->lag);
    source->guarantee->close(source);
    consumer_close(&source->consumer);
}

static void put_metrics(void *ctx, struct stream *s, struct metrics *m)
{
    struct reader *r = ctx;
    const struct consumer_offsets *o = &r->source.consumer.offsets;

    (void)s;
    client_put_metrics(&r->source.consumer.client, m);
    lag_put_metrics(&r->lag, m);
    if (!r->options->guarantee->commits || o->committed_at == 0)
        return;
    metrics_put_durations(m, "loginpipe_commit_duration_seconds", "How long commits took.",
                          &o->commits);
    metrics_family(m, "loginpipe_last_commit_timestamp_seconds", "gauge",
                   "When offsets or marks were last committed.");
    metrics_put_ms(m, o->committed_at, NULL);
}

// Counts records up to a limit, or offsets up to where the partitions stop.
static void measure(void *ctx, struct stream *s, uint64_t *done, uint64_t *total)
{
    struct reader *r = ctx;

    if (r->options->count > 0) {
        *done = stream_ledger(s)->in;
        *total = r->options->count;
        return;
    }
    const int64_t left = lag_to_stop(&r->lag);
    if (left < 0)
        return;
    if (left > r->longest)
        r->longest = left;
    *total = (uint64_t)r->longest;
    *done = (uint64_t)(r->longest - left);
}

struct stream_ops reader_stream_ops(const struct reader_options *options)
{
    return (struct stream_ops){.open = open_source,
                               .fill = fill,
                               .end = end,
                               .tick = options->guarantee->tick,
                               .on_tick = on_tick,
                               .flushed = flushed,
                               .stalled = stalled,
                               .put_metrics = put_metrics,
                               .measure = measure,
                               .close = close_source};
}

void reader_release(struct reader *r)
{
    consumer_release(&r->source.consumer);
    decoder_release(&r->decoder);
    r->options->guarantee->release(&r->source);
}
