// SPDX-License-Identifier: BSD-2-Clause
//
// loginagg: groups login records into windows of event time and writes insights about each window,
// while it fills and when it closes.

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "datetime.h"
#include "insight.h"
#include "insight_windows.h"
#include "log.h"
#include "opt.h"
#include "record.h"
#include "stream.h"
#include "window.h"
#include "xalloc.h"

#define LATE_SHARE 10 // warn when more than one in so many is late

struct options {
    struct stream_options stream;
    struct opt_list windows, counts, distincts, duplicates;
    int64_t every_ms;       // 0 for not by time
    uint64_t every_records; // 0 for not by records
    int64_t lateness;
    const char *time_field;
    uint64_t top, values, max_keys;
    bool tee, partial, merge;
};

struct agg {
    const struct options *options;
    struct insight_plan plan;
    struct window_spec *specs;
    struct insight_windows windows;
    uint64_t accepted, late;
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
        status = opt_parse_number(number, 1000, &o->every_records);
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
    {"window", 'w', OPT_LIST, "WINDOW",
     "1h (default), 1h/5m (each 5 minutes), 500n (records), 500n,30s, all",
     offsetof(struct options, windows), NULL, 0},
    {"every", 0, OPT_CALL, "N", "how often while a window fills: 100n (records), 10s, 0 for never",
     0, set_every, 0},
    {"lateness", 0, OPT_DURATION, "DUR", "how long behind the newest record others may come (1m)",
     offsetof(struct options, lateness), NULL, 0},
    {"time-field", 0, OPT_STRING, "NAME", "the field that has the time (default timestamp)",
     offsetof(struct options, time_field), NULL, 0},
    {"count", 0, OPT_LIST, "FIELD", "how often each value occurs", offsetof(struct options, counts),
     NULL, 0},
    {"distinct", 0, OPT_LIST, "FIELD/PER", "how many values come with each value of PER",
     offsetof(struct options, distincts), NULL, 0},
    {"duplicates", 0, OPT_LIST, "FIELDS", "combinations (a,b) that occur more than once",
     offsetof(struct options, duplicates), NULL, 0},
    {"top", 0, OPT_COUNT, "N", "list the N highest groups (default 10)",
     offsetof(struct options, top), NULL, 0},
    {"values", 0, OPT_COUNT, "N", "list the N most frequent values (default 100)",
     offsetof(struct options, values), NULL, 0},
    {"max-keys", 0, OPT_COUNT, "N", "keys of a table in a window while exact (default 5M)",
     offsetof(struct options, max_keys), NULL, 1},
    {"partial", 0, OPT_FLAG, NULL, "write what was counted for --merge, and forget it",
     offsetof(struct options, partial), NULL, 0},
    {"merge", 0, OPT_FLAG, NULL, "read what --partial wrote, and write insights",
     offsetof(struct options, merge), NULL, 0},
    {"tee", 0, OPT_FLAG, NULL, "pass the records on, insights among them",
     offsetof(struct options, tee), NULL, 0},
};

// Adds an insight for each item of a list, or of the defaults when the list is empty.
static void add_insights(struct insight_plan *plan, const char *option, const struct opt_list *list,
                         const char *const *defaults,
                         int (*add)(struct insight_plan *, const char *, struct err *))
{
    struct err err;

    for (size_t i = 0; i < list->count; i++) {
        if (add(plan, list->item[i], &err) != 0)
            opt_usage_error("%s: %s", option, err.text);
    }
    for (size_t i = 0; list->count == 0 && defaults[i] != NULL; i++)
        add(plan, defaults[i], &err);
}

static void plan_insights(struct insight_plan *plan, const struct options *options)
{
    static const char *const counts[] = {"device_type", "app_version", "locale", NULL};
    static const char *const distincts[] = {"ip/user_id", NULL};
    static const char *const duplicates[] = {"user_id,device_id", "user_id,ip",
                                             "app_version,locale", "app_version,device_type", NULL};
    struct err err;

    if (insight_plan_init(plan, options->time_field, &err) != 0)
        die(&err);
    plan->top = options->top;
    plan->values = options->values;
    plan->max_keys = options->max_keys;
    insight_add_logins(plan);
    add_insights(plan, "--count", &options->counts, counts, insight_add_count);
    add_insights(plan, "--distinct", &options->distincts, distincts, insight_add_distinct);
    add_insights(plan, "--duplicates", &options->duplicates, duplicates, insight_add_duplicates);
}

static struct window_spec *parse_windows(const struct opt_list *windows)
{
    struct window_spec *specs = xcalloc(windows->count, sizeof *specs);
    struct err err;

    for (size_t i = 0; i < windows->count; i++) {
        if (window_parse(windows->item[i], &specs[i], &err) != 0)
            opt_usage_error("--window: %s", err.text);
        for (size_t j = 0; j < i; j++) {
            if (strcmp(specs[i].text, specs[j].text) == 0)
                opt_usage_error("--window: '%s' is given twice", specs[i].text);
        }
    }
    return specs;
}

// Checks what goes with --partial and --merge.
static void check_modes(const struct options *options, const struct window_spec *specs)
{
    if (options->partial && options->merge)
        opt_usage_error("--partial, --merge: only one of them can be given");
    if (options->merge && options->tee)
        opt_usage_error("--tee: there are no records to pass on with --merge");
    for (size_t i = 0; (options->partial || options->merge) && i < options->windows.count; i++) {
        if (specs[i].kind == WINDOW_RECORDS)
            opt_usage_error(
                "--window: '%s' goes by the order of all records, so it cannot be merged",
                specs[i].text);
    }
}

static void agg_init(struct agg *a, struct options *options)
{
    *a = (struct agg){.options = options};
    if (options->windows.count == 0)
        opt_list_add(&options->windows, "1h");
    a->specs = parse_windows(&options->windows);
    check_modes(options, a->specs);
    plan_insights(&a->plan, options);
    // What is too late is for --merge to say, which sees all records.
    insight_windows_init(&a->windows, &a->plan, a->specs, options->windows.count,
                         options->partial ? INT64_MAX : options->lateness);
}

static void agg_release(struct agg *a)
{
    insight_windows_release(&a->windows);
    insight_plan_release(&a->plan);
    free(a->specs);
}

static int emit_insights(struct agg *a, struct stream *s, const struct insight_view *view)
{
    for (size_t i = 0; i < a->plan.insight_count; i++) {
        insight_put(stream_emit_begin(s), &a->plan, i, view);
        stream_ledger(s)->made++;
        if (stream_emit_end(s) != 0)
            return -1;
    }
    return 0;
}

static int emit_partials(struct agg *a, struct stream *s, const struct insight_view *view)
{
    struct insight_partial partial;

    insight_partial_init(&partial, &a->plan, view);
    while (insight_partial_next(&partial, stream_emit_begin(s))) {
        stream_ledger(s)->made++;
        if (stream_emit_end(s) != 0)
            return -1;
    }
    return 0;
}

static int emit_windows(struct agg *a, struct stream *s, enum windows_which which)
{
    bool partial = a->options->partial;
    struct insight_view view;

    while (insight_windows_next(&a->windows, which, &view)) {
        if ((partial ? emit_partials : emit_insights)(a, s, &view) != 0)
            return -1;
    }
    if (partial)
        insight_windows_clear(&a->windows);
    return 0;
}

static int close_due(struct agg *a, struct stream *s)
{
    return insight_windows_due(&a->windows) ? emit_windows(a, s, WINDOWS_DUE) : 0;
}

// Passes an accepted record on if that is wanted, and sees whether insights are.
static int record_done(struct agg *a, struct stream *s, const struct line *line)
{
    uint64_t every = a->options->every_records;

    if (!a->options->tee)
        stream_ledger(s)->aggregated++;
    else if (stream_emit(s, line->data, line->len) != 0)
        return -1;
    if (close_due(a, s) != 0)
        return -1;
    return every > 0 && ++a->accepted % every == 0 ? emit_windows(a, s, WINDOWS_CHANGED) : 0;
}

static int record(void *ctx, struct stream *s, const struct line *line)
{
    struct agg *a = ctx;
    const char *time_field = a->options->time_field;
    const struct json_value *time = &a->windows.batch.value[a->plan.time_field];
    int64_t ms;

    if (json_type(stream_json(s)) != JSON_OBJECT)
        return stream_reject(s, &(struct reject){REJECT_NOT_OBJECT, NULL, NULL}, line);
    insight_read_fields(&a->plan, stream_json(s), a->windows.batch.value);
    if (time->type == JSON_ABSENT || time->type == JSON_NULL)
        return stream_reject(s, &(struct reject){REJECT_MISSING_FIELD, time_field, NULL}, line);
    if (!record_moment(time, &ms))
        return stream_reject(s, &(struct reject){REJECT_BAD_TIMESTAMP, time_field, NULL}, line);
    insight_windows_advance(&a->windows, ms);
    if (close_due(a, s) != 0) {
        stream_ledger(s)->undelivered++; // it came to nothing
        return -1;
    }
    // With --tee a late record goes on with the others; only the insights are without it.
    if (!insight_windows_add(&a->windows, ms)) {
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
    struct insight_partial_head head;
    struct err err;

    if (json_type(stream_json(s)) != JSON_OBJECT)
        return stream_reject(s, &(struct reject){REJECT_NOT_OBJECT, NULL, NULL}, line);
    if (insight_partial_parse(stream_json(s), &a->plan, &head, &err) != 0)
        return stream_reject(s, &(struct reject){REJECT_NOT_PARTIAL, NULL, err.text}, line);
    if (insight_windows_spec(&a->windows, &head) == NULL)
        return stream_reject(
            s, &(struct reject){REJECT_NOT_PARTIAL, NULL, "its window is none of --window"}, line);
    insight_windows_advance(&a->windows, head.last);
    if (close_due(a, s) != 0) {
        stream_ledger(s)->undelivered++;
        return -1;
    }
    struct insight_set *set = insight_windows_merge(&a->windows, &head);
    if (set == NULL) {
        a->late++;
        return stream_reject_late(s, &(struct reject){REJECT_LATE, "last", NULL}, line);
    }
    insight_partial_merge(stream_json(s), &a->plan, set);
    return record_done(a, s, line);
}

static int on_tick(void *ctx, struct stream *s)
{
    return emit_windows(ctx, s, WINDOWS_CHANGED);
}

static int end(void *ctx, struct stream *s)
{
    struct agg *a = ctx;

    if (a->late > stream_ledger(s)->in / LATE_SHARE)
        log_warn("%llu of %llu records came too late for their windows; --lateness allows for more",
                 (unsigned long long)a->late, (unsigned long long)stream_ledger(s)->in);
    insight_windows_end(&a->windows);
    return close_due(a, s);
}

int main(int argc, char **argv)
{
    struct options options = {.stream = STREAM_OPTIONS_INIT,
                              .every_ms = 10 * MS_SECOND,
                              .lateness = MS_MINUTE,
                              .time_field = "timestamp",
                              .top = 10,
                              .values = 100,
                              .max_keys = 5000000};
    const struct opt_group groups[] = {
        OPT_GROUP("Insights", options_table, &options),
        {"Stream", stream_opts, stream_opt_count, &options.stream},
    };
    const struct opt_program program = {"[OPTION]... < records > insights",
                                        "Writes rolling insights about windows of login records.",
                                        groups, 2};
    struct agg agg;

    log_init(argv[0]);
    if (opt_parse(&program, argc, argv) != argc)
        opt_usage_error("%s: takes no operands; records come from stdin", argv[argc - 1]);
    agg_init(&agg, &options);
    const struct stream_ops ops = {.parse = true,
                                   .tick = options.every_ms,
                                   .record = options.merge ? merge : record,
                                   .end = end,
                                   .on_tick = on_tick};
    int status = stream_run(&ops, &agg, &options.stream);
    agg_release(&agg);
    opt_release(&program);
    return status;
}
