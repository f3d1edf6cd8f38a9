// SPDX-License-Identifier: BSD-2-Clause
#include "insight/aggregator.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tap.h"

#define RUN "00000000-0000-4000-8000-00000000000a"

// An aggregator, and the lines that it has emitted.
struct run {
    struct aggregator_options options;
    struct insight_options insights;
    struct aggregator a;
    struct json *json;
    struct buf text, lines;
    size_t emitted, flushed; // lines, and how many of them had been emitted at the last flush
    int fail_at;             // emit() fails at this line, counted from 1; 0 for never
    bool fail_flush;
};

static char path[] = "/tmp/aggregator_test.XXXXXX";
static struct err err;

static struct buf *begin(void *ctx)
{
    return &((struct run *)ctx)->lines;
}

static int emit(void *ctx, struct err *e)
{
    struct run *r = ctx;

    if (++r->emitted == (size_t)r->fail_at)
        return err_set(e, EX_IOERR, "emit: failed");
    buf_putc(&r->lines, '\n');
    return 0;
}

static int flush(void *ctx, struct err *e)
{
    struct run *r = ctx;

    r->flushed = r->emitted;
    return r->fail_flush ? err_set(e, EX_IOERR, "flush: failed") : 0;
}

static const struct aggregator_ops ops = {.begin = begin, .emit = emit, .flush = flush};

static void run_init(struct run *r, const char *window)
{
    *r = (struct run){.options = AGGREGATOR_OPTIONS_INIT, .insights = INSIGHT_OPTIONS_INIT};
    r->options.every_ms = 0;
    opt_list_add(&r->insights.windows, window);
    r->json = json_new();
}

static void run_open(struct run *r)
{
    if (aggregator_init(&r->a, &r->options, &r->insights, &ops, r, &err) != 0 ||
        aggregator_open(&r->a, &err) != 0)
        err_die(&err);
}

static void run_release(struct run *r)
{
    aggregator_close(&r->a);
    aggregator_release(&r->a);
    json_free(r->json);
    buf_release(&r->text);
    buf_release(&r->lines);
    free(r->insights.windows.item);
    free(r->insights.counts.item);
    free(r->insights.distincts.item);
    free(r->insights.duplicates.item);
}

static bool parse(struct run *r, const char *text, size_t len)
{
    buf_clear(&r->text);
    buf_append(&r->text, text, len);
    return json_parse(r->json, r->text.data, r->text.len) == 0;
}

// Adds a record, and accepts it when it is not late.
static enum aggregator_result add(struct run *r, int64_t time, const char *user)
{
    struct buf b = BUF_INIT;

    buf_printf(&b, "{\"user_id\":\"%s\",\"timestamp\":%lld}", user, (long long)time);
    parse(r, b.data, b.len);
    buf_release(&b);
    const struct json_value *value = aggregator_read(&r->a, r->json);
    if (value->type != JSON_INT || value->integer != time)
        tap_ok(false, "the time of a record is read");
    enum aggregator_result result = aggregator_add(&r->a, time, &err);
    if (result == AGGREGATOR_ADDED && aggregator_accept(&r->a, &err) != 0)
        return AGGREGATOR_FAILED;
    return result;
}

static int send_mark(struct run *r, enum mark_kind kind, uint64_t seq, int64_t watermark)
{
    struct mark m = {.kind = kind, .seq = seq, .has_watermark = watermark >= 0};

    m.watermark = watermark;
    memcpy(m.run, RUN, sizeof RUN);
    mark_add_at(&m, "logins", 0, (int64_t)seq);
    if (kind == MARK_HELLO) {
        m.group = strdup("g");
        m.shard = strdup("0/1");
        memcpy(m.from, seq == 0 ? "" : RUN, seq == 0 ? 1 : sizeof RUN);
    }
    int status = aggregator_mark(&r->a, &m, &err);
    mark_release(&m);
    return status;
}

// Returns how many of the emitted lines contain a text.
static int64_t lines_with(const struct run *r, const char *text)
{
    int64_t count = 0;

    for (const char *at = r->lines.data, *end = at + r->lines.len; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        count += memmem(at, (size_t)(newline - at), text, strlen(text)) != NULL;
        at = newline + 1;
    }
    return count;
}

static void test_closing(void)
{
    struct run r;

    run_init(&r, "10m");
    run_open(&r);
    tap_int(add(&r, 1, "ann"), AGGREGATOR_ADDED, "a record is added");
    tap_int(add(&r, 11 * MS_MINUTE - 1, "bob"), AGGREGATOR_ADDED,
            "a record within the lateness is added");
    tap_int((int64_t)r.emitted, 0, "nothing is emitted while the window is open");
    tap_int(add(&r, 11 * MS_MINUTE, "ann"), AGGREGATOR_ADDED, "a later record is added");
    tap_ok(lines_with(&r, "10m/1970-01-01T00:00:00Z/logins\"") == 1 &&
               lines_with(&r, "\"final\":true,\"logins\":1,\"users\":1,") == 1 &&
               lines_with(&r, "\"final\":false") == 0,
           "it closes the window, and is not counted in it");
    tap_int(add(&r, 2, "ann"), AGGREGATOR_LATE, "a record of the closed window is late");
    tap_int(aggregator_end(&r.a, &err), 0, "the input ends");
    tap_ok(lines_with(&r, "\"final\":true,\"logins\":2,\"users\":2,") == 1 &&
               r.flushed == r.emitted,
           "the end of the input closes all windows, and flushes");
    run_release(&r);
}

static void test_every(void)
{
    struct run r;

    run_init(&r, "4n");
    r.options.every_records = 3;
    run_open(&r);
    for (int64_t i = 0; i < 3; i++)
        add(&r, i, "ann");
    tap_ok(lines_with(&r, "\"final\":false,\"logins\":3,") == 1, "every third record is reported");
    add(&r, 3, "ann");
    tap_ok(lines_with(&r, "\"final\":true,\"logins\":4,") == 1, "a full window closes at once");
    size_t emitted = r.emitted;
    r.options.every_ms = 1;
    aggregator_tick(&r.a, 4, &err);
    tap_int((int64_t)r.emitted, (int64_t)emitted,
            "a window that has not changed is not emitted again");
    add(&r, 4, "ann");
    aggregator_tick(&r.a, 5, &err);
    tap_ok(lines_with(&r, "\"final\":false,\"logins\":1,") == 1, "a new window is emitted");
    r.options.every_ms = 2500;
    tap_int(aggregator_tick_time(&r.options), 833, "a tick is a second at most");
    add(&r, 5, "ann");
    add(&r, 6, "ann");
    emitted = r.emitted;
    while (r.a.ticks % 3 != 2)
        aggregator_tick(&r.a, 6, &err);
    tap_int((int64_t)r.emitted, (int64_t)emitted, "nothing is emitted before every_ms");
    aggregator_tick(&r.a, 6, &err);
    tap_ok(r.emitted > emitted, "after as many ticks as there are in every_ms, it is emitted");
    run_release(&r);
}

static void test_span(void)
{
    struct run r;

    run_init(&r, "4n,10s");
    run_open(&r);
    add(&r, 0, "ann");
    add(&r, 20 * MS_SECOND, "bob");
    tap_ok(lines_with(&r, "\"final\":true,\"logins\":1,\"users\":1,") == 1,
           "a record that exceeds the span of a window is not counted in it");
    run_release(&r);

    run_init(&r, "4n,10s");
    run_open(&r);
    send_mark(&r, MARK_HELLO, 0, -1);
    add(&r, 0, "ann");
    send_mark(&r, MARK_PROGRESS, 1, 70 * MS_SECOND - 1);
    tap_int((int64_t)r.emitted, 0, "a window of records is open until its span and the lateness");
    send_mark(&r, MARK_PROGRESS, 2, 70 * MS_SECOND);
    tap_ok(lines_with(&r, "\"final\":true,\"logins\":1,\"users\":1,") == 1,
           "are over at the watermark");
    add(&r, 0, "ann");
    send_mark(&r, MARK_PROGRESS, 3, 70 * MS_SECOND);
    add(&r, 1, "bob");
    send_mark(&r, MARK_PROGRESS, 4, 71 * MS_SECOND);
    tap_ok(lines_with(&r, "\"final\":true,\"logins\":2,\"users\":2,") == 1,
           "an older record begins a window that ends only when the watermark moves on");
    run_release(&r);
}

static void test_lateness(void)
{
    static const struct {
        bool bounded, state;
        int64_t lateness;
        enum aggregator_result result; // of a record that is older by two minutes
        const char *title;
    } cases[] = {
        {false, false, -1, AGGREGATOR_LATE, "by default, records may be late by a minute"},
        {true, false, -1, AGGREGATOR_ADDED, "no record of a file is late"},
        {true, false, MS_MINUTE, AGGREGATOR_LATE, "unless the lateness is given"},
        {true, true, -1, AGGREGATOR_LATE, "or a next run continues the counts"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct run r;
        run_init(&r, "1s");
        r.options.bounded = cases[i].bounded;
        r.options.lateness = cases[i].lateness;
        r.options.state = cases[i].state ? path : NULL;
        r.options.state_reset = cases[i].state;
        run_open(&r);
        add(&r, 2 * MS_MINUTE, "ann");
        tap_int(add(&r, 0, "bob"), cases[i].result, cases[i].title);
        run_release(&r);
    }
}

static void test_ahead(void)
{
    int64_t now = time_now();
    struct run r;

    run_init(&r, "1s");
    r.options.lateness = 0;
    run_open(&r);
    add(&r, now, "ann");
    tap_int(add(&r, now + 11 * MS_MINUTE, "bob"), AGGREGATOR_ADDED,
            "a record of the future counts");
    tap_int(add(&r, now + 500, "ann"), AGGREGATOR_ADDED, "the watermark does not follow it");
    tap_int(add(&r, now + 9 * MS_MINUTE, "bob"), AGGREGATOR_ADDED, "a record that is not too far");
    tap_int(add(&r, now, "ann"), AGGREGATOR_LATE, "ahead moves the watermark");
    send_mark(&r, MARK_HELLO, 0, -1);
    send_mark(&r, MARK_PROGRESS, 1, INT64_MAX);
    tap_int(add(&r, now + 9 * MS_MINUTE, "bob"), AGGREGATOR_ADDED,
            "a mark of the far future does not move it");
    run_release(&r);
}

// The clock cannot be set here; quiet_test.c has the rest.
static void test_quiet(void)
{
    struct run r;

    for (int bounded = 0; bounded < 2; bounded++) {
        run_init(&r, "1s");
        r.options.idle = 1;
        r.options.lateness = 0;
        r.options.bounded = bounded != 0;
        run_open(&r);
        add(&r, time_now() - MS_SECOND, "ann");
        int64_t end = time_monotonic() + MS_SECOND;
        while (r.emitted == 0 && time_monotonic() < end) {
            aggregator_tick(&r.a, 1, &err);
            usleep(1000);
        }
        tap_int(r.emitted > 0, bounded == 0,
                bounded == 0 ? "a quiet live input finishes its windows" : "a file does not");
        run_release(&r);
    }
}

// Merges the line of a partial that ends before `newline`.
static bool merge_line(struct run *r, const char *at, const char *newline)
{
    const struct line line = {.data = at, .len = (size_t)(newline - at)};

    parse(r, line.data, line.len);
    return aggregator_merge(&r->a, r->json, &line, &err) == MERGE_ADDED &&
           aggregator_accept(&r->a, &err) == 0;
}

static void test_merge(void)
{
    struct run whole, part, merged;

    run_init(&whole, "10m");
    run_init(&part, "10m");
    run_init(&merged, "10m");
    part.options.partial = true;
    part.options.every_ms = 1;
    merged.options.merge = true;
    run_open(&whole);
    run_open(&part);
    run_open(&merged);
    for (int64_t i = 0; i < 40; i++) {
        // Out of order by more than the lateness. Partials do not decide what is late.
        tap_ok(add(&part, (40 - i) * MS_MINUTE, i % 3 == 0 ? "ann" : "bob") == AGGREGATOR_ADDED,
               "no record is late for a partial");
        if (i % 7 == 0)
            aggregator_tick(&part.a, (uint64_t)i, &err);
    }
    for (int64_t i = 39; i >= 0; i--)
        add(&whole, (40 - i) * MS_MINUTE, i % 3 == 0 ? "ann" : "bob");
    aggregator_end(&part.a, &err);
    aggregator_end(&whole.a, &err);
    merged.a.windows.lateness = MS_HOUR;
    for (const char *at = part.lines.data, *end = at + part.lines.len; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        tap_ok(merge_line(&merged, at, newline), "a partial is merged");
        at = newline + 1;
    }
    aggregator_end(&merged.a, &err);
    tap_ok(merged.emitted == whole.emitted && merged.emitted > 20,
           "merging partials gives as many insights as one run");
    tap_bytes(merged.lines.data, merged.lines.len, whole.lines.data, whole.lines.len,
              "merging partials gives the same insights as one run over all records");
    run_release(&whole);
    run_release(&part);
    run_release(&merged);
}

static void test_refused(void)
{
    static const char record[] = "{\"user_id\":\"ann\"}";
    struct line line = {.data = record, .len = sizeof record - 1};
    struct run r, part;

    run_init(&r, "5n");
    r.options.merge = true;
    tap_ok(aggregator_init(&r.a, &r.options, &r.insights, &ops, &r, &err) == -1 &&
               err.status == EX_USAGE && strstr(err.text, "'5n'") != NULL,
           "windows of records cannot be merged");
    r.options.merge = false;
    run_open(&r);
    parse(&r, line.data, line.len);
    tap_ok(aggregator_merge(&r.a, r.json, &line, &err) == MERGE_REFUSED && err.status == EX_DATAERR,
           "a record is not a partial");
    run_init(&part, "10m");
    part.options.partial = true;
    part.options.every_ms = 1;
    run_open(&part);
    add(&part, 1, "ann");
    aggregator_end(&part.a, &err);
    line = (struct line){.data = part.lines.data, .len = part.lines.len - 1};
    parse(&r, line.data, line.len);
    tap_ok(aggregator_merge(&r.a, r.json, &line, &err) == MERGE_REFUSED &&
               strcmp(err.text, "its window is not one of --window") == 0,
           "a partial of another window cannot be merged");
    run_release(&r);
    run_release(&part);
}

static void test_failures(void)
{
    struct run r;

    run_init(&r, "10m");
    r.fail_at = 1;
    run_open(&r);
    add(&r, 1, "ann");
    tap_ok(add(&r, MS_HOUR, "ann") == AGGREGATOR_FAILED && strcmp(err.text, "emit: failed") == 0,
           "adding a record fails if it closes a window whose line cannot be emitted");
    run_release(&r);

    run_init(&r, "10m");
    r.options.state = path;
    r.fail_flush = true;
    run_open(&r);
    add(&r, 1, "ann");
    tap_ok(aggregator_end(&r.a, &err) == -1 && strcmp(err.text, "flush: failed") == 0,
           "the end fails if the flush fails");
    run_release(&r);
    run_init(&r, "10m");
    r.options.state = path;
    run_open(&r);
    add(&r, 1, "ann");
    tap_int((int64_t)r.a.checkpoint.accepted, 1, "after a failed flush there is no checkpoint");
    aggregator_end(&r.a, &err);
    run_release(&r);
    run_init(&r, "10m");
    r.options.state = path;
    run_open(&r);
    add(&r, 2, "ann");
    tap_int((int64_t)r.a.checkpoint.accepted, 2, "an end without failures leaves a checkpoint");
    run_release(&r);
}

static void test_marks(void)
{
    struct run r;

    run_init(&r, "10m");
    r.options.state = path;
    r.options.state_reset = true;
    run_open(&r);
    tap_int(r.a.windows.lateness, MS_MINUTE, "the lateness is a minute with marks too");
    run_release(&r);
    run_init(&r, "10m");
    r.options.lateness = 0;
    r.options.state = path;
    r.options.state_reset = true;
    run_open(&r);
    tap_int(send_mark(&r, MARK_HELLO, 0, -1), 0, "a stream opens with a hello mark");
    add(&r, 1, "ann");
    add(&r, MS_HOUR, "bob");
    tap_int((int64_t)r.emitted, 0, "in a stream with marks, records do not close windows");
    send_mark(&r, MARK_PROGRESS, 1, 10 * MS_MINUTE - 1);
    tap_int((int64_t)r.emitted, 0, "a mark before the end of the window does not close it");
    tap_int(send_mark(&r, MARK_PROGRESS, 2, 10 * MS_MINUTE), 0, "a mark at the end of the window");
    tap_ok(lines_with(&r, "\"final\":true,\"logins\":1,") == 1, "closes the window");
    tap_int(add(&r, 2, "ann"), AGGREGATOR_LATE, "a record of the closed window is late");
    add(&r, MS_HOUR + 1, "ann");
    send_mark(&r, MARK_END, 3, 30 * MS_MINUTE);
    tap_ok(lines_with(&r, "\"final\":true") == lines_with(&r, "1970-01-01T00:00:00Z"),
           "an end mark leaves open windows for the next run");
    tap_int(aggregator_end(&r.a, &err), 0, "the end of the input after the end mark does nothing");
    run_release(&r);

    run_init(&r, "10m");
    r.options.state = path;
    r.options.final = true;
    run_open(&r);
    tap_int(send_mark(&r, MARK_HELLO, 3, -1), 0, "the next run resumes from the mark");
    tap_int(add(&r, 15 * MS_MINUTE, "ann"), AGGREGATOR_LATE,
            "the next run has the watermark of the mark");
    add(&r, MS_HOUR + 2, "cat");
    send_mark(&r, MARK_END, 4, -1);
    tap_ok(lines_with(&r, "\"final\":true,\"logins\":3,\"users\":3,") == 1,
           "it continues to count, and closes all windows if options->final is set");
    run_release(&r);
}

// Merges the lines of a run with --partial into another run, with a mark after each.
static void merge_marked(struct run *r, const struct run *part, uint64_t from, uint64_t to)
{
    const char *at = part->lines.data, *end = at + part->lines.len;

    for (uint64_t seq = 1; at < end && seq <= to; seq++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        if (seq > from &&
            (!merge_line(r, at, newline) || send_mark(r, MARK_PROGRESS, seq, -1) != 0))
            tap_ok(false, "a partial is merged: %s", err.text);
        at = newline + 1;
    }
}

static void merge_run(struct run *r, const struct run *part, const char *state, uint64_t from,
                      uint64_t to)
{
    run_init(r, "10m");
    r->options.merge = true;
    r->options.every_ms = 1;
    r->options.state = state;
    run_open(r);
    send_mark(r, MARK_HELLO, from, -1);
    merge_marked(r, part, from, to);
}

static void test_merge_state(void)
{
    struct run part, whole, first, second;

    run_init(&part, "10m");
    part.options.partial = true;
    part.options.every_ms = 1;
    run_open(&part);
    for (int64_t i = 0; i < 300; i++) {
        add(&part, i * MS_SECOND, i % 7 == 0 ? "ann" : "bob");
        if (i % 10 == 9)
            aggregator_tick(&part.a, 1, &err);
    }
    merge_run(&whole, &part, NULL, 0, 30);
    aggregator_tick(&whole.a, 1, &err);
    merge_run(&first, &part, path, 0, 17);
    run_release(&first);
    merge_run(&second, &part, path, 11, 30);
    aggregator_tick(&second.a, 1, &err);
    tap_ok(second.a.checkpoint.accepted == 30 && whole.lines.len > 500,
           "a run that merges partials resumes");
    tap_bytes(second.lines.data, second.lines.len, whole.lines.data, whole.lines.len,
              "it gives the same insights as a run without a stop");
    run_release(&whole);
    run_release(&second);
    run_release(&part);
}

static void clear_directory(void)
{
    struct snapshot_dir d;

    snapshot_dir_open(&d, path, true, &err);
    snapshot_dir_clear(&d, &err);
    snapshot_dir_close(&d);
}

int main(void)
{
    if (mkdtemp(path) == NULL)
        return 1;
    test_closing();
    test_every();
    test_span();
    test_lateness();
    test_ahead();
    test_quiet();
    test_merge();
    test_refused();
    test_failures();
    clear_directory();
    test_marks();
    clear_directory();
    test_merge_state();
    clear_directory();
    tap_int(rmdir(path), 0, "nothing else is left in the directory");
    return tap_done();
}
