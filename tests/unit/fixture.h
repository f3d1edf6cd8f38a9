// SPDX-License-Identifier: BSD-2-Clause
//
// fixture: windows with a small plan, and records to count in them, for the unit tests of insight/.
//
//     struct fixture f;
//     fixture_init(&f, 1000, "1h", NULL);
//     fixture_add(&f, 5 * MS_MINUTE, "ann", "10.0.0.1");
//     fixture_report(&f, WINDOWS_OPEN, &b); // one line for each insight
//     fixture_release(&f);
#ifndef TESTS_UNIT_FIXTURE_H
#define TESTS_UNIT_FIXTURE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/datetime.h"
#include "base/err.h"
#include "insight/kind_count.h"
#include "insight/kind_distinct.h"
#include "insight/kind_duplicates.h"
#include "insight/kind_logins.h"
#include "insight/partial_write.h"
#include "insight/plan.h"
#include "insight/report.h"
#include "insight/state_log.h"
#include "insight/window_spec.h"
#include "insight/windows.h"
#include "json/json.h"

#define FIXTURE_SPECS 4

struct fixture {
    struct plan plan;
    struct window_spec spec[FIXTURE_SPECS];
    struct windows windows;
    struct json *json;
    struct buf text;
};

static inline void fixture_plan(struct plan *plan, size_t max_keys)
{
    struct err err;

    if (plan_init(plan, "timestamp", &err) != 0)
        err_die(&err);
    plan->top = 5;
    plan->values = 5;
    plan->max_keys = max_keys;
    kind_logins_add(plan);
    if (kind_count_add(plan, "ip", &err) != 0 || kind_distinct_add(plan, "ip/user_id", &err) != 0 ||
        kind_duplicates_add(plan, "user_id,ip", &err) != 0)
        err_die(&err);
}

// The window specs end in NULL. The lateness is a minute.
static inline void fixture_init(struct fixture *f, size_t max_keys, ...)
{
    size_t count = 0;
    struct err err;
    va_list ap;

    memset(f, 0, sizeof *f);
    fixture_plan(&f->plan, max_keys);
    va_start(ap, max_keys);
    for (const char *text; (text = va_arg(ap, const char *)) != NULL; count++) {
        if (window_spec_parse(text, &f->spec[count], &err) != 0)
            err_die(&err);
    }
    va_end(ap);
    windows_init(&f->windows, &f->plan, f->spec, count, MS_MINUTE);
    f->json = json_new();
}

static inline void fixture_release(struct fixture *f)
{
    windows_release(&f->windows);
    plan_release(&f->plan);
    json_free(f->json);
    buf_release(&f->text);
}

// Parses a JSON object; json keeps it until the next one.
static inline bool fixture_parse(struct fixture *f, const char *text, size_t len)
{
    buf_clear(&f->text);
    buf_append(&f->text, text, len);
    return json_parse(f->json, f->text.data, f->text.len) == 0;
}

// Puts a record into the batch's values.
static inline void fixture_read(struct fixture *f, const char *user, const char *ip)
{
    struct buf b = BUF_INIT;

    buf_printf(&b, "{\"user_id\":\"%s\",\"ip\":\"%s\",\"device_id\":\"d\"}", user, ip);
    if (!fixture_parse(f, b.data, b.len))
        err_die(&(struct err){EX_SOFTWARE, "fixture: a record is not JSON"});
    plan_read_fields(&f->plan, f->json, f->windows.batch.value);
    buf_release(&b);
}

// Counts a record without looking at what is due. Returns false when it is late.
static inline bool fixture_add(struct fixture *f, int64_t time, const char *user, const char *ip)
{
    fixture_read(f, user, ip);
    return windows_add(&f->windows, time);
}

// Counts record number i of a fixed sequence, which has `users` users with ten addresses each.
static inline void fixture_add_nth(struct fixture *f, size_t i, size_t users)
{
    uint64_t mixed = i * UINT64_C(0x9e3779b97f4a7c15) >> 32;
    char user[32], ip[32];

    snprintf(user, sizeof user, "user%llu", (unsigned long long)(mixed % users));
    snprintf(ip, sizeof ip, "10.0.%llu.%llu", (unsigned long long)(mixed % users),
             (unsigned long long)(mixed / users % 10));
    fixture_add(f, (int64_t)i, user, ip);
}

// Closes the windows that are due, without a report.
static inline void fixture_close_due(struct fixture *f)
{
    struct window_view view;

    while (windows_due(&f->windows) && windows_next(&f->windows, WINDOWS_DUE, &view))
        continue;
}

// Counts some records of the sequence, and closes the windows that they fill.
static inline void fixture_fill(struct fixture *f, size_t from, size_t to, size_t users)
{
    for (size_t i = from; i < to; i++) {
        fixture_add_nth(f, i, users);
        fixture_close_due(f);
    }
}

// Does what an entry of a state log says.
static inline int fixture_replay(void *ctx, const struct state_entry *entry, struct err *err)
{
    struct fixture *f = ctx;

    (void)err;
    memset(f->windows.batch.value, 0, f->plan.field_count * sizeof(struct json_value));
    for (size_t i = 0; entry->kind == STATE_RECORD && i < f->plan.value_count; i++)
        f->windows.batch.value[f->plan.value[i].field] = (struct json_value){
            .type = JSON_STRING, .string = {entry->value[i].data, entry->value[i].len}};
    if (entry->kind == STATE_RECORD || entry->kind == STATE_LATE)
        windows_add(&f->windows, entry->time);
    if (entry->kind == STATE_WATERMARK)
        f->windows.watermark = entry->time;
    fixture_close_due(f);
    return 0;
}

// Appends the insights of all windows of a kind, one per line.
static inline void fixture_report(struct fixture *f, enum windows_which which, struct buf *b)
{
    struct window_view view;

    while (windows_next(&f->windows, which, &view)) {
        for (size_t i = 0; i < f->plan.insight_count; i++) {
            report_put(b, &f->plan, i, &view);
            buf_putc(b, '\n');
        }
    }
}

// Appends the keys of all windows of a kind, with a space after each: "1h/1970-01-01T00:00:00Z ".
static inline void fixture_keys(struct fixture *f, enum windows_which which, struct buf *b)
{
    struct window_view view;

    while (windows_next(&f->windows, which, &view)) {
        window_spec_put_key(b, view.spec, view.start);
        buf_putc(b, ' ');
    }
}

// Appends the partials of all open windows, one per line.
static inline void fixture_partials(struct fixture *f, struct buf *b)
{
    struct partial_writer partial;
    struct window_view view;

    while (windows_next(&f->windows, WINDOWS_OPEN, &view)) {
        partial_write_init(&partial, &f->plan, &view);
        while (partial_write_next(&partial, b))
            buf_putc(b, '\n');
        partial_write_release(&partial);
    }
}

#endif
