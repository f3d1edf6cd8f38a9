// SPDX-License-Identifier: BSD-2-Clause
#include "stream/stream_internal.h"

#include <unistd.h>

#include "base/log.h"
#include "base/opt.h"
#include "base/signals.h"
#include "stream/ledger_file.h"

// --- The ledger ---

static void count_bytes(struct stream *s)
{
    if (!s->ops->sink) // a sink counts what it delivers
        s->ledger.bytes_out = s->out.bytes;
}

int stream_write_ledger(struct stream *s, bool at_exit)
{
    struct err err;

    count_bytes(s);
    if (ledger_file_append(s->options->stats, at_exit && log_level() >= LOG_INFO, &s->ledger,
                           log_program(), &err) == 0)
        return 0;
    return stream_fail_err(s, &err);
}

// --- Metrics ---

static void put_build(struct stream *s, struct metrics *m)
{
    metrics_family(m, "loginpipe_build_info", "gauge", "The version that runs.");
    metrics_put_u64(m, 1, "version", opt_version(), NULL);
    metrics_family(m, "loginpipe_start_time_seconds", "gauge", "When the stage was started.");
    metrics_put_ms(m, s->started, NULL);
}

static void put_watermark(struct stream *s, struct metrics *m)
{
    if (s->watermark == MARK_NO_TIME)
        return;
    metrics_family(m, "loginpipe_watermark_timestamp_seconds", "gauge",
                   "The event time that the records have reached.");
    metrics_put_ms(m, s->watermark, NULL);
}

void stream_set_watermark(struct stream *s, int64_t watermark)
{
    s->watermark = watermark;
    s->own_watermark = true;
}

void stream_write_metrics(struct stream *s)
{
    struct buf text = BUF_INIT;
    struct metrics m = {.b = &text, .stage = log_program()};

    if (s->metrics.name == NULL) // a stage may ask brokers for its figures
        return;
    count_bytes(s);
    put_build(s, &m);
    ledger_put_metrics(&s->ledger, &m);
    if (s->ops->put_metrics != NULL)
        s->ops->put_metrics(s->ctx, s, &m);
    put_watermark(s, &m);
    metrics_file_write(&s->metrics, &text);
    buf_release(&text);
}

// --- Progress ---

// How much is done, and how much there is to do, where that is known: of the source's work, or of
// the bytes of the input files.
static struct progress_state measure(struct stream *s)
{
    struct progress_state state = {.records = s->ledger.in};

    if (s->ops->measure != NULL) {
        s->ops->measure(s->ctx, s, &state.done, &state.total);
    } else if (s->ops->fill == NULL) {
        state.done = s->in.reader.bytes;
        state.total = s->input_size;
    }
    if (s->ops->fill != NULL && s->ledger.in == 0)
        state.records = s->ledger.made; // by a source that makes its records
    if (state.done > state.total)
        state.done = state.total;
    return state;
}

void stream_begin_reports(struct stream *s)
{
    stream_write_metrics(s);
    if (s->progress.wanted)
        measure(s);
}

void stream_end_progress(struct stream *s)
{
    const struct progress_state state = measure(s);

    progress_end(&s->progress, &state);
}

// --- What is due ---

void stream_show(struct stream *s)
{
    if (metrics_file_wait(&s->metrics) == 0)
        stream_write_metrics(s);
    if (progress_wait(&s->progress) == 0) {
        const struct progress_state state = measure(s);
        progress_show(&s->progress, &state);
    }
}

int64_t stream_show_wait(const struct stream *s)
{
    const int64_t metrics = metrics_file_wait(&s->metrics);
    const int64_t progress = progress_wait(&s->progress);

    return metrics < 0 ? progress : progress < 0 || metrics < progress ? metrics : progress;
}

int stream_report(struct stream *s)
{
    stream_show(s);
    return signals_take_ledger() ? stream_write_ledger(s, false) : 0;
}
