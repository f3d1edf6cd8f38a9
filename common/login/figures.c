// SPDX-License-Identifier: BSD-2-Clause
#include "login/figures.h"

#include "base/datetime.h"

#define RECORDS "loginpipe_records_total"

static const struct {
    const char *stage; // NULL for all stages
    const char *outcome;
    const char *word;
    bool always; // is said if it is 0, too
} counters[] = {
    [FIGURES_CAME] = {"kcat-in", "in", NULL, true},
    [FIGURES_CLEAN] = {"loginclean", "out", "clean", true},
    [FIGURES_REJECTED] = {NULL, "rejected", "rejected", true},
    [FIGURES_LATE] = {NULL, "late", "late", true},
    [FIGURES_FILTERED] = {NULL, "filtered", "filtered", false},
    [FIGURES_UNDELIVERED] = {NULL, "undelivered", "undelivered", false},
};

// --- Taking ---

// A counter that is lower than before began anew.
static void count(struct figures *f, struct figures_member *member, enum figures_counter i,
                  const struct metrics_merge *metrics)
{
    double n;

    if (counters[i].stage != NULL)
        metrics_merge_sum(metrics, RECORDS, &n, "member", member->name, "stage", counters[i].stage,
                          "outcome", counters[i].outcome, NULL);
    else
        metrics_merge_sum(metrics, RECORDS, &n, "member", member->name, "outcome",
                          counters[i].outcome, NULL);
    f->counter[i] += n < member->seen[i] ? n : n - member->seen[i];
    member->seen[i] = n;
}

// Returns whether the member has partitions. The watermark of one that has none stands still.
static bool take_lag(struct figures *f, const struct figures_member *member,
                     const struct metrics_merge *metrics)
{
    double lag;

    if (metrics_merge_sum(metrics, "loginpipe_consumer_lag", &lag, "member", member->name, NULL) ==
        0)
        return false;
    f->lag += lag;
    f->has_lag = true;
    return true;
}

// Up to which event time the output is complete. Partials are older than the records in them.
// Without marks only loginagg knows.
static void take_watermark(struct figures *f, const struct figures_member *member,
                           const struct metrics_merge *metrics)
{
    static const char *const stages[] = {"kcat-out", "loginagg"};
    double seconds;

    for (size_t i = member->merges ? 1 : 0; i < 2; i++) {
        if (metrics_merge_sum(metrics, "loginpipe_watermark_timestamp_seconds", &seconds, "member",
                              member->name, "stage", stages[i], NULL) == 0)
            continue;
        const int64_t ms = (int64_t)(seconds * 1000);
        if (!f->has_watermark || ms < f->watermark)
            f->watermark = ms;
        f->has_watermark = true;
        return;
    }
}

static bool misses_broker(const struct metrics_merge *metrics)
{
    double up;
    const size_t stages = metrics_merge_sum(metrics, "loginpipe_broker_up", &up, NULL);

    return up < (double)stages;
}

void figures_update(struct figures *f, struct figures_member *members, size_t member_count,
                    const struct metrics_merge *metrics)
{
    const bool merges = members[member_count - 1].merges;

    f->partials = members[0].merges;
    f->has_lag = f->has_watermark = false;
    f->lag = 0;
    f->no_broker = misses_broker(metrics);
    metrics_merge_sum(metrics, "loginpipe_restarts_total", &f->restarts, NULL);
    for (size_t i = 0; i < member_count; i++) {
        struct figures_member *m = &members[i];
        const bool reads = !m->merges || f->partials;
        for (enum figures_counter c = 0; c < FIGURES_COUNTERS; c++) {
            if (reads || c != FIGURES_CAME)
                count(f, m, c, metrics);
        }
        bool has_partitions = reads && take_lag(f, m, metrics);
        // The insights are as far as the merger is.
        if (merges ? m->merges : has_partitions)
            take_watermark(f, m, metrics);
    }
}

// --- Telling ---

static void put_number(struct buf *b, double n)
{
    buf_put_grouped(b, n < 0 ? 0 : (uint64_t)(n + 0.5));
}

static void put_counted(struct buf *b, double n, const char *one, const char *many)
{
    put_number(b, n);
    buf_putc(b, ' ');
    buf_puts(b, n == 1 ? one : many);
}

static double rate(const struct figures *now, const struct figures *before, int64_t ms)
{
    return ms <= 0
               ? 0
               : (now->counter[FIGURES_CAME] - before->counter[FIGURES_CAME]) * 1000 / (double)ms;
}

// A duration in the unit that a person would take.
static void put_duration(struct buf *b, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *name;
    } units[] = {{MS_DAY, "days"}, {MS_HOUR, "h"}, {MS_MINUTE, "min"}, {MS_SECOND, "s"}};
    size_t i = 0;

    while (i + 1 < sizeof units / sizeof *units && ms < 2 * units[i].ms)
        i++;
    put_number(b, ms < 0 ? 0 : (double)ms / (double)units[i].ms);
    buf_putc(b, ' ');
    buf_puts(b, units[i].name);
}

void figures_put_line(const struct figures *now, const struct figures *before, int64_t ms,
                      int64_t clock, struct buf *b)
{
    const char *separator = ": ";

    put_counted(b, now->counter[FIGURES_CAME] - before->counter[FIGURES_CAME],
                now->partials ? "partial" : "record", now->partials ? "partials" : "records");
    buf_puts(b, " in the last ");
    if (ms >= 59 * MS_SECOND && ms <= 61 * MS_SECOND)
        buf_puts(b, "minute");
    else
        put_duration(b, ms);
    buf_puts(b, " (");
    put_number(b, rate(now, before, ms));
    buf_puts(b, "/s)");
    for (enum figures_counter i = FIGURES_CLEAN; i < FIGURES_COUNTERS; i++) {
        const double n = now->counter[i] - before->counter[i];
        if ((n == 0 && !counters[i].always) || (now->partials && i == FIGURES_CLEAN))
            continue;
        buf_puts(b, separator);
        put_counted(b, n, counters[i].word, counters[i].word);
        separator = ", ";
    }
    if (now->has_lag) {
        buf_puts(b, "; lag ");
        put_number(b, now->lag);
    }
    if (now->has_watermark) {
        buf_puts(b, "; watermark ");
        time_format(b, now->watermark - now->watermark % MS_SECOND);
        buf_puts(b, ", ");
        put_duration(b, clock - now->watermark);
        buf_puts(b, " behind");
    }
    if (now->restarts > before->restarts) {
        buf_puts(b, "; ");
        put_counted(b, now->restarts - before->restarts, "restart", "restarts");
    }
    if (now->no_broker)
        buf_puts(b, "; no broker is reachable");
}

void figures_put_status(const struct figures *now, const struct figures *before, int64_t ms,
                        struct buf *b)
{
    put_number(b, rate(now, before, ms));
    buf_puts(b, now->partials ? " partials/s" : " records/s");
    if (now->has_lag) {
        buf_puts(b, ", lag ");
        put_number(b, now->lag);
    }
    buf_puts(b, ", ");
    put_counted(b, now->restarts, "restart", "restarts");
    if (now->no_broker)
        buf_puts(b, ", no broker is reachable");
}
