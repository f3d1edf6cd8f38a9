// SPDX-License-Identifier: BSD-2-Clause
//
// model: what insights and rejects say, for people to look at.

#include <stdlib.h>

#include "base/buf.h"
#include "base/datetime.h"
#include "tap.h"
#include "view/model.h"

// Takes a text as a line.
static void take(struct model *m, const char *text)
{
    struct buf b = BUF_INIT;

    buf_puts(&b, text);
    model_take(m, &(struct line){.data = b.data, .len = b.len, .full_len = b.len});
    buf_release(&b);
}

static struct model new_model(size_t windows, size_t values, size_t top)
{
    struct series_limits limits = {windows, values, top};
    struct model m;
    struct err err;

    if (model_init(&m, &limits, &err) != 0)
        exit(1);
    return m;
}

#define HOUR(h)                                                                                    \
    "\"window\":{\"start\":\"2023-09-12T" h ":00:00Z\",\"end\":\"2023-09-12T" h ":59:59Z\"}"
#define KEY(h, rest) "\"key\":\"1h/2023-09-12T" h ":00:00Z/" rest "\""

static void take_logins(struct model *m, const char *hour, int logins, bool final)
{
    struct buf b = BUF_INIT;

    buf_printf(&b,
               "{\"insight\":\"logins\",\"key\":\"1h/2023-09-12T%s:00:00Z/logins\",\"window\":"
               "{\"start\":\"2023-09-12T%s:00:00Z\",\"end\":\"2023-09-12T%s:59:59Z\"},"
               "\"final\":%s,\"logins\":%d,\"users\":4,\"ips\":5,\"devices\":6,"
               "\"first\":\"2023-09-12T%s:00:03Z\",\"last\":\"2023-09-12T%s:30:00Z\",\"late\":2}",
               hour, hour, hour, final ? "true" : "false", logins, hour, hour);
    buf_putc(&b, '\0');
    take(m, b.data);
    buf_release(&b);
}

static const char *text_at(const struct value_list *list, size_t row, size_t field)
{
    static char copy[2 * VALUE_TEXT_MAX];
    struct value_text text = value_list_text(list, row, field);

    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    return copy;
}

static void tap_row(const struct value_list *list, size_t row, const char *text, uint64_t count,
                    const char *title)
{
    if (!tap_ok(row < list->count && strcmp(text_at(list, row, 0), text) == 0 &&
                    list->row[row].count == count,
                "%s", title) &&
        row < list->count)
        printf("# got %s: %llu\n", text_at(list, row, 0), (unsigned long long)list->row[row].count);
}

static void check_windows(void)
{
    struct model m = new_model(3, 100, 10);

    take_logins(&m, "02", 10, false);
    take_logins(&m, "01", 20, false);
    take_logins(&m, "02", 30, true);
    struct series *s = model_series(&m, NULL);
    tap_ok(s != NULL && strcmp(s->name, "1h") == 0, "the series has the name of -w");
    tap_ok(s->kind == WINDOW_TUMBLING, "... and its kind");
    tap_int((int64_t)s->windows, 2, "an insight with the same key replaces the one before it");
    tap_int((int64_t)s->window[0]->logins, 20, "windows are in their order");
    tap_int((int64_t)s->window[1]->logins, 30, "the newer insight counts");
    tap_ok(s->window[1]->final && !s->window[0]->final, "final is that of the newer insight");
    tap_int((int64_t)s->window[1]->late, 2, "late records are known");
    tap_int(s->window[1]->first - s->window[1]->start, 3000, "so is the first moment");
    take_logins(&m, "05", 1, true);
    tap_int((int64_t)series_missing(s, 0, s->windows), 2, "missing windows are counted");
    take_logins(&m, "06", 1, true);
    tap_int((int64_t)s->windows, 3, "no more windows are kept than the limit says");
    tap_int((int64_t)s->window[0]->logins, 30, "the oldest one is dropped");
    take_logins(&m, "01", 7, true);
    tap_ok(s->windows == 3 && s->window[0]->logins == 30, "a dropped window does not come back");
    tap_int((int64_t)m.ignored, 1, "its insight counts as ignored");
    model_release(&m);
}

static void check_counts(void)
{
    struct model m = new_model(10, 3, 10);
    struct value_list total = VALUE_LIST_INIT;

    take(&m, "{\"insight\":\"count\"," KEY("01", "count/os") ",\"field\":\"os\"," HOUR(
                 "01") ",\"final\":true,\"values\":9,\"counts\":{\"a\":9,\"b\":5,\"c\":4,\"d\":2},"
                       "\"other\":7}");
    take(&m,
         "{\"insight\":\"count\"," KEY("02", "count/os") ",\"field\":\"os\"," HOUR(
             "02") ",\"final\":true,\"values\":2,\"counts\":{\"b\":6,\"a\":1},\"approx\":true}");
    struct series *s = model_series(&m, "1h");
    size_t os = series_subject(s, INSIGHT_COUNT, "os");
    tap_int((int64_t)os, 0, "a counted field is found by its name");
    tap_int((int64_t)series_logins(s, s->window[0]), 27,
            "without an insight logins, the counts of a field are added up");
    tap_ok(s->window[1]->approx && !s->window[0]->approx, "approx belongs to its window");
    uint64_t other = series_total(s, os, 0, s->windows, 2, &m.secret, &total);
    tap_row(&total, 0, "b", 11, "a total adds the counts of the windows up");
    tap_row(&total, 1, "a", 10, "... and has the highest first");
    tap_int((int64_t)total.count, 2, "... and as many as were asked for");
    tap_int((int64_t)other, 4 + 9, "the rest is other: what was cut now, before, and by loginagg");
    tap_int((int64_t)series_subject(s, INSIGHT_COUNT, "none"), 1, "no other field is found");
    for (int i = 0; i < 3; i++)
        take(&m, "{\"insight\":\"count\"," KEY("02", "count/a") ",\"field\":\"a\\u0000b\"," HOUR(
                     "02") ",\"final\":true,\"values\":1,\"counts\":{\"b\":6}}");
    tap_int((int64_t)s->subjects, 2, "a field whose name has a NUL is a single one");
    value_list_release(&total);
    model_release(&m);
}

static void take_distinct(struct model *m, const char *hour, const char *rest)
{
    struct buf b = BUF_INIT;

    buf_printf(&b,
               "{\"insight\":\"distinct\",\"key\":\"1h/2023-09-12T%s:00:00Z/distinct/ip/user\","
               "\"field\":\"ip\",\"per\":\"user\",\"window\":{\"start\":\"2023-09-12T%s:00:00Z\","
               "\"end\":\"2023-09-12T%s:59:59Z\"},\"final\":true,%s}",
               hour, hour, hour, rest);
    buf_putc(&b, '\0');
    take(m, b.data);
    buf_release(&b);
}

static void check_tops(void)
{
    struct model m = new_model(10, 3, 2);
    struct value_list total = VALUE_LIST_INIT;

    take_distinct(&m, "01",
                  "\"groups\":9,\"pairs\":12,\"max\":5,\"mean\":1.33,"
                  "\"top\":[{\"user\":\"ann\",\"ips\":5,\"logins\":8},"
                  "{\"user\":\"bob\",\"ips\":2,\"logins\":3}]");
    take_distinct(&m, "02",
                  "\"groups\":1,\"pairs\":3,\"max\":3,\"mean\":3,"
                  "\"top\":[{\"user\":\"bob\",\"ips\":3,\"logins\":4},"
                  "{\"user\":\"ann\",\"ips\":1,\"logins\":1}]");
    struct series *s = model_series(&m, NULL);
    const struct findings *f = window_findings(s->window[0], 0);
    tap_ok(f != NULL && f->values == 9 && f->records == 12 && f->max == 5,
           "distinct has its numbers");
    series_total(s, 0, 0, 2, 10, &m.secret, &total);
    tap_row(&total, 0, "ann", 5, "a user has the highest number of a single window, not the sum");
    tap_row(&total, 1, "bob", 3, "... in whichever window it is");
    tap_ok(total.row[1].window == 1 && total.row[1].records == 4, "... which is named");
    take(&m,
         "{\"insight\":\"duplicates\"," KEY(
             "01", "duplicates/user,ip") ",\"fields\":[\"user\","
                                         "\"ip\"]," HOUR(
                                             "01") ",\"final\":true,\"groups\":1,\"records\":4,"
                                                   "\"top\":[{\"user\":"
                                                   "\"ann\",\"ip\":\"192.0.2.1\",\"count\":4}]}");
    size_t pairs = series_subject(s, INSIGHT_DUPLICATES, "user,ip");
    series_total(s, pairs, 0, 2, 10, &m.secret, &total);
    tap_row(&total, 0, "ann", 4, "a combination has its count");
    tap_text(text_at(&total, 0, 1), strlen(text_at(&total, 0, 1)), "192.0.2.1",
             "... and a text for each field");
    value_list_release(&total);
    model_release(&m);
}

static void take_group(struct model *m, const char *user, int ips)
{
    struct buf b = BUF_INIT;

    buf_printf(&b, "\"user\":\"%s\",\"ips\":%d,\"logins\":9,\"values\":[\"x\"]", user, ips);
    buf_putc(&b, '\0');
    take_distinct(m, "01", b.data);
    buf_release(&b);
}

// The lines of --each.
static void check_groups(void)
{
    struct model m = new_model(10, 3, 3);
    char name[16];

    take_distinct(&m, "01", "\"groups\":900,\"pairs\":1000,\"max\":9,\"mean\":1.1");
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "user%d", i);
        take_group(&m, name, i % 500 + 1);
    }
    take_group(&m, "user7", 600);
    take_group(&m, "user7", 601);
    const struct series *s = model_series(&m, NULL);
    const struct findings *f = window_findings(s->window[0], 0);
    tap_int((int64_t)f->list.count, 3, "of the groups of --each, the highest are kept");
    tap_row(&f->list, 0, "user7", 601, "a group replaces its older line");
    tap_row(&f->list, 1, "user499", 500, "the highest groups come first");
    tap_row(&f->list, 2, "user999", 500, "... in the order of their bytes if they are equal");
    tap_ok(f->list.text.len < 10000, "removed groups give their memory back");
    take_distinct(&m, "01", "\"groups\":901,\"pairs\":1000,\"max\":9,\"mean\":1.1");
    tap_ok(f->list.count == 3 && f->values == 901, "a line without groups does not remove them");
    model_release(&m);
}

static void check_rejects(void)
{
    struct model m = new_model(10, 3, 3);
    char line[100];

    take(&m, "{\"reject\":\"late\",\"stage\":\"loginagg\",\"raw\":\"x\"}");
    take(&m, "{\"reject\":\"bad_ip\",\"field\":\"ip\",\"detail\":\"first\"}");
    take(&m, "{\"reject\":\"bad_ip\",\"field\":\"ip\",\"detail\":\"second\"}");
    take(&m, "{\"reject\":7}");
    reject_table_sort(&m.rejects);
    tap_int((int64_t)m.rejects.total, 3, "rejects are counted");
    tap_int((int64_t)m.rejects.late, 1, "... those that are late apart");
    tap_ok(m.rejects.count == 2 && m.rejects.row[0].count == 2 &&
               strcmp(m.rejects.row[0].reason, "bad_ip") == 0 &&
               strcmp(m.rejects.row[0].field, "ip") == 0 &&
               strcmp(m.rejects.row[0].detail, "first") == 0,
           "... by reason and field, with the first detail");
    tap_int((int64_t)m.malformed, 1, "a reject whose reason is no text is malformed");
    for (int i = 0; i < 1000; i++) {
        snprintf(line, sizeof line, "{\"reject\":\"reason%d\"}", i);
        take(&m, line);
    }
    tap_int((int64_t)m.rejects.count, REJECT_ROWS_MAX, "the number of reasons is bounded");
    tap_int((int64_t)m.rejects.other, 1000 - REJECT_ROWS_MAX + 2, "... others are added up");
    model_release(&m);
}

static void check_other_lines(void)
{
    static const char *const malformed[] = {
        "",
        "nonsense",
        "{\"insight\":7}",
        "{\"insight\":\"logins\"}",
        "{\"insight\":\"logins\",\"key\":\"1h\",\"window\":7}",
        "{\"insight\":\"logins\"," KEY("02", "logins") "," HOUR("01") ",\"logins\":7}",
        "{\"insight\":\"logins\"," KEY("01", "logins") "," HOUR("01") "}",
        "{\"insight\":\"logins\",\"key\":\"/2023-09-12T01:00:00Z/logins\"," HOUR(
            "01") ",\"logins\":7}",
        "{\"insight\":\"count\"," KEY("01", "count/os") "," HOUR("01") ",\"counts\":{\"a\":1}}",
        "{\"insight\":\"count\"," KEY("01", "count/os") ",\"field\":\"os\"," HOUR(
            "01") ",\"counts\":[1]}",
        "{\"insight\":\"distinct\"," KEY(
            "01", "distinct/a/b") ",\"field\":\"a\",\"per\":\"b\"," HOUR("01") "}",
        "{\"insight\":\"duplicates\"," KEY("01", "duplicates/a") ",\"fields\":[7]," HOUR("01") "}",
    };
    struct model m = new_model(10, 3, 3);

    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++)
        take(&m, malformed[i]);
    if (!tap_ok(m.malformed == m.lines && m.lines == sizeof malformed / sizeof *malformed,
                "malformed lines are counted"))
        printf("# %llu of %llu\n", (unsigned long long)m.malformed, (unsigned long long)m.lines);
    take(&m, "{\"user_id\":\"ann\"}");
    take(&m, "[1]");
    tap_int((int64_t)m.others, 2, "so are records");
    take(&m, "{\"insight\":\"weather\",\"key\":\"x\"}");
    tap_int((int64_t)m.ignored, 1, "so are insights of kinds that come later");
    take(&m, "{\"@mark\":\"mark\",\"watermark\":1694479551000}");
    take(&m, "{\"@mark\":\"end\"}");
    tap_ok(m.has_watermark && m.watermark == INT64_C(1694479551000) && m.ended && m.marks == 2,
           "marks tell the watermark, and the end");
    tap_ok(model_series(&m, NULL) == NULL, "without insights there is no series");
    model_release(&m);
}

static void check_series(void)
{
    struct model m = new_model(10, 3, 3);

    take(&m,
         "{\"insight\":\"logins\",\"key\":\"all/logins\",\"window\":{\"start\":null,\"end\":null,"
         "\"first\":\"2023-09-12T01:00:00Z\",\"last\":\"2023-09-12T02:00:00Z\"},\"logins\":1}");
    tap_ok(model_series(&m, NULL)->kind == WINDOW_ALL, "all is a series");
    take(&m,
         "{\"insight\":\"logins\",\"key\":\"500n,30s/7/logins\",\"window\":{\"start\":null,\"end\":"
         "null,\"number\":7},\"logins\":1}");
    const struct series *s = model_series(&m, NULL);
    tap_ok(s->kind == WINDOW_RECORDS && strcmp(s->name, "500n,30s") == 0 &&
               s->window[0]->order == 7,
           "windows of records are better");
    take(&m, "{\"insight\":\"logins\",\"key\":\"1h/5m/2023-09-12T01:00:00Z/"
             "logins\",\"window\":{\"start\":"
             "\"2023-09-12T01:00:00Z\",\"end\":\"2023-09-12T02:00:00Z\"},\"logins\":1}");
    s = model_series(&m, NULL);
    tap_ok(s->kind == WINDOW_HOPPING && strcmp(s->name, "1h/5m") == 0, "those of time still more");
    tap_int(s->length, MS_HOUR, "they have a length");
    tap_int(s->step, 5 * MS_MINUTE, "... and a step");
    take(&m,
         "{\"insight\":\"logins\",\"key\":\"1d/2023-09-12T00:00:00Z/logins\",\"window\":{\"start\":"
         "\"2023-09-12T00:00:00Z\",\"end\":\"2023-09-13T00:00:00Z\"},\"logins\":1}");
    tap_ok(strcmp(model_series(&m, NULL)->name, "1d") == 0, "those that do not overlap the most");
    take_logins(&m, "01", 1, true);
    tap_ok(strcmp(model_series(&m, NULL)->name, "1h") == 0, "of two, the shorter ones");
    tap_ok(strcmp(model_series(&m, "all")->name, "all") == 0, "a series is found by its name");
    tap_ok(model_series(&m, "2h") == NULL, "no other one is found");
    model_release(&m);
}

// Names of fields come from the data as well.
static void check_empty_names(void)
{
    struct model m = new_model(10, 10, 10);

    take(&m, "{\"insight\":\"duplicates\"," KEY("01", "duplicates/") ",\"fields\":[\"\"]," HOUR(
                 "01") ",\"groups\":0,\"records\":0,\"top\":[]}");
    tap_int((int64_t)m.insights, 1, "a field whose name is empty is taken");
    tap_ok(strcmp(m.series[0].subject[0].name, "") == 0, "... and so is its name");
    model_release(&m);
}

int main(void)
{
    check_windows();
    check_counts();
    check_tops();
    check_groups();
    check_rejects();
    check_other_lines();
    check_series();
    check_empty_names();
    return tap_done();
}
