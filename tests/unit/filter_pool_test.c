// SPDX-License-Identifier: BSD-2-Clause
#include "base/buf.h"
#include "json/json.h"
#include "stream/filter_pool.h"
#include "tap.h"

#define LINES 500

static struct json *json;
static struct buf texts;
static struct line line[LINES];

// Lines that are not JSON, that are dropped, that fail, and that have one, two or three outputs.
static void make_lines(void)
{
    size_t start[LINES + 1];

    for (int i = 0; i < LINES; i++) {
        start[i] = texts.len;
        if (i % 7 == 6)
            buf_printf(&texts, "{%d", i);
        else
            buf_printf(&texts, "{\"n\":%d,\"kind\":%d}", i, i % 7);
    }
    start[LINES] = texts.len;
    for (int i = 0; i < LINES; i++) {
        size_t len = start[i + 1] - start[i];
        line[i] = (struct line){texts.data + start[i], len, .number = (uint64_t)i + 1, len};
    }
}

static const struct filter_options options = {
    .program = "if .kind == 0 then empty elif .kind == 1 then . elif .kind == 2 then .n "
               "elif .kind == 3 then (., .n, .) elif .kind == 4 then error(\"no \\(.n)\") "
               "else (.n, [.n]) end"};

static void put_result(struct filter_pool *pool, const struct line *record, struct buf *b)
{
    struct reject reject;
    const char *data;
    size_t len;
    int count = filter_pool_result(pool, record, &reject);

    buf_printf(b, "%d:", (int)record->number - 1);
    if (count < 0)
        buf_printf(b, " %s: %s", reject.reason, reject.detail);
    for (int o = 0; o < count; o++) {
        buf_putc(b, ' ');
        if (filter_pool_made(pool, o, &data, &len))
            buf_append(b, data, len);
        else
            buf_putc(b, '=');
    }
    buf_putc(b, '\n');
}

// Runs all lines, `ahead` of them at a time. Of those, each `skip`th is not run ahead.
static void run_lines(size_t jobs, int ahead, int skip, struct buf *b)
{
    struct err err;
    struct filter_pool *pool = filter_pool_new(&options, jobs, json, &err);
    const struct line *next;

    for (int from = 0; from < LINES; from += ahead) {
        int to = from + ahead < LINES ? from + ahead : LINES;
        for (int i = from; i < to; i++)
            filter_pool_add(pool, &line[i], i % skip != 0 ? &line[i] : NULL);
        filter_pool_run_added(pool);
        while ((next = filter_pool_next(pool)) != NULL)
            put_result(pool, next, b);
    }
    filter_pool_free(pool);
}

static void run_at_once(struct buf *b)
{
    struct err err;
    struct filter_pool *pool = filter_pool_new(&options, 1, json, &err);

    for (int i = 0; i < LINES; i++)
        put_result(pool, &line[i], b);
    filter_pool_free(pool);
}

int main(void)
{
    static const struct {
        size_t jobs;
        int ahead, skip;
        const char *title;
    } runs[] = {
        {2, LINES, LINES, "two jobs"},
        {5, LINES, LINES, "five jobs"},
        {3, 40, LINES, "several batches"},
        {3, 7, LINES, "batches that are not worth waking a thread"},
        {3, 100, 3, "lines that are no records"},
        {3, LINES, 1, "no records"},
    };
    const struct filter_options wrong = {.program = "("};
    struct buf wanted = BUF_INIT, got = BUF_INIT;
    struct err err;

    json = json_new();
    make_lines();
    run_at_once(&wanted);
    tap_text(wanted.data, 97,
             "0:\n1: =\n2: 2\n3: = 3 =\n4: filter_error: no 4\n5: 5 [5]\n6: not_json: "
             "malformed JSON\n7:\n8: =\n9: 9\n10:",
             "one job");
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        buf_clear(&got);
        run_lines(runs[i].jobs, runs[i].ahead, runs[i].skip, &got);
        tap_bytes(got.data, got.len, wanted.data, wanted.len, runs[i].title);
    }
    tap_ok(filter_pool_new(&wrong, 4, json, &err) == NULL && err.status == EX_USAGE,
           "a program that does not compile");
    buf_release(&wanted);
    buf_release(&got);
    buf_release(&texts);
    json_free(json);
    return tap_done();
}
