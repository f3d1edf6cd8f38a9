// SPDX-License-Identifier: BSD-2-Clause
#include "view/series.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/datetime.h"
#include "base/xalloc.h"

// Returns the time between the starts of windows, as in "1h/5m".
static int64_t step_of(const struct series *s)
{
    const char *slash = strchr(s->name, '/');
    int64_t step;

    if (slash == NULL || duration_parse(slash + 1, &step) != 0 || step <= 0)
        return s->length;
    return step;
}

void series_init(struct series *s, const struct insight_line *first)
{
    *s = (struct series){.name = xstrndup(first->series.data, first->series.len),
                         .kind = first->window};
    if (first->start != INSIGHT_NO_TIME) {
        s->length = first->end - first->start;
        s->step = step_of(s);
    }
}

static void free_window(struct window *w)
{
    if (w == NULL)
        return;
    for (size_t i = 0; i < w->findings_count; i++)
        value_list_release(&w->findings[i].list);
    free(w->findings);
    free(w);
}

void series_release(struct series *s)
{
    for (size_t i = 0; i < s->subjects; i++) {
        for (size_t k = 0; k < s->subject[i].fields; k++)
            free(s->subject[i].field[k]);
        free(s->subject[i].name);
    }
    free(s->subject);
    for (size_t i = 0; i < s->windows; i++)
        free_window(s->window[i]);
    free_window(s->spare);
    free(s->window);
    free(s->name);
    *s = (struct series){0};
}

// Returns the index of the first window that is not before `order`. Insights come in the order of
// their windows, several about each, so the window that was last is tried first.
static size_t place_of(const struct series *s, int64_t order)
{
    size_t low = 0, high = s->windows;

    if (s->last < s->windows && s->window[s->last]->order == order)
        return s->last;
    if (high == 0 || s->window[high - 1]->order < order)
        return high;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->window[middle]->order < order)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// Makes a window empty again. Its lists keep their memory.
static void clear_window(struct window *w)
{
    struct findings *findings = w->findings;
    size_t count = w->findings_count;

    for (size_t i = 0; i < count; i++) {
        struct value_list list = findings[i].list;
        value_list_clear(&list);
        findings[i] = (struct findings){.list = list};
    }
    *w = (struct window){.findings = findings, .findings_count = count};
}

static struct window *new_window(struct series *s)
{
    struct window *w = s->spare;

    if (w == NULL)
        return xcalloc(1, sizeof *w);
    s->spare = NULL;
    clear_window(w);
    return w;
}

static void drop_oldest(struct series *s)
{
    free_window(s->spare);
    s->spare = s->window[0];
    memmove(s->window, s->window + 1, --s->windows * sizeof *s->window);
    s->dropped++;
}

// Returns the window of an insight, which is added if it is new; or NULL if it is too old.
static struct window *find_window(struct series *s, const struct insight_line *in, size_t limit)
{
    size_t at = place_of(s, in->order);

    if (at == s->windows || s->window[at]->order != in->order) {
        if (at == 0 && s->windows > 0 && (s->dropped > 0 || s->windows >= limit))
            return NULL;
        if (s->windows > 0 && s->windows >= limit) {
            drop_oldest(s);
            at--;
        }
        if (s->windows == s->size) {
            s->size = s->size == 0 ? 64 : 2 * s->size;
            s->window = xreallocarray(s->window, s->size, sizeof(struct window *));
        }
        memmove(s->window + at + 1, s->window + at, (s->windows - at) * sizeof(struct window *));
        s->window[at] = new_window(s);
        s->windows++;
        s->window[at]->order = in->order;
        s->window[at]->start = in->start;
        s->window[at]->end = in->end;
        s->window[at]->first = s->window[at]->last = INSIGHT_NO_TIME;
    }
    s->last = at;
    return s->window[at];
}

static bool is_about(const struct subject *subject, const struct insight_line *in)
{
    if (subject->kind != in->kind || subject->fields != in->fields)
        return false;
    for (size_t i = 0; i < in->fields; i++) {
        size_t len = strnlen(in->field[i].data, in->field[i].len); // as it was copied
        if (!bytes_are(in->field[i].data, len, subject->field[i]))
            return false;
    }
    return true;
}

static void add_subject(struct series *s, const struct insight_line *in)
{
    struct buf name = BUF_INIT;

    s->subject = xreallocarray(s->subject, s->subjects + 1, sizeof *s->subject);
    struct subject *subject = &s->subject[s->subjects++];
    *subject = (struct subject){.kind = in->kind, .fields = in->fields, .texts = insight_texts(in)};
    for (size_t i = 0; i < in->fields; i++) {
        subject->field[i] = xstrndup(in->field[i].data, in->field[i].len);
        if (i > 0)
            buf_putc(&name, in->kind == INSIGHT_DISTINCT ? '/' : ',');
        buf_puts(&name, subject->field[i]);
    }
    subject->name = xstrndup(name.data, name.len);
    buf_release(&name);
}

// Returns the index of the subject of an insight, which is added if it is new; or s->subjects if
// there are too many.
static size_t find_subject(struct series *s, const struct insight_line *in)
{
    for (size_t i = 0; i < s->subjects; i++) {
        if (is_about(&s->subject[i], in))
            return i;
    }
    if (s->subjects == SERIES_SUBJECTS_MAX)
        return s->subjects;
    add_subject(s, in);
    return s->subjects - 1;
}

static struct findings *findings_of(struct window *w, size_t subject)
{
    if (subject >= w->findings_count) {
        size_t count = subject + 1;
        w->findings = xreallocarray(w->findings, count, sizeof *w->findings);
        for (size_t i = w->findings_count; i < count; i++)
            w->findings[i] = (struct findings){.list = VALUE_LIST_INIT};
        w->findings_count = count;
    }
    return &w->findings[subject];
}

static void take_rows(struct findings *f, const struct insight_line *in, size_t limit)
{
    struct value_text text[VALUE_TEXTS_MAX];
    struct insight_rows rows;
    struct value_row row;

    value_list_clear(&f->list);
    f->other = in->other;
    insight_rows_init(&rows, in);
    while (insight_rows_next(&rows, text, &row)) {
        if (f->list.count < limit)
            value_list_add(&f->list, text, insight_texts(in), &row);
        else
            f->other += row.count; // of duplicates and distinct, nobody looks at it
    }
}

static void take_findings(struct findings *f, const struct insight_line *in,
                          const struct series_limits *limits)
{
    size_t limit = in->kind == INSIGHT_COUNT ? limits->values : limits->top;

    f->present = true;
    f->approx = in->approx;
    f->cut = in->cut;
    if (in->is_group) {
        value_list_offer(&f->list, limit, in->group, insight_texts(in), &in->group_row);
        return;
    }
    f->values = in->values;
    f->records = in->records;
    f->max = in->max;
    f->mean = in->mean;
    if (in->list.type != JSON_ABSENT) // with --each, the groups come in lines of their own
        take_rows(f, in, limit);
}

static void take_logins(struct window *w, const struct insight_line *in)
{
    w->has_logins = true;
    w->logins = in->logins;
    w->users = in->users;
    w->ips = in->ips;
    w->devices = in->devices;
    w->late = in->late;
}

bool series_take(struct series *s, const struct insight_line *in,
                 const struct series_limits *limits)
{
    size_t subject = in->kind == INSIGHT_LOGINS ? 0 : find_subject(s, in);

    if (subject == SERIES_SUBJECTS_MAX)
        return false;
    struct window *w = find_window(s, in, limits->windows);
    if (w == NULL)
        return false;
    w->final = in->final;
    w->approx = w->approx || in->approx;
    w->cut = w->cut || in->cut;
    if (in->first != INSIGHT_NO_TIME)
        w->first = in->first;
    if (in->last != INSIGHT_NO_TIME)
        w->last = in->last;
    if (in->kind == INSIGHT_LOGINS)
        take_logins(w, in);
    else
        take_findings(findings_of(w, subject), in, limits);
    return true;
}

const struct findings *window_findings(const struct window *w, size_t subject)
{
    if (subject >= w->findings_count || !w->findings[subject].present)
        return NULL;
    return &w->findings[subject];
}

uint64_t series_logins(const struct series *s, const struct window *w)
{
    uint64_t sum = 0;

    if (w->has_logins)
        return w->logins;
    const struct findings *f = window_findings(w, series_subject(s, INSIGHT_COUNT, NULL));
    if (f == NULL)
        return 0;
    for (size_t i = 0; i < f->list.count; i++)
        sum += f->list.row[i].count;
    return sum + f->other;
}

size_t series_subject(const struct series *s, enum insight_kind_name kind, const char *name)
{
    size_t i = 0;

    while (i < s->subjects &&
           (s->subject[i].kind != kind || (name != NULL && strcmp(s->subject[i].name, name) != 0)))
        i++;
    return i;
}

// A total while it is made.
struct sum {
    struct value_list *total;
    struct map index; // the texts of each row, and the number of the row, from 1
    const struct map_secret *secret;
    bool adds; // counts are added up; otherwise the highest one is taken
};

static void add_row(struct sum *sum, const struct value_list *list, size_t i, size_t window)
{
    const struct value_row *row = &list->row[i];
    const char *texts = list->text.data + row->at;
    struct map_entry *e =
        map_add(&sum->index, texts, row->len, map_hash(sum->secret, texts, row->len));

    if (e->word[0] == 0) {
        value_list_copy(sum->total, list, i);
        sum->total->row[sum->total->count - 1].window = window;
        e->word[0] = (uint32_t)sum->total->count;
        return;
    }
    struct value_row *to = &sum->total->row[e->word[0] - 1];
    if (sum->adds) {
        to->count += row->count;
    } else if (row->count > to->count) {
        to->count = row->count;
        to->records = row->records;
        to->window = window;
    }
}

uint64_t series_total(const struct series *s, size_t subject, size_t from, size_t to, size_t limit,
                      const struct map_secret *secret, struct value_list *total)
{
    struct sum sum = {.total = total, .secret = secret};
    uint64_t other = 0;

    sum.adds = subject < s->subjects && s->subject[subject].kind == INSIGHT_COUNT;
    map_init(&sum.index, 1);
    value_list_clear(total);
    for (size_t w = from; w < to && w < s->windows; w++) {
        const struct findings *f = window_findings(s->window[w], subject);
        for (size_t i = 0; f != NULL && i < f->list.count; i++)
            add_row(&sum, &f->list, i, w);
        if (f != NULL && sum.adds)
            other += f->other;
    }
    map_release(&sum.index);
    value_list_sort(total);
    uint64_t removed = value_list_cut(total, limit);
    return sum.adds ? other + removed : 0;
}

uint64_t series_missing(const struct series *s, size_t from, size_t to)
{
    uint64_t missing = 0;

    if (s->step <= 0)
        return 0;
    for (size_t i = from + 1; i < to && i < s->windows; i++) {
        int64_t apart = s->window[i]->order - s->window[i - 1]->order;
        if (apart > s->step)
            missing += (uint64_t)(apart / s->step - 1);
    }
    return missing;
}
