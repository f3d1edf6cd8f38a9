// SPDX-License-Identifier: BSD-2-Clause
//
// loginagg: groups login records into windows of event time and writes insights about each window,
// while it fills and when it closes.

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/datetime.h"
#include "base/log.h"
#include "base/number.h"
#include "base/opt.h"
#include "base/xalloc.h"
#include "insight/checkpoint.h"
#include "insight/options.h"
#include "insight/partial_read.h"
#include "insight/partial_write.h"
#include "insight/plan.h"
#include "insight/report.h"
#include "insight/window_spec.h"
#include "insight/windows.h"
#include "json/event_time.h"
#include "stream/stream.h"

#define LATE_SHARE 10     // warn when more than one in so many is late
#define TIMELESS_MARKS 60 // warn when so many say no time, which is a minute as a rule

struct options {
    struct stream_options stream;
    struct insight_options insights;
    int64_t every_ms;       // 0 for not by time
    uint64_t every_records; // 0 for not by records
    int64_t lateness;
    bool tee, partial, merge, final;
    const char *state; // directory; NULL for none
    bool state_reset, state_dump;
};

struct agg {
    const struct options *options;
    struct plan plan;
    struct window_spec *specs;
    struct windows windows;
    struct buf options_text; // for the snapshots
    struct checkpoint snapshots;
    bool resumed; // from a snapshot, or from nothing
    uint64_t late;
    int timeless; // marks behind records that say no time
};

static int set_every(void *options, const char *arg, struct err *err)
{
    struct options *o = options;
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
        return err_set(err, EX_USAGE, "'%s' is neither records (100n) nor time (10s) nor 0", arg);
    return 0;
}

static const struct opt options_table[] = {
    OPT_CALL("every", 0, "N", set_every,
             "how often while a window fills: 100n (records), 10s, 0 for never"),
    OPT_DURATION("lateness", 0, "DUR", struct options, lateness,
                 "how long behind the newest time records may come (1m)"),
    OPT_STRING("state", 0, "DIR", struct options, state,
               "keep what was counted there, and go on from it"),
    OPT_FLAG("state-reset", 0, struct options, state_reset, "forget what is kept there first"),
    OPT_FLAG("state-dump", 0, struct options, state_dump,
             "write what is kept there as partials, and exit"),
    OPT_FLAG("final", 0, struct options, final, "close all windows at the end, also with --state"),
    OPT_FLAG("partial", 0, struct options, partial,
             "write what was counted for --merge, and forget it"),
    OPT_FLAG("merge", 0, struct options, merge, "read what --partial wrote, and write insights"),
    OPT_FLAG("tee", 0, struct options, tee, "pass the records on, insights among them"),
};

// Checks what goes together.
static void check_modes(const struct options *options, const struct window_spec *specs)
{
    if (options->partial && options->merge)
        opt_usage_error("--partial, --merge: only one of them can be given");
    if (options->merge && options->tee)
        opt_usage_error("--tee: there are no records to pass on with --merge");
    if (options->partial && options->state != NULL)
        opt_usage_error("--state: with --partial nothing is kept");
    if (options->state_reset && options->state_dump)
        opt_usage_error("--state-reset, --state-dump: only one of them can be given");
    if (options->state == NULL && (options->state_reset || options->state_dump || options->final))
        opt_usage_error("--state-reset, --state-dump, --final: there is no --state");
    for (size_t i = 0; (options->partial || options->merge) && i < options->insights.windows.count;
         i++) {
        if (specs[i].kind == WINDOW_RECORDS)
            opt_usage_error(
                "--window: '%s' goes by the order of all records, so it cannot be merged",
                specs[i].text);
    }
}

static void agg_init(struct agg *a, struct options *options)
{
    struct err err;

    *a = (struct agg){.options = options};
    if (insight_options_plan(&options->insights, &a->plan, &a->specs, &err) != 0)
        err.status == EX_USAGE ? opt_usage_error("%s", err.text) : err_die(&err);
    check_modes(options, a->specs);
    insight_options_put(&a->options_text, &options->insights);
    buf_puts(&a->options_text, options->merge ? " --merge" : "");
    buf_putc(&a->options_text, '\0');
    // What is too late is for --merge to say, which sees all records.
    int64_t lateness = options->lateness >= 0 ? options->lateness : MS_MINUTE;
    windows_init(&a->windows, &a->plan, a->specs, options->insights.windows.count,
                 options->partial ? INT64_MAX : lateness);
}

static void agg_release(struct agg *a)
{
    windows_release(&a->windows);
    plan_release(&a->plan);
    buf_release(&a->options_text);
    free(a->specs);
}

static int emit_insights(struct agg *a, struct stream *s, const struct window_view *view)
{
    for (size_t i = 0; i < a->plan.insight_count; i++) {
        report_put(stream_emit_begin(s), &a->plan, i, view);
        if (stream_emit_made(s) != 0)
            return -1;
    }
    return 0;
}

static int emit_partials(struct agg *a, struct stream *s, const struct window_view *view)
{
    struct partial_writer partial;

    partial_write_init(&partial, &a->plan, view);
    while (partial_write_next(&partial, stream_emit_begin(s))) {
        if (stream_emit_made(s) != 0)
            return -1;
    }
    return 0;
}

static int emit_windows(struct agg *a, struct stream *s, enum windows_which which)
{
    bool partial = a->options->partial;
    struct window_view view;

    while (windows_next(&a->windows, which, &view)) {
        if ((partial ? emit_partials : emit_insights)(a, s, &view) != 0)
            return -1;
    }
    if (partial)
        windows_clear(&a->windows);
    return 0;
}

static int close_due(struct agg *a, struct stream *s)
{
    return windows_due(&a->windows) ? emit_windows(a, s, WINDOWS_DUE) : 0;
}

// Goes on from the state, with the first line; hello is NULL when that is no mark.
static int resume(struct agg *a, struct stream *s, const struct mark *hello)
{
    const struct options *o = a->options;
    struct err err;

    a->resumed = true;
    // With marks the source says how far it has come, everywhere.
    if (hello != NULL && o->lateness < 0 && !o->partial)
        a->windows.lateness = 0;
    if (o->state == NULL && !o->partial && hello != NULL && hello->seq > 0)
        log_warn("the source goes on from mark %llu; what was counted until then is lost without "
                 "--state",
                 (unsigned long long)hello->seq);
    if (checkpoint_resume(&a->snapshots, hello, &a->windows, &a->plan, &err) != 0)
        return stream_fail_err(s, &err);
    return 0;
}

static int save(struct agg *a, struct stream *s, const struct mark *mark)
{
    struct err err;

    if (checkpoint_save(&a->snapshots, mark, &a->windows, &err) != 0)
        return stream_fail_err(s, &err);
    return 0;
}

// The time of the next record or partial is known: closes the windows that end before it. A mark
// says how far the source has come where there are marks.
static int expect(struct agg *a, struct stream *s, int64_t from, int64_t to)
{
    if (!a->resumed && resume(a, s, NULL) != 0)
        return -1;
    a->snapshots.changed = true;
    windows_limit_span(&a->windows, from);
    if (!stream_has_marks(s))
        windows_advance(&a->windows, to);
    if (close_due(a, s) == 0)
        return 0;
    stream_lose(s, 1); // it came to nothing
    return -1;
}

// Passes an accepted record on if that is wanted, and sees whether insights are.
static int record_done(struct agg *a, struct stream *s, const struct line *line)
{
    uint64_t every = a->options->every_records;

    if (!a->options->tee)
        stream_absorb(s);
    else if (stream_emit(s, line->data, line->len) != 0)
        return -1;
    if (close_due(a, s) != 0)
        return -1;
    a->snapshots.accepted++;
    return every > 0 && a->snapshots.accepted % every == 0 ? emit_windows(a, s, WINDOWS_CHANGED)
                                                           : 0;
}

static int record(void *ctx, struct stream *s, const struct line *line)
{
    struct agg *a = ctx;
    const char *time_field = a->options->insights.time_field;
    const struct json_value *time = &a->windows.batch.value[a->plan.time_field];
    int64_t ms;

    if (json_type(stream_json(s)) != JSON_OBJECT)
        return stream_reject(s, &(struct reject){REJECT_NOT_OBJECT, NULL, NULL}, line);
    plan_read_fields(&a->plan, stream_json(s), a->windows.batch.value);
    if (time->type == JSON_ABSENT || time->type == JSON_NULL)
        return stream_reject(s, &(struct reject){REJECT_MISSING_FIELD, time_field, NULL}, line);
    if (!event_time(time, &ms))
        return stream_reject(s, &(struct reject){REJECT_BAD_TIMESTAMP, time_field, NULL}, line);
    if (expect(a, s, ms, ms) != 0)
        return -1;
    // With --tee a late record goes on with the others; only the insights are without it.
    if (!windows_add(&a->windows, ms)) {
        a->late++;
        if (!a->options->tee)
            return stream_reject_late(s, &(struct reject){REJECT_LATE, time_field, NULL}, line);
    }
    return record_done(a, s, line);
}

// One line of --partial.
static int merge(void *ctx, struct stream *s, const struct line *line)
{
    struct agg *a = ctx;
    struct partial_head head;
    struct err err;

    if (json_type(stream_json(s)) != JSON_OBJECT)
        return stream_reject(s, &(struct reject){REJECT_NOT_OBJECT, NULL, NULL}, line);
    if (partial_read_check(stream_json(s), &a->plan, &head, &err) != 0)
        return stream_reject(s, &(struct reject){REJECT_NOT_PARTIAL, NULL, err.text}, line);
    if (!windows_knows(&a->windows, &head))
        return stream_reject(
            s, &(struct reject){REJECT_NOT_PARTIAL, NULL, "its window is none of --window"}, line);
    if (expect(a, s, head.first, head.last) != 0)
        return -1;
    struct insight_set *set = windows_extend(&a->windows, &head);
    if (set == NULL) {
        a->late++;
        return stream_reject_late(s, &(struct reject){REJECT_LATE, "last", NULL}, line);
    }
    partial_read_merge(stream_json(s), &a->plan, set);
    return record_done(a, s, line);
}

static int on_tick(void *ctx, struct stream *s)
{
    return emit_windows(ctx, s, WINDOWS_CHANGED);
}

// All that there will be in this run has come: closes the windows, unless another run goes on with
// them.
static int finish(struct agg *a, struct stream *s)
{
    bool rolling = a->options->every_ms > 0 || a->options->every_records > 0;

    if (a->late > stream_ledger(s)->in / LATE_SHARE)
        log_warn("%llu of %llu records came too late for their windows; --lateness allows for more",
                 (unsigned long long)a->late, (unsigned long long)stream_ledger(s)->in);
    if (a->options->state != NULL && !a->options->final)
        return rolling ? emit_windows(a, s, WINDOWS_CHANGED) : 0;
    windows_end(&a->windows);
    return close_due(a, s);
}

static int on_mark(void *ctx, struct stream *s, const struct mark *mark, const struct line *line)
{
    struct agg *a = ctx;
    struct err err;

    (void)line;
    if (mark->kind == MARK_HELLO)
        return resume(a, s, mark);
    if (checkpoint_check_mark(&a->snapshots, mark, &err) != 0)
        return stream_fail_err(s, &err);
    if (mark->has_watermark)
        windows_advance(&a->windows, mark->watermark);
    else if (stream_ledger(s)->aggregated + stream_ledger(s)->out > 0 &&
             ++a->timeless == TIMELESS_MARKS)
        log_warn("%d marks have no watermark: windows close at the end only; does kcat-in have the "
                 "right --time-field?",
                 a->timeless);
    if ((a->options->partial ? emit_windows(a, s, WINDOWS_CHANGED) : close_due(a, s)) != 0)
        return -1;
    if (mark->kind == MARK_END && finish(a, s) != 0)
        return -1;
    return save(a, s, mark);
}

static int end(void *ctx, struct stream *s)
{
    struct agg *a = ctx;
    struct err err;

    if (stream_has_marks(s)) // the last mark was the end
        return 0;
    if (!a->resumed && checkpoint_check_empty(&a->snapshots, &err) != 0)
        return stream_fail_err(s, &err);
    if (!a->resumed && resume(a, s, NULL) != 0)
        return -1;
    // What could not be written must not count as done.
    return finish(a, s) != 0 || stream_flush(s) != 0 ? -1 : save(a, s, NULL);
}

static int open_state(void *ctx, struct stream *s)
{
    struct agg *a = ctx;
    struct err err;

    if (checkpoint_open(&a->snapshots, a->options->state, a->options_text.data,
                        a->options->state_reset, &err) != 0)
        return stream_fail_err(s, &err);
    return 0;
}

static void close_state(void *ctx, struct stream *s)
{
    (void)s;
    checkpoint_close(&((struct agg *)ctx)->snapshots);
}

static int dump_state(struct agg *a)
{
    struct err err;

    if (checkpoint_dump(a->options->state, a->options_text.data, &a->windows, &a->plan, &err) == 0)
        return EX_OK;
    log_error("%s", err.text);
    return err.status;
}

int main(int argc, char **argv)
{
    struct options options = {.stream = STREAM_OPTIONS_INIT,
                              .every_ms = 10 * MS_SECOND,
                              .insights = INSIGHT_OPTIONS_INIT,
                              .lateness = -1};
    const struct opt_group groups[] = {
        {"Insights", insight_opts, insight_opt_count, &options.insights},
        OPT_GROUP("Aggregation", options_table, &options),
        {"Stream", stream_opts, stream_opt_count, &options.stream},
    };
    const struct opt_program program = {"[OPTION]... < records > insights",
                                        "Writes rolling insights about windows of login records.",
                                        groups, 3};
    struct agg agg;

    log_init(argv[0]);
    if (opt_parse(&program, argc, argv) != argc)
        opt_usage_error("%s: takes no operands; records come from stdin", argv[argc - 1]);
    agg_init(&agg, &options);
    const struct stream_ops ops = {.parse = true,
                                   .tick = options.every_ms,
                                   .open = open_state,
                                   .record = options.merge ? merge : record,
                                   .mark = on_mark,
                                   .end = end,
                                   .on_tick = on_tick,
                                   .close = close_state};
    int status = options.state_dump ? dump_state(&agg) : stream_run(&ops, &agg, &options.stream);
    agg_release(&agg);
    opt_release(&program);
    return status;
}
