// SPDX-License-Identifier: BSD-2-Clause
//
// loginagg: groups login records into windows of event time and writes insights about each window,
// while it fills and when it closes. insight/aggregator does the work; this file connects it to the
// options and the stream.

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/datetime.h"
#include "base/log.h"
#include "base/number.h"
#include "base/opt.h"
#include "base/xalloc.h"
#include "insight/aggregator.h"
#include "insight/late.h"
#include "insight/options.h"
#include "json/event_time.h"
#include "stream/origin.h"
#include "stream/stream.h"

struct options {
    struct stream_options stream;
    struct insight_options insights;
    struct aggregator_options aggregator;
    bool tee, state_dump;
};

struct agg {
    const struct options *options;
    struct aggregator aggregator;
    struct stream *stream; // to emit to
    struct late late;
    bool kafka_time; // the time of a record is that of its message
};

static int set_every(void *options, const char *arg, struct err *err)
{
    struct aggregator_options *o = &((struct options *)options)->aggregator;
    size_t len = strlen(arg);
    int status;

    o->every_ms = 0;
    o->every_records = 0;
    if (len > 1 && arg[len - 1] == 'n') {
        char *number = xstrndup(arg, len - 1);
        status = number_parse(number, 1000, &o->every_records);
        free(number);
        if (o->every_records == 0)
            status = -1;
    } else {
        status = duration_parse(arg, &o->every_ms);
    }
    if (status != 0)
        return err_set(err, EX_USAGE,
                       "'%s' is not a number of records (100n), a duration (10s) or 0", arg);
    return 0;
}

static const struct opt options_table[] = {
    OPT_CALL("every", 0, "N", set_every,
             "insights while a window fills: 10s (default), 100n, 0 (never)"),
    OPT_DURATION("lateness", 0, "DUR", struct options, aggregator.lateness,
                 "how late a record may be (default 1m; no limit for a file)"),
    OPT_DURATION("ahead", 0, "DUR", struct options, aggregator.ahead,
                 "do not follow times that are further ahead (default 10m)"),
    OPT_DURATION("idle", 0, "DUR", struct options, aggregator.idle,
                 "follow the clock after no input for so long (default 10s)"),
    OPT_STRING("state", 0, "DIR", struct options, aggregator.state,
               "keep the counts there, and resume from them"),
    OPT_FLAG("state-reset", 0, struct options, aggregator.state_reset,
             "remove the kept counts first"),
    OPT_FLAG("state-dump", 0, struct options, state_dump,
             "write the kept counts as partials, and exit"),
    OPT_FLAG("final", 0, struct options, aggregator.final,
             "close all windows at the end, also with --state"),
    OPT_FLAG("partial", 0, struct options, aggregator.partial,
             "write the counts for --merge, and forget them"),
    OPT_FLAG("merge", 0, struct options, aggregator.merge,
             "read the output of --partial, and write insights"),
    OPT_FLAG("skip-gaps", 0, struct options, aggregator.skip_gaps,
             "merge what comes after lost partials, with a warning"),
    OPT_FLAG("tee", 0, struct options, tee, "pass the records on too, among the insights"),
};

// Refuses options that exclude each other.
static void check_options(const struct options *options)
{
    const struct aggregator_options *o = &options->aggregator;

    if (o->partial && o->merge)
        opt_usage_error("--partial, --merge: only one of them can be given");
    if (o->merge && options->tee)
        opt_usage_error("--tee: there are no records to pass on with --merge");
    if (o->merge && stream_options_have_filter(&options->stream))
        opt_usage_error("--jq: with --merge the input is partials; filter in loginclean, or in the "
                        "workers");
    if (o->skip_gaps && !o->merge)
        opt_usage_error("--skip-gaps: needs --merge");
    if (o->partial && o->state != NULL)
        opt_usage_error("--state: cannot be combined with --partial");
    if (o->state_reset && options->state_dump)
        opt_usage_error("--state-reset, --state-dump: only one of them can be given");
    if (strcmp(options->insights.time_field, ORIGIN_TIME_FIELD) == 0 && !options->stream.envelope)
        opt_usage_error("--time-field " ORIGIN_TIME_FIELD
                        ": needs -J, since only an envelope has it");
    if (o->state == NULL && (o->state_reset || options->state_dump || o->final))
        opt_usage_error("--state-reset, --state-dump, --final: need --state");
}

static struct buf *begin(void *ctx)
{
    return stream_emit_begin(((struct agg *)ctx)->stream);
}

static int emit(void *ctx, struct err *err)
{
    if (stream_emit_made(((struct agg *)ctx)->stream) == 0)
        return 0;
    return err_set(err, EX_IOERR, "stdout: cannot be written"); // the stream knows the reason
}

static int flush(void *ctx, struct err *err)
{
    if (stream_flush(((struct agg *)ctx)->stream) == 0)
        return 0;
    return err_set(err, EX_IOERR, "stdout: cannot be written");
}

// Counts or rejects a line of a partial whose other lines have come, or will not come.
static int settle(void *ctx, const struct line *line, bool known, enum merge_result result,
                  const char *why, struct err *err)
{
    struct agg *a = ctx;
    int status = 0;

    if (known && result != MERGE_ADDED)
        stream_recall(a->stream);
    if (result == MERGE_LATE)
        late_add(&a->late, line->number);
    if (result == MERGE_FAILED)
        stream_lose(a->stream, 1);
    else if (result == MERGE_LATE)
        status = stream_reject_late(a->stream, &(struct reject){REJECT_LATE, "last", NULL}, line);
    else if (result == MERGE_REFUSED)
        status = stream_reject(a->stream, &(struct reject){REJECT_NOT_PARTIAL, NULL, why}, line);
    else if (!known)
        stream_absorb(a->stream);
    return status == 0 ? 0 : err_set(err, EX_IOERR, "a reject cannot be written");
}

static const struct aggregator_ops aggregator_ops = {
    .begin = begin, .emit = emit, .flush = flush, .settle = settle};

// Without --tee, rejects a late record, and counts any other one as aggregated. With --tee, passes
// every record on; a late one is then only missing from the insights. Emits the insights that are
// due.
static int record_done(struct agg *a, struct stream *s, const struct line *line,
                       enum aggregator_result result, const char *time_field)
{
    struct err err;

    if (result == AGGREGATOR_LATE || result == AGGREGATOR_PARTLY)
        late_add(&a->late, line->number);
    if (result == AGGREGATOR_LATE && !a->options->tee)
        return stream_reject_late(s, &(struct reject){REJECT_LATE, time_field, NULL}, line);
    if (!a->options->tee)
        stream_absorb(s);
    else if (stream_emit(s, line->data, line->len) != 0)
        return -1;
    return aggregator_accept(&a->aggregator, &err) == 0 ? 0 : stream_fail_err(s, &err);
}

static int lose_record(struct stream *s, const struct err *err)
{
    stream_lose(s, 1);
    return stream_fail_err(s, err);
}

// Finds the time of a record: that of its message, or the value of its time field.
static bool find_time(const struct agg *a, const struct line *line, const struct json_value *time,
                      int64_t *ms)
{
    const struct origin *origin = line->origin;

    if (!a->kafka_time)
        return event_time(time, a->options->insights.time_unit, ms);
    if (origin == NULL || origin->time_type == ORIGIN_NO_TIME)
        return false;
    *ms = origin->ts;
    return true;
}

static int on_record(void *ctx, struct stream *s, const struct line *line)
{
    struct agg *a = ctx;
    const char *time_field = a->options->insights.time_field;
    struct err err;
    int64_t ms;

    if (json_type(stream_json(s)) != JSON_OBJECT)
        return stream_reject(s, &(struct reject){REJECT_NOT_OBJECT, NULL, NULL}, line);
    const struct json_value *time = aggregator_read(&a->aggregator, stream_json(s));
    if (!a->kafka_time && (time->type == JSON_ABSENT || time->type == JSON_NULL))
        return stream_reject(s, &(struct reject){REJECT_MISSING_FIELD, time_field, NULL}, line);
    if (!find_time(a, line, time, &ms))
        return stream_reject(s, &(struct reject){REJECT_BAD_TIMESTAMP, time_field, NULL}, line);
    enum aggregator_result result = aggregator_add(&a->aggregator, ms, &err);
    if (result == AGGREGATOR_FAILED)
        return lose_record(s, &err);
    return record_done(a, s, line, result, time_field);
}

static int on_partial(void *ctx, struct stream *s, const struct line *line)
{
    struct agg *a = ctx;
    struct err err;

    if (json_type(stream_json(s)) != JSON_OBJECT)
        return stream_reject(s, &(struct reject){REJECT_NOT_OBJECT, NULL, NULL}, line);
    switch (aggregator_merge(&a->aggregator, stream_json(s), line, &err)) {
    case MERGE_ADDED:
        return record_done(a, s, line, AGGREGATOR_ADDED, "last");
    case MERGE_LATE:
        return record_done(a, s, line, AGGREGATOR_LATE, "last");
    case MERGE_JOINED:
        return aggregator_accept(&a->aggregator, &err) == 0 ? 0 : stream_fail_err(s, &err);
    case MERGE_HELD:
        return 0;
    case MERGE_REFUSED:
        return stream_reject(s, &(struct reject){REJECT_NOT_PARTIAL, NULL, err.text}, line);
    case MERGE_DROPPED:
        stream_drop(s);
        return 0;
    case MERGE_COVER:
        stream_absorb(s);
        return 0;
    case MERGE_FAILED:
        break;
    }
    return lose_record(s, &err);
}

static int on_tick(void *ctx, struct stream *s)
{
    struct agg *a = ctx;
    struct err err;

    int status = aggregator_tick(&a->aggregator, stream_ledger(s)->in, &err);
    return status == 0 ? 0 : stream_fail_err(s, &err);
}

static int on_mark(void *ctx, struct stream *s, const struct mark *mark, const struct line *line)
{
    struct agg *a = ctx;
    struct err err;

    (void)line;
    if (mark->kind == MARK_END)
        late_sum_up(&a->late, stream_ledger(s)->in);
    if (aggregator_mark(&a->aggregator, mark, &err) != 0)
        return stream_fail_err(s, &err);
    stream_defer_mark(s, checkpoint_sync_fd(&a->aggregator.checkpoint));
    return 0;
}

static int await_saved(void *ctx, struct stream *s)
{
    struct agg *a = ctx;
    struct err err;

    int status = checkpoint_await_sync(&a->aggregator.checkpoint, &err);
    return status == 0 ? 0 : stream_fail_err(s, &err);
}

static int on_end(void *ctx, struct stream *s)
{
    struct agg *a = ctx;
    struct err err;

    if (!stream_has_marks(s))
        late_sum_up(&a->late, stream_ledger(s)->in);
    return aggregator_end(&a->aggregator, &err) == 0 ? 0 : stream_fail_err(s, &err);
}

static int on_open(void *ctx, struct stream *s)
{
    struct agg *a = ctx;
    struct err err;

    a->stream = s;
    return aggregator_open(&a->aggregator, &err) == 0 ? 0 : stream_fail_err(s, &err);
}

static void put_ledger(void *ctx, struct buf *b)
{
    aggregator_put_ledger(&((struct agg *)ctx)->aggregator, b);
}

static void put_metrics(void *ctx, struct stream *s, struct metrics *m)
{
    struct aggregator *a = &((struct agg *)ctx)->aggregator;

    aggregator_put_metrics(a, m);
    const int64_t reached = aggregator_reached(a);
    // The marks of a merger's input tell how far the partials have come, not the records.
    if (reached != MARK_NO_TIME && (a->options->merge || !stream_has_marks(s)))
        stream_set_watermark(s, reached);
}

static void on_close(void *ctx, struct stream *s)
{
    (void)s;
    aggregator_close(&((struct agg *)ctx)->aggregator);
}

int main(int argc, char **argv)
{
    struct options options = {.stream = STREAM_OPTIONS_INIT,
                              .insights = INSIGHT_OPTIONS_INIT,
                              .aggregator = AGGREGATOR_OPTIONS_INIT};
    const struct opt_group groups[] = {
        {"Insights", insight_opts, insight_opt_count, &options.insights},
        OPT_GROUP("Aggregation", options_table, &options),
        {"Stream", stream_opts, stream_opt_count, &options.stream},
    };
    const struct opt_program program = {"[OPTION]... < records > insights",
                                        "Writes rolling insights about windows of login records.",
                                        groups, 3, stream_libraries};
    struct agg agg = {.options = &options};
    struct stat input;
    struct err err;

    log_init(argv[0]);
    if (opt_parse(&program, argc, argv) != argc)
        opt_usage_error("%s: takes no operands; records come from stdin", argv[argc - 1]);
    check_options(&options);
    agg.kafka_time = strcmp(options.insights.time_field, ORIGIN_TIME_FIELD) == 0;
    options.aggregator.bounded = fstat(STDIN_FILENO, &input) == 0 && S_ISREG(input.st_mode);
    if (aggregator_init(&agg.aggregator, &options.aggregator, &options.insights, &aggregator_ops,
                        &agg, &err) != 0)
        err.status == EX_USAGE ? opt_usage_error("%s", err.text) : err_die(&err);
    const struct stream_ops ops = {.parse = true,
                                   .tick = aggregator_tick_time(&options.aggregator),
                                   .open = on_open,
                                   .record = options.aggregator.merge ? on_partial : on_record,
                                   .mark = on_mark,
                                   .await_saved = await_saved,
                                   .end = on_end,
                                   .on_tick = on_tick,
                                   .put_metrics = put_metrics,
                                   .put_ledger = options.aggregator.merge ? put_ledger : NULL,
                                   .close = on_close};
    int status = EX_OK;
    if (!options.state_dump)
        status = stream_run(&ops, &agg, &options.stream);
    else if (aggregator_dump(&agg.aggregator, &err) != 0)
        err_die(&err);
    aggregator_release(&agg.aggregator);
    opt_release(&program);
    return status;
}
