// SPDX-License-Identifier: BSD-2-Clause
#include "insight/aggregator.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "insight/coverage_watermark.h"
#include "insight/state_dump.h"
#include "json/json_write.h"

#define ENOUGH_RECORDS 1000 // warn when none of so many records has a field
#define TIMELESS_MARKS 60   // warn after 60 marks without a watermark, usually in one minute

void aggregator_release(struct aggregator *a)
{
    windows_release(&a->windows);
    plan_release(&a->plan);
    buf_release(&a->options_text);
    free(a->specs);
    json_free(a->json);
    merger_release(&a->merger);
    cover_writer_release(&a->cover_writer);
    cover_release(&a->cover);
}

int aggregator_open(struct aggregator *a, struct err *err)
{
    return checkpoint_open(&a->checkpoint, a->options->state, a->options_text.data,
                           a->options->state_reset, err);
}

void aggregator_close(struct aggregator *a)
{
    struct err err;

    merger_settle_held(&a->merger, MERGE_FAILED, &err);
    checkpoint_bytes(&a->checkpoint); // for the last metrics
    checkpoint_close(&a->checkpoint);
}

static int emit_changed(struct aggregator *a, struct err *err)
{
    if (emitter_put(&a->emitter, WINDOWS_CHANGED, err) != 0)
        return -1;
    checkpoint_log_emitted(&a->checkpoint, &a->windows);
    return 0;
}

// Emits all partials, with what they cover.
static int emit_covered(struct aggregator *a, const struct mark *mark, struct err *err)
{
    if (cover_writer_make(&a->cover_writer, mark, &a->cover, err) != 0)
        return -1;
    return emitter_put_covered(&a->emitter, &a->cover, err);
}

static int emit_due(struct aggregator *a, struct err *err)
{
    // Before the insights that would lack their records.
    if (a->windows.join.count > 0 && merger_refuse_incomplete(&a->merger, err) != 0)
        return -1;
    return windows_due(&a->windows) ? emitter_put(&a->emitter, WINDOWS_DUE, err) : 0;
}

// Replays a record.
static int apply_record(struct aggregator *a, const struct state_entry *entry, struct err *err)
{
    for (size_t i = 0; i < a->plan.value_count; i++) {
        const struct state_value *value = &entry->value[i];
        a->windows.batch.value[a->plan.value[i].field] =
            (struct json_value){.type = JSON_STRING, .string = {value->data, value->len}};
    }
    if (aggregator_add(a, entry->time, err) == AGGREGATOR_FAILED)
        return -1;
    return emit_due(a, err);
}

// Replays a line of a partial or of a cover.
static int apply_partial(struct aggregator *a, const struct state_entry *entry, struct err *err)
{
    enum merge_result result = MERGE_REFUSED;
    struct buf text = BUF_INIT; // the parser needs padding

    buf_append(&text, entry->data, entry->len);
    const struct line line = {
        .data = text.data, .len = text.len, .full_len = text.len, .number = entry->number};
    if (json_parse(a->json, text.data, text.len) == 0 && json_type(a->json) == JSON_OBJECT)
        result = merger_take(&a->merger, a->json, &line, err);
    buf_release(&text);
    if (result == MERGE_REFUSED && !a->windows.coverage.used)
        return err_set(err, EX_CONFIG,
                       "--state: a log has a wrong partial (--state-reset starts over)");
    if (result == MERGE_ADDED || result == MERGE_JOINED)
        return emit_due(a, err);
    return result == MERGE_FAILED ? -1 : 0;
}

// Does again what the log of a checkpoint says, without emitting anything.
static int apply(void *ctx, const struct state_entry *entry, struct err *err)
{
    struct aggregator *a = ctx;

    switch (entry->kind) {
    case STATE_RECORD:
        return apply_record(a, entry, err);
    case STATE_PARTIAL:
        return apply_partial(a, entry, err);
    case STATE_EMITTED:
        return emit_changed(a, err);
    case STATE_LATE: // its values are not counted
        memset(a->windows.batch.value, 0, a->plan.field_count * sizeof(struct json_value));
        return aggregator_add(a, entry->time, err) == AGGREGATOR_FAILED ? -1 : 0;
    case STATE_WATERMARK:
        windows_move(&a->windows, entry->time);
        return emit_due(a, err);
    case STATE_ENDED:
        windows_end(&a->windows);
        emit_due(a, err);
        a->windows.ended = false; // this run goes on
        return 0;
    case STATE_MARK:
    case STATE_WINDOW:
        break;
    }
    return 0;
}

static void set_replaying(struct aggregator *a, bool replaying)
{
    a->emitter.silent = a->windows.coverage.replaying = replaying;
}

static int resume(struct aggregator *a, const struct mark *hello, struct err *err)
{
    const struct state_replay replay = {apply, a};

    set_replaying(a, true);
    int status = checkpoint_resume(&a->checkpoint, hello, &a->windows, &replay, err);
    merger_settle_held(&a->merger, MERGE_ADDED, err);
    merger_resumed(&a->merger);
    batch_forget(&a->windows.batch);
    set_replaying(a, false);
    return status;
}

// A hello or an assign mark names the partitions of the source.
static void note_source(struct aggregator *a, const struct mark *mark)
{
    if (a->options->partial)
        cover_writer_start(&a->cover_writer, mark);
    if (a->options->merge)
        merger_note_source(&a->merger, mark);
}

// Called at the first line of the input. Resumes from a checkpoint, if there is one. `hello` is
// NULL when the line is not a mark.
static int start(struct aggregator *a, const struct mark *hello, struct err *err)
{
    const struct aggregator_options *o = a->options;

    a->started = true;
    a->marked = hello != NULL;
    if (hello != NULL)
        note_source(a, hello);
    if (o->state == NULL && !o->partial && hello != NULL && hello->seq > 0)
        log_warn("the source continues from mark %llu; earlier counts are lost without --state",
                 (unsigned long long)hello->seq);
    return resume(a, hello, err);
}

// Advances the watermark to a time, unless that is too far ahead of the clock. The clock is read
// only for times after the latest one that it allowed before.
static void advance(struct aggregator *a, int64_t time)
{
    if (time <= a->newest)
        return;
    if (time > a->latest && __builtin_add_overflow(time_now(), a->options->ahead, &a->latest))
        a->latest = INT64_MAX;
    if (time > a->latest)
        return;
    a->newest = time;
    windows_advance(&a->windows, time);
}

// Prepares for records with times from `from` to `to`: closes the windows that end before.
static int expect(struct aggregator *a, int64_t from, int64_t to, struct err *err)
{
    if (!a->started && start(a, NULL, err) != 0)
        return -1;
    windows_limit_span(&a->windows, from);
    if (!a->marked && !a->windows.coverage.used)
        advance(a, to);
    return emit_due(a, err);
}

// --- Opening, and what is done for each record ---

static int merger_expect(void *ctx, int64_t from, int64_t to, struct err *err)
{
    return expect(ctx, from, to, err);
}

static int merger_settle(void *ctx, const struct line *line, bool known, enum merge_result result,
                         const char *why, struct err *err)
{
    struct aggregator *a = ctx;

    return a->ops->settle(a->ctx, line, known, result, why, err);
}

static const struct merger_ops merger_ops = {.expect = merger_expect, .settle = merger_settle};

static int check_mergeable(const struct aggregator *a, size_t specs, struct err *err)
{
    for (size_t i = 0; (a->options->partial || a->options->merge) && i < specs; i++) {
        if (a->specs[i].kind == WINDOW_RECORDS)
            return err_set(
                err, EX_USAGE,
                "--window: '%s' depends on the order of all records, so it cannot be merged",
                a->specs[i].text);
    }
    return 0;
}

// A partial is never late: --merge, which sees all records, decides what is late. By default, no
// record of a file is late either, since all windows close at its end. But if the counts are kept,
// the next run continues them, so it is not the end that closes them.
static int64_t lateness(const struct aggregator_options *options)
{
    if (options->partial)
        return WINDOWS_NO_LIMIT;
    if (options->lateness >= 0)
        return options->lateness;
    return options->bounded && options->state == NULL ? WINDOWS_NO_LIMIT : MS_MINUTE;
}

int aggregator_init(struct aggregator *a, const struct aggregator_options *options,
                    struct insight_options *insights, const struct aggregator_ops *ops, void *ctx,
                    struct err *err)
{
    *a = (struct aggregator){
        .options = options, .ops = ops, .ctx = ctx, .newest = INT64_MIN, .latest = INT64_MIN};
    quiet_init(&a->quiet, options->idle, options->ahead);
    if (insight_options_plan(insights, &a->plan, &a->specs, err) != 0)
        return -1;
    if (check_mergeable(a, insights->windows.count, err) != 0) {
        plan_release(&a->plan);
        free(a->specs);
        return -1;
    }
    insight_options_put(&a->options_text, insights);
    buf_puts(&a->options_text, options->merge ? " --merge" : "");
    buf_putc(&a->options_text, '\0');
    windows_init(&a->windows, &a->plan, a->specs, insights->windows.count, lateness(options));
    a->windows.coverage.skip_gaps = options->skip_gaps;
    a->emitter = (struct emitter){.plan = &a->plan,
                                  .windows = &a->windows,
                                  .partial = options->partial,
                                  .begin = ops->begin,
                                  .emit = ops->emit,
                                  .ctx = ctx};
    merger_init(&a->merger, &a->plan, &a->windows, &a->checkpoint, &merger_ops, a);
    a->merger.bounded = options->bounded;
    a->json = json_new();
    return 0;
}

const struct json_value *aggregator_read(struct aggregator *a, const struct json *json)
{
    plan_read_fields(&a->plan, json, a->windows.batch.value);
    return &a->windows.batch.value[a->plan.time_field];
}

enum aggregator_result aggregator_add(struct aggregator *a, int64_t time, struct err *err)
{
    if (expect(a, time, time, err) != 0)
        return AGGREGATOR_FAILED;
    if (windows_add(&a->windows, time))
        return a->windows.missed ? AGGREGATOR_PARTLY : AGGREGATOR_ADDED;
    checkpoint_log_late(&a->checkpoint, &a->windows, time);
    return AGGREGATOR_LATE;
}

// With covers, the watermark is that of their partitions.
static int follow_covers(struct aggregator *a, struct err *err)
{
    int64_t time;

    if (a->windows.coverage.replaying) // the log has the watermark
        return 0;
    if (coverage_watermark(&a->windows.coverage, &time))
        advance(a, time);
    merger_warn_held_back(&a->merger);
    return emit_due(a, err);
}

enum merge_result aggregator_merge(struct aggregator *a, const struct json *json,
                                   const struct line *line, struct err *err)
{
    if (!a->started && start(a, NULL, err) != 0)
        return MERGE_FAILED;
    enum merge_result result = merger_take(&a->merger, json, line, err);
    if (result == MERGE_COVER && follow_covers(a, err) != 0)
        return MERGE_FAILED;
    return result;
}

// Warns about the fields that the user asked for and that no record has, such as misspelt ones.
static void warn_absent(const struct aggregator *a)
{
    for (size_t i = 0; i < a->plan.insight_count; i++) {
        const struct insight *in = &a->plan.insight[i];
        for (size_t j = 0; j < in->width && in->option != NULL; j++) {
            if (batch_lacks(&a->windows.batch, in->part[j]))
                log_warn("%s %s: none of %llu records has the field %.*s", in->option, in->about,
                         (unsigned long long)a->windows.batch.loaded, (int)in->name[j].len,
                         in->name[j].name);
        }
    }
}

// In a stream with marks, partials are only emitted at marks, since they say what they cover.
static bool emits_between_marks(const struct aggregator *a)
{
    return !a->options->partial || !a->marked;
}

int aggregator_accept(struct aggregator *a, struct err *err)
{
    uint64_t every = emits_between_marks(a) ? a->options->every_records : 0;

    if (++a->fed == ENOUGH_RECORDS)
        warn_absent(a);
    if (emit_due(a, err) != 0)
        return -1;
    a->checkpoint.accepted++;
    return every > 0 && a->checkpoint.accepted % every == 0 ? emit_changed(a, err) : 0;
}

// Called when the next run will continue: emits what has changed, unless only final insights are
// wanted.
static int pause_here(struct aggregator *a, struct err *err)
{
    bool rolling = a->options->every_ms > 0 || a->options->every_records > 0;

    return rolling ? emit_changed(a, err) : 0;
}

// Called after all input of this run. Closes all windows, unless the next run resumes from them.
static int finish(struct aggregator *a, struct err *err)
{
    if (a->fed < ENOUGH_RECORDS)
        warn_absent(a);
    if (a->options->state != NULL && !a->options->final)
        return pause_here(a, err);
    if (coverage_end(&a->windows.coverage, err) != 0)
        return -1;
    checkpoint_log_ended(&a->checkpoint, &a->windows);
    windows_end(&a->windows);
    return emit_due(a, err);
}

// With marks the watermark comes from the source, which knows all its partitions.
// A merger's source only knows when the partials were written.
static void follow_mark(struct aggregator *a, const struct mark *mark)
{
    if (a->options->merge && merger_has_watermark(&a->merger))
        return;
    if (mark->has_watermark)
        advance(a, mark->watermark);
    else if (a->fed > 0 && ++a->timeless == TIMELESS_MARKS)
        log_warn("%d marks have no watermark, so no window has closed yet; does kcat-in have "
                 "the right --time-field?",
                 a->timeless);
}

// How many ticks there are in options->every_ms.
static int64_t ticks_per_emit(const struct aggregator_options *o)
{
    return o->every_ms / QUIET_CHECK_EVERY + (o->every_ms % QUIET_CHECK_EVERY > 0);
}

int64_t aggregator_tick_time(const struct aggregator_options *options)
{
    return options->every_ms == 0 ? QUIET_CHECK_EVERY : options->every_ms / ticks_per_emit(options);
}

static int follow_clock(struct aggregator *a, uint64_t records, struct err *err)
{
    int64_t time;

    if (a->options->bounded || a->marked || a->windows.coverage.used ||
        !quiet_check(&a->quiet, records, a->newest, time_monotonic(), time_now(), &time))
        return 0;
    windows_advance(&a->windows, time);
    return emit_due(a, err);
}

int aggregator_tick(struct aggregator *a, uint64_t records, struct err *err)
{
    int64_t per_emit = emits_between_marks(a) ? ticks_per_emit(a->options) : 0;

    if (follow_clock(a, records, err) != 0)
        return -1;
    return per_emit > 0 && ++a->ticks % (uint64_t)per_emit == 0 ? emit_changed(a, err) : 0;
}

int aggregator_mark(struct aggregator *a, const struct mark *mark, struct err *err)
{
    if (mark->kind == MARK_HELLO)
        return start(a, mark, err);
    if (checkpoint_check_mark(&a->checkpoint, mark, err) != 0)
        return -1;
    if (mark->kind == MARK_ASSIGN)
        note_source(a, mark);
    else
        follow_mark(a, mark);
    // Partials are not kept in checkpoints, so all of them are emitted before the mark.
    if (a->options->partial && mark->kind != MARK_ASSIGN && emit_covered(a, mark, err) != 0)
        return -1;
    if (!a->options->partial && emit_due(a, err) != 0)
        return -1;
    if (mark->kind == MARK_END && finish(a, err) != 0)
        return -1;
    if (mark->stop && a->options->state != NULL && pause_here(a, err) != 0)
        return -1;
    if (checkpoint_save(&a->checkpoint, mark, &a->windows, err) != 0)
        return -1;
    if (mark->kind != MARK_END && !mark->stop)
        return 0;
    if (checkpoint_await_sync(&a->checkpoint, err) != 0)
        return -1;
    return merger_settle_held(&a->merger, MERGE_ADDED, err);
}

int aggregator_end(struct aggregator *a, struct err *err)
{
    if (a->marked)
        return 0;
    if (!a->started &&
        (checkpoint_check_empty(&a->checkpoint, err) != 0 || start(a, NULL, err) != 0))
        return -1;
    // A checkpoint must not count records whose insights could not be written.
    if (finish(a, err) != 0 || a->ops->flush(a->ctx, err) != 0)
        return -1;
    if (checkpoint_save(&a->checkpoint, NULL, &a->windows, err) != 0)
        return -1;
    return merger_settle_held(&a->merger, MERGE_ADDED, err);
}

void aggregator_put_ledger(const struct aggregator *a, struct buf *b)
{
    const struct coverage *coverage = &a->windows.coverage;

    json_put_name(b, "covered");
    coverage_put(b, coverage);
    json_put_member_u64(b, "duplicates", coverage->duplicates);
    json_put_member_u64(b, "skipped", coverage->skipped);
}

void aggregator_put_metrics(struct aggregator *a, struct metrics *m)
{
    metrics_family(m, "loginpipe_open_windows", "gauge", "Windows that still take records.");
    metrics_put_u64(m, windows_open_count(&a->windows), NULL);
    if (a->options->state == NULL)
        return;
    metrics_family(m, "loginpipe_state_bytes", "gauge", "Bytes of the saved counts on disk.");
    metrics_put_u64(m, checkpoint_bytes(&a->checkpoint), NULL);
}

int64_t aggregator_reached(const struct aggregator *a)
{
    const struct windows *w = &a->windows;

    if (!a->options->merge || w->watermark == INT64_MIN || w->lateness == WINDOWS_NO_LIMIT)
        return a->newest;
    return w->watermark + w->lateness;
}

int aggregator_dump(struct aggregator *a, struct err *err)
{
    const struct state_replay replay = {apply, a};

    a->started = a->marked = true;
    set_replaying(a, true);
    return state_dump(a->options->state, a->options_text.data, &a->windows, &replay, err);
}
