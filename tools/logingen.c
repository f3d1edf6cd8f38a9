// SPDX-License-Identifier: BSD-2-Clause
//
// logingen: generates login records, good and bad ones, for demos, tests and benchmarks. The same
// options give the same bytes on every machine, whatever the --rate.

#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/datetime.h"
#include "base/log.h"
#include "base/number.h"
#include "base/opt.h"
#include "base/rate.h"
#include "login/generator.h"
#include "login/random.h"
#include "stream/stream.h"
#include "stream/tally.h"

#define ENDLESS UINT64_MAX
#define START_DEFAULT INT64_C(1694476800000) // 2023-09-12T00:00:00Z
#define SPAN_DEFAULT MS_HOUR
#define RATE_DEFAULT 1000    // events per second of event time, if no option decides it
#define RATE_BURST MS_SECOND // of a delay for which --rate makes up
#define TIME_MAX INT64_C(253402300799000) // the last second of the year 9999
#define BATCH 256                         // records between checks of signals and the clock

struct options {
    struct stream_options stream;
    struct generator_options generator;
    uint64_t count;
    struct rate rate; // count 0 for no limit
    int64_t start;
    int64_t span; // -1 if not given
};

// The times of the events. Each period is divided into `events` equal slots, and each event has a
// random time in its own slot. So times never go back, and rounding errors do not add up.
struct timeline {
    uint64_t period, events; // milliseconds, and the number of events in them
    uint64_t at;             // the start of the next slot, in ms since 1970,
    uint64_t part;           // plus part / events of a millisecond
    struct random random;
};

struct gen {
    const struct options *options;
    struct generator *generator;
    struct timeline timeline;
    struct rate rate;
    uint64_t made;
    struct tally faults; // records made bad or late, by reason
};

static int set_rate(void *options, const char *arg, struct err *err)
{
    return rate_parse(arg, &((struct options *)options)->rate, err);
}

static int set_start(void *options, const char *arg, struct err *err)
{
    int64_t *start = &((struct options *)options)->start;
    int64_t seconds;

    if (strcmp(arg, "now") == 0)
        *start = time_now();
    else if (number_parse_int(arg, &seconds) == 0) {
        if (__builtin_mul_overflow(seconds, MS_SECOND, start))
            *start = -1;
    } else if (time_parse(arg, strlen(arg), start) != 0)
        return err_set(err, EX_USAGE,
                       "'%s' is not a time such as 2024-01-31T12:00:00Z, 1706702400 or now", arg);
    if (*start < 0 || *start > TIME_MAX)
        return err_set(err, EX_USAGE, "'%s' is not from 1970 to 9999", arg);
    return 0;
}

static const struct opt options_table[] = {
    OPT_COUNT(NULL, 'n', "N", struct options, count, 0,
              "number of records, such as 10k or 5M (default endless)"),
    OPT_CALL("rate", 0, "N[/s]", set_rate,
             "records per second, or /m, /h (default as fast as possible)"),
    OPT_COUNT("seed", 0, "N", struct options, generator.seed, 0,
              "the seed of users and records (default 1)"),
    OPT_COUNT("users", 0, "N", struct options, generator.users, 1,
              "number of users, some busier than others (default 100k)"),
    OPT_STRING("stats", 0, "FILE", struct options, stream.stats,
               "append the ledger at exit and on SIGUSR1; - for stderr"),
    OPT_STRING("metrics", 0, "FILE", struct options, stream.metrics,
               "write figures for Prometheus every ten seconds"),
    OPT_FLAG("progress", 0, struct options, stream.progress,
             "show on a terminal how much is done, and the time left"),
};

static const struct opt time_table[] = {
    OPT_CALL("start", 0, "TIME", set_start,
             "time of the first event, or now (default 2023-09-12T00:00:00Z)"),
    OPT_DURATION("span", 0, "DUR", struct options, span,
                 "event time over the -n records (default 1h, or by --rate)"),
    OPT_PERCENT("late", 0, "PCT", struct options, generator.late,
                "share of events that come 5 minutes to 1 hour late (default 0)"),
};

static const struct opt fault_table[] = {
    OPT_PERCENT("missing", 0, "PCT", struct options, generator.missing,
                "share of records without a device_type (default 2)"),
    OPT_PERCENT("bad", 0, "PCT", struct options, generator.bad,
                "share of records that loginclean rejects (default 0)"),
};

static void timeline_init(struct timeline *t, const struct options *o)
{
    *t = (struct timeline){.at = (uint64_t)o->start, .random = {~o->generator.seed}};
    if (o->count != ENDLESS && (o->span >= 0 || o->rate.count == 0)) {
        t->period = (uint64_t)(o->span >= 0 ? o->span : SPAN_DEFAULT);
        t->events = o->count;
    } else if (o->rate.count > 0) {
        t->period = (uint64_t)o->rate.period;
        t->events = o->rate.count;
    } else {
        t->period = (uint64_t)MS_SECOND;
        t->events = RATE_DEFAULT;
    }
}

static int64_t timeline_next(struct timeline *t)
{
    uint64_t from = t->at;
    uint64_t jitter = random_next(&t->random) >> 48;

    t->at += t->period / t->events;
    t->part += t->period % t->events;
    if (t->part >= t->events) {
        t->part -= t->events;
        t->at++;
    }
    return (int64_t)(from + ((t->at - from) * jitter >> 16));
}

static void gen_init(struct gen *g, const struct options *o)
{
    if (o->generator.users > UINT32_MAX)
        opt_usage_error("--users: more than %u", UINT32_MAX);
    if (o->span >= 0 && o->count == ENDLESS)
        opt_usage_error("--span: needs -n, the number of records to spread");
    if (o->span > TIME_MAX - o->start)
        opt_usage_error("--span: goes beyond the year 9999");
    *g = (struct gen){.options = o, .generator = generator_new(&o->generator), .rate = o->rate};
    timeline_init(&g->timeline, o);
}

static void gen_release(struct gen *g)
{
    generator_free(g->generator);
}

// Returns how many records are due. If none is, *wait is the time in ms until the next one.
static uint64_t records_due(struct gen *g, int64_t *wait)
{
    uint64_t left = g->options->count - g->made;
    int64_t now = time_monotonic();

    *wait = 0;
    if (g->rate.count == 0 || left == 0)
        return left;
    uint64_t due = rate_due(&g->rate, now);
    if (due == 0)
        *wait = rate_wait(&g->rate, now);
    return due < left ? due : left;
}

static int make_record(struct gen *g, struct stream *s)
{
    struct generator_result result;

    generator_record(g->generator, timeline_next(&g->timeline), stream_emit_begin(s), &result);
    if (result.bad != NULL)
        tally_add(&g->faults, result.bad);
    if (result.late)
        tally_add(&g->faults, "late");
    g->made++;
    if (g->rate.count > 0)
        rate_take(&g->rate);
    return stream_emit_made(s);
}

static int fill(void *ctx, struct stream *s, int timeout_ms, bool *end)
{
    struct gen *g = ctx;
    int64_t wait;
    uint64_t due = records_due(g, &wait);

    if (due == 0 && wait > 0 && timeout_ms > 0) {
        poll(NULL, 0, wait < timeout_ms ? (int)wait : timeout_ms);
        due = records_due(g, &wait);
    }
    int batch = due < BATCH ? (int)due : BATCH;
    for (int i = 0; i < batch; i++) {
        if (make_record(g, s) != 0)
            return -1;
    }
    *end = g->made == g->options->count;
    return batch;
}

// Logs how many records are bad or late. A test can compare these numbers with loginclean's ledger.
static void say_faults(void *ctx, struct stream *s)
{
    const struct gen *g = ctx;

    (void)s;
    for (size_t i = 0; i < g->faults.used; i++)
        log_info("made %s: %llu", g->faults.entry[i].name,
                 (unsigned long long)g->faults.entry[i].count);
}

static void measure(void *ctx, struct stream *s, uint64_t *done, uint64_t *total)
{
    const struct gen *g = ctx;

    (void)s;
    *done = g->made;
    *total = g->options->count == ENDLESS ? 0 : g->options->count;
}

int main(int argc, char **argv)
{
    static const struct stream_ops ops = {.fill = fill, .measure = measure, .close = say_faults};
    struct options options = {.stream = STREAM_OPTIONS_INIT,
                              .generator = {.seed = 1, .users = 100000, .missing = 2},
                              .count = ENDLESS,
                              .rate = {.burst = RATE_BURST},
                              .start = START_DEFAULT,
                              .span = -1};
    const struct opt_group groups[] = {
        OPT_GROUP("Records", options_table, &options),
        OPT_GROUP("Event time", time_table, &options),
        OPT_GROUP("Faults", fault_table, &options),
    };
    const struct opt_program program = {"[OPTION]... > records",
                                        "Generates login events, the same for the same seed.",
                                        groups, sizeof groups / sizeof *groups, stream_libraries};
    struct gen gen;

    log_init(argv[0]);
    if (opt_parse(&program, argc, argv) != argc)
        opt_usage_error("%s: takes no operands", argv[argc - 1]);
    gen_init(&gen, &options);
    int status = stream_run(&ops, &gen, &options.stream);
    gen_release(&gen);
    opt_release(&program);
    return status;
}
