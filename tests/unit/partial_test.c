// SPDX-License-Identifier: BSD-2-Clause
#include "insight/partial_read.h"
#include "insight/partial_write.h"

#include <stdio.h>
#include <stdlib.h>

#include "fixture.h"
#include "tap.h"

static int check(struct fixture *f, const char *line, size_t len, struct err *err)
{
    struct partial_head head;
    struct partial_sums sums;

    if (!fixture_parse(f, line, len))
        return err_set(err, EX_SOFTWARE, "it is not JSON");
    partial_sums_init(&sums, &f->plan);
    int status = partial_read_check(f->json, &f->plan, &head, &sums, err);
    if (status == 0)
        status = partial_sums_check(&sums, &f->plan, err);
    partial_sums_release(&sums);
    return status;
}

// Merges all lines. Returns the number of lines, or -1 when one was refused or they do not add up.
static int merge(struct fixture *f, const struct buf *lines)
{
    const char *at = lines->data, *end = lines->data + lines->len;
    struct partial_head head;
    struct partial_sums sums;
    struct err err;
    int count = 0;

    partial_sums_init(&sums, &f->plan);
    sums.in_order = true;
    for (; at < end; at = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1, count++) {
        size_t len = (size_t)((const char *)memchr(at, '\n', (size_t)(end - at)) - at);
        if (!fixture_parse(f, at, len) ||
            partial_read_check(f->json, &f->plan, &head, &sums, &err) != 0 ||
            !windows_knows(&f->windows, &head))
            break;
        partial_read_merge(f->json, &f->plan, &sums, windows_extend(&f->windows, &head));
        if (head.parts == 0)
            continue;
        if (partial_sums_check(&sums, &f->plan, &err) != 0)
            break;
        partial_sums_release(&sums);
        partial_sums_init(&sums, &f->plan);
        sums.in_order = true;
    }
    partial_sums_release(&sums);
    return at < end ? -1 : count;
}

// Counts every step-th record, from number `from` up to `to`.
static void count(struct fixture *f, size_t from, size_t to, size_t step, size_t users)
{
    for (size_t i = from; i < to; i += step)
        fixture_add_nth(f, i, users);
}

static void test_merge(size_t records, size_t users, int lines, const char *title)
{
    struct buf partials = BUF_INIT, wanted = BUF_INIT, got = BUF_INIT;
    struct fixture whole, half[2], merged;

    fixture_init(&whole, 1000000, "1s/500ms", "all", NULL);
    fixture_init(&merged, 1000000, "1s/500ms", "all", NULL);
    count(&whole, 0, records, 1, users);
    for (size_t i = 0; i < 2; i++) {
        fixture_init(&half[i], 1000000, "1s/500ms", "all", NULL);
        count(&half[i], i, records, 2, users);
        fixture_partials(&half[i], &partials);
        fixture_release(&half[i]);
    }
    int merged_lines = merge(&merged, &partials);
    tap_ok(merged_lines >= lines, "%s: %d partials", title, merged_lines);
    fixture_report(&whole, WINDOWS_OPEN, &wanted);
    fixture_report(&merged, WINDOWS_OPEN, &got);
    tap_ok(wanted.len == got.len && memcmp(wanted.data, got.data, got.len) == 0,
           "%s: two halves make the insights of the whole", title);
    fixture_release(&whole);
    fixture_release(&merged);
    buf_release(&partials);
    buf_release(&wanted);
    buf_release(&got);
}

// Returns the line of one kind of insight.
static struct buf line_of(const struct buf *report, const char *kind)
{
    char begin[40];
    int len = snprintf(begin, sizeof begin, "{\"insight\":\"%s\"", kind);
    char *at = (char *)memmem(report->data, report->len, begin, (size_t)len);
    char *end =
        at == NULL ? NULL : (char *)memchr(at, '\n', report->len - (size_t)(at - report->data));

    return (struct buf){.data = at, .len = at == NULL ? 0 : (size_t)(end - at)};
}

static void same_line(const struct buf *got, const struct buf *wanted, const char *kind)
{
    struct buf a = line_of(got, kind), b = line_of(wanted, kind);

    tap_ok(a.len > 0 && a.len == b.len && memcmp(a.data, b.data, a.len) == 0 &&
               memmem(a.data, a.len, "approx", 6) != NULL,
           "a merged sketch gives the insight %s", kind);
}

static void test_sketches(void)
{
    struct buf partials = BUF_INIT, wanted = BUF_INIT, got = BUF_INIT;
    struct fixture f, merged;

    fixture_init(&f, 300, "all", NULL);
    fixture_init(&merged, 300, "all", NULL);
    count(&f, 0, 20000, 1, 2000);
    fixture_partials(&f, &partials);
    tap_ok(merge(&merged, &partials) == 1 &&
               memmem(partials.data, partials.len, "registers", 9) != NULL,
           "sketches are written as partials");
    fixture_report(&f, WINDOWS_OPEN, &wanted);
    fixture_report(&merged, WINDOWS_OPEN, &got);
    same_line(&got, &wanted, "logins");
    same_line(&got, &wanted, "distinct");
    // An exact table and a sketch make a sketch.
    fixture_release(&merged);
    fixture_init(&merged, 300, "all", NULL);
    fixture_add(&merged, 0, "ann", "10.0.0.1");
    tap_int(merge(&merged, &partials), 1, "a sketch is merged into exact tables");
    buf_clear(&got);
    fixture_report(&merged, WINDOWS_OPEN, &got);
    struct buf logins = line_of(&got, "logins");
    tap_ok(memmem(logins.data, logins.len, "\"logins\":20001,", 15) != NULL,
           "the merged tables have the records of both");
    fixture_release(&f);
    fixture_release(&merged);
    buf_release(&partials);
    buf_release(&wanted);
    buf_release(&got);
}

// A plan with the same tables as the fixture's, but other numbers.
static void test_order(void)
{
    struct buf partials = BUF_INIT, got = BUF_INIT;
    struct fixture f, merged;
    struct err err;

    fixture_init(&f, 1000, "all", NULL);
    fixture_init(&merged, 1000, "all", NULL);
    windows_release(&merged.windows);
    plan_release(&merged.plan);
    if (plan_init(&merged.plan, "timestamp", &err) != 0)
        err_die(&err);
    merged.plan.top = merged.plan.values = 5;
    merged.plan.max_keys = 1000;
    kind_duplicates_add(&merged.plan, "ip,user_id", &err);
    kind_distinct_add(&merged.plan, "ip/user_id", &err);
    kind_logins_add(&merged.plan);
    windows_init(&merged.windows, &merged.plan, merged.spec, 1, 0);
    fixture_add(&f, 0, "ann", "10.0.0.1");
    fixture_add(&f, 0, "ann", "10.0.0.1");
    fixture_add(&f, 0, "ann", "10.0.0.2");
    fixture_partials(&f, &partials);
    tap_int(merge(&merged, &partials), 1, "a plan with its insights in another order is the same");
    fixture_report(&merged, WINDOWS_OPEN, &got);
    buf_putc(&got, '\0');
    tap_ok(strstr(got.data, "[{\"user_id\":\"ann\",\"ips\":2,\"logins\":3}]") != NULL &&
               strstr(got.data, "[{\"ip\":\"10.0.0.1\",\"user_id\":\"ann\",\"count\":2}]") != NULL,
           "each text is merged into the table of its field");
    fixture_release(&f);
    fixture_release(&merged);
    buf_release(&partials);
    buf_release(&got);
}

// Replaces the first occurrence of a text in a partial. The partial must then be refused.
static void refused(struct fixture *f, const struct buf *line, const char *old, const char *new,
                    const char *why)
{
    struct buf changed = BUF_INIT;
    struct err err = {0};
    const char *at = (const char *)memmem(line->data, line->len, old, strlen(old));

    if (at == NULL) {
        tap_ok(false, "there is a %s to change", old);
        return;
    }
    size_t before = (size_t)(at - line->data), after = before + strlen(old);
    buf_append(&changed, line->data, before);
    buf_puts(&changed, new);
    buf_append(&changed, line->data + after, line->len - after);
    int status = check(f, changed.data, changed.len, &err);
    if (!tap_ok(status == -1 && err.status == EX_DATAERR && strcmp(err.text, why) == 0,
                "%s in place of %.40s is refused: %s", new, old, why))
        printf("# %d: %s\n", status, err.text);
    buf_release(&changed);
}

static void test_refused(void)
{
    static const struct {
        const char *old, *new, *why;
    } cases[] = {
        {"\"window\":\"1h\"", "\"window\":1", "the partial has no window"},
        {"\"window\":\"1h\",", "", "the partial has no window"},
        {"\"records\":2", "\"records\":-2", "the partial has no number of records"},
        {"\"records\":2", "\"records\":\"2\"", "the partial has no number of records"},
        {"\"start\":\"1970", "\"start\":\"x970", "start is not a time"},
        {"\"first\":\"1970", "\"first\":\"x970", "first or last is not a time"},
        {"\"last\":\"1970", "\"last\":7,\"x\":\"1970", "first or last is not a time"},
        {"\"plan\":\"", "\"plan\":\"0", "it was made with other insight options"},
        {"\"plan\":\"", "\"plan\":\"0000000000000000\",\"x\":\"",
         "it was made with other insight options"},
        {"\"tables\":[", "\"tables\":{},\"x\":[", "the partial has no tables"},
        {"\"tables\":[", "\"tables\":[3,", "a table is not an object"},
        {"{\"fields\":[", "{\"fields\":3,\"x\":[", "a table has no fields"},
        {"{\"fields\":[\"user_id\"]", "{\"fields\":[]",
         "a table has fields that are not counted together here"},
        {"{\"fields\":[\"user_id\"]", "{\"fields\":[\"locale\"]",
         "a table has a field that is not counted here"},
        {"{\"fields\":[\"user_id\"]", "{\"fields\":[\"user_id\",\"user_id\"]",
         "a table has fields that are not counted together here"},
        {"{\"fields\":[\"user_id\"]", "{\"fields\":[\"user_id\",\"device_id\"]",
         "a table has fields that are not counted together here"},
        {"\"first\":\"1970", "\"first\":\"1971", "first is later than last"},
        {"\"id\":\"", "\"id\":\"x", "the partial has no id"},
        {"\"part\":1", "\"part\":0", "the partial has no number of the line"},
        {"\"part\":1,", "", "the partial has no number of the line"},
        {"\"part\":1", "\"part\":2", "the number of lines is not that of the last line"},
        {"\"parts\":1", "\"parts\":\"1\"", "the number of lines is not that of the last line"},
        {"\"part\":1", "\"part\":2,\"parts\":2,\"x\":1",
         "the number of lines is not that of the last line"},
        {"\"records\":2", "\"records\":0",
         "only the first line of a partial has its number of records"},
        {"\"records\":2", "\"records\":3", "its tables do not add up to its records"},
        {"\"records\":2", "\"records\":9007199254740993", "the partial has no number of records"},
        {"[\"ann\",1]", "[\"ann\",2]", "its tables do not add up to its records"},
        {"[\"ann\",1]", "[\"ann\",9007199254740992]", "a table has too many records"},
        {"[\"ann\",1],", "", "a row refers to a value that is missing"},
        {"[0,0,1]", "[1,0,1]", "its tables do not add up to its records"},
        {"[0,0,1]", "[\"amn\",0,1]", "its tables do not add up to its records"},
        {"[0,0,1]", "[2,0,1]", "a row refers to a value that is missing"},
        {"[0,0,1]", "[-1,0,1]", "a row is not texts and a count"},
        {"[0,0,1]", "[0,1.5,1]", "a row is not texts and a count"},
        {"[\"ann\",1]", "[0,1]", "a row is not texts and a count"},
        {"\"tables\":[", "\"tables\":[],\"x\":[", "its tables do not add up to its records"},
        {"[\"ann\",1]", "[\"ann\",-1]", "a row is not texts and a count"},
        {"[\"ann\",1]", "[\"ann\",0]", "a row is not texts and a count"},
        {"[\"ann\",1]", "[1,\"ann\"]", "a row is not texts and a count"},
        {"[\"ann\",1]", "[\"ann\",1,1]", "a row is not texts and a count"},
        {"[\"ann\",1]", "[\"ann\"]", "a row is too short"},
        {"[\"ann\",1]", "\"ann\"", "a row is not an array"},
    };
    struct buf line = BUF_INIT;
    struct fixture f, other;
    struct err err;

    fixture_init(&f, 1000, "1h", NULL);
    fixture_add(&f, 1, "ann", "10.0.0.1");
    fixture_add(&f, 2, "bob", "10.0.0.2");
    fixture_partials(&f, &line);
    line.len--; // the newline
    tap_int(check(&f, line.data, line.len, &err), 0, "a partial is accepted");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refused(&f, &line, cases[i].old, cases[i].new, cases[i].why);
    fixture_init(&other, 1000, "1h", NULL);
    kind_count_add(&other.plan, "locale", &err);
    tap_ok(check(&other, line.data, line.len, &err) == -1 && err.status == EX_DATAERR,
           "a partial of another plan is refused");
    fixture_release(&f);
    fixture_release(&other);
    buf_release(&line);
}

static void test_refused_sketch(void)
{
    static const struct {
        const char *old, *new, *why;
    } cases[] = {
        {"\"level\":", "\"level\":-1,\"x\":", "the level of a sample is out of range"},
        {"\"level\":", "\"level\":64,\"x\":", "the level of a sample is out of range"},
        {"\"error\":", "\"error\":-1,\"x\":", "an error is not a number"},
        {"\"registers\":\"", "\"x\":\"", "its tables do not add up to its records"},
        {"\"registers\":\"", "\"registers\":\"#", "registers are not a text of 16384 characters"},
        {"\"registers\":\"#", "\"registers\":\"~", "a register is out of range"},
        {"\"registers\":\"#", "\"registers\":\"!", "a register is out of range"},
        {"\"heavy\":[[", "\"heavy\":[[1,", "a row is not texts and a count"},
        {"\"sample\":[[\"", "\"sample\":[[\"x",
         "a key of a sample is not a hash, groups and a count"},
    };
    struct buf line = BUF_INIT;
    struct fixture f;
    struct err err;

    fixture_init(&f, 300, "1h", NULL);
    count(&f, 0, 3000, 1, 500);
    fixture_partials(&f, &line);
    line.len--;
    tap_int(check(&f, line.data, line.len, &err), 0, "a partial of sketches is accepted");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refused(&f, &line, cases[i].old, cases[i].new, cases[i].why);
    fixture_release(&f);
    buf_release(&line);
}

int main(void)
{
    test_merge(3000, 50, 16, "small windows");
    test_merge(60000, 30000, 30, "windows of several lines");
    test_sketches();
    test_order();
    test_refused();
    test_refused_sketch();
    return tap_done();
}
