// SPDX-License-Identifier: BSD-2-Clause
#include "view/details.h"

#include <inttypes.h>
#include <string.h>

#include "view/columns.h"
#include "view/label.h"

#define TWO_COLUMNS 76 // a canvas of this width has two columns
#define GAP 3          // between them
#define LEFT 42        // of the 76 that are left, the share of the left one
#define RIGHT 34

static void put_nothing(struct canvas *canvas, const char *why)
{
    canvas_put(canvas, ROLE_QUIET, why);
    canvas_end_row(canvas);
}

static void put_note(struct canvas *canvas, const struct findings *f)
{
    if (f->approx)
        put_nothing(canvas, "(about: there were too many values for exact counts)");
}

// "Top users by addresses"
static void put_distinct(struct canvas *canvas, const struct subject *subject,
                         const struct findings *f)
{
    struct buf title = BUF_INIT, plural = BUF_INIT;

    label_plural(&plural, subject->field[0]);
    buf_putc(&plural, '\0');
    buf_puts(&title, "Top ");
    label_plural(&title, subject->field[1]);
    buf_printf(&title, " by %s", plural.data);
    buf_putc(&title, '\0');
    const struct column columns[] = {column_of_counts(plural.data, &f->list),
                                     column_of_records(&f->list)};
    columns_put_heading(canvas, title.data, columns, 2);
    if (f->list.count == 0)
        put_nothing(canvas, "none");
    columns_put_list(canvas, &f->list, 1, columns, 2);
    put_note(canvas, f);
    canvas_end_row(canvas);
    buf_release(&title);
    buf_release(&plural);
}

// The names of the fields of a subject, such as "user_id, ip".
static void put_name(struct buf *b, const struct subject *subject)
{
    for (size_t i = 0; i < subject->fields; i++) {
        buf_puts(b, i > 0 ? ", " : "");
        buf_puts(b, subject->field[i]);
    }
}

// How many combinations of each kind occur more than once, and in how many logins.
static void put_duplicates(struct canvas *canvas, const struct series *s, const struct window *w)
{
    struct column columns[2];
    struct buf name = BUF_INIT;
    uint64_t groups = 0, records = 0;
    bool has_any = false;

    for (size_t i = 0; i < s->subjects; i++) {
        const struct findings *f = window_findings(w, i);
        if (s->subject[i].kind != INSIGHT_DUPLICATES || f == NULL)
            continue;
        has_any = true;
        groups = f->values > groups ? f->values : groups;
        records = f->records > records ? f->records : records;
    }
    if (!has_any)
        return;
    columns[0] = column_make("groups", groups);
    columns[1] = column_make("logins", records);
    columns_put_heading(canvas, "Duplicates", columns, 2);
    for (size_t i = 0; i < s->subjects; i++) {
        const struct findings *f = window_findings(w, i);
        if (s->subject[i].kind != INSIGHT_DUPLICATES || f == NULL)
            continue;
        buf_clear(&name);
        put_name(&name, &s->subject[i]);
        canvas_put_cut(canvas, ROLE_TEXT, name.data, name.len, columns_start(canvas, columns, 2));
        columns_put_numbers(canvas, columns, 2, (const uint64_t[]){f->values, f->records});
    }
    canvas_end_row(canvas);
    buf_release(&name);
}

// The combinations of one kind that are repeated most.
static void put_repeated(struct canvas *canvas, const struct subject *subject,
                         const struct findings *f)
{
    const struct column columns[] = {column_of_counts("logins", &f->list)};
    struct buf title = BUF_INIT;

    if (f->list.count == 0)
        return;
    buf_puts(&title, "Top duplicates of ");
    put_name(&title, subject);
    buf_putc(&title, '\0');
    columns_put_heading(canvas, title.data, columns, 1);
    buf_release(&title);
    columns_put_list(canvas, &f->list, subject->texts, columns, 1);
    put_note(canvas, f);
    canvas_end_row(canvas);
}

void details_put_rejects(struct canvas *canvas, const struct reject_table *t)
{
    const struct column columns[] = {column_make("records", t->count > 0 ? t->row[0].count : 0)};
    size_t end = columns_start(canvas, columns, 1);

    columns_put_heading(canvas, "Rejects in all the input", columns, 1);
    if (t->total == 0)
        put_nothing(canvas, "none");
    for (size_t i = 0; i < t->count && i < COLUMNS_ROWS_MAX; i++) {
        const struct reject_row *row = &t->row[i];
        canvas_put_cut(canvas, ROLE_TEXT, row->reason, strlen(row->reason), end);
        if (row->field[0] != '\0' && canvas->column + 1 < end) {
            canvas_put(canvas, ROLE_QUIET, " ");
            canvas_put_cut(canvas, ROLE_QUIET, row->field, strlen(row->field),
                           end - canvas->column);
        }
        columns_put_numbers(canvas, columns, 1, &row->count);
    }
    canvas_end_row(canvas);
}

static void put_values(struct canvas *canvas, const struct subject *subject,
                       const struct findings *f)
{
    const struct column columns[] = {column_of_counts("logins", &f->list)};
    struct buf title = BUF_INIT;

    buf_put_grouped(&title, f->values);
    buf_printf(&title, f->values == 1 ? " %s" : " different %ss", subject->field[0]);
    buf_putc(&title, '\0');
    columns_put_heading(canvas, title.data, columns, 1);
    buf_release(&title);
    columns_put_list(canvas, &f->list, 1, columns, 1);
    put_note(canvas, f);
    canvas_end_row(canvas);
}

// What fits beside each other: on the left who is conspicuous, on the right what is counted.
static void put_left(struct canvas *canvas, const struct series *s, const struct window *w)
{
    for (size_t i = 0; i < s->subjects; i++) {
        const struct findings *f = window_findings(w, i);
        if (s->subject[i].kind == INSIGHT_DISTINCT && f != NULL)
            put_distinct(canvas, &s->subject[i], f);
    }
}

static void put_right(struct canvas *canvas, const struct model *m, const struct series *s,
                      const struct window *w, size_t subject)
{
    const struct findings *values = window_findings(w, subject);

    put_duplicates(canvas, s, w);
    details_put_rejects(canvas, &m->rejects);
    if (subject < s->subjects && values != NULL)
        put_values(canvas, &s->subject[subject], values);
}

static void put_beside(struct canvas *canvas, const struct canvas *left, const struct canvas *right)
{
    size_t rows = left->row_count > right->row_count ? left->row_count : right->row_count;

    for (size_t i = 0; i < rows; i++) {
        if (i < left->row_count)
            canvas_put_row(canvas, left, i);
        canvas_go_to(canvas, left->width + GAP);
        if (i < right->row_count)
            canvas_put_row(canvas, right, i);
        canvas_end_row(canvas);
    }
}

static void put_columns(struct canvas *canvas, const struct model *m, const struct series *s,
                        const struct window *w, size_t subject)
{
    struct canvas left = {0}, right = {0};

    canvas_clear(&left, (canvas->width - GAP) * LEFT / (LEFT + RIGHT), canvas->utf8);
    canvas_clear(&right, canvas->width - GAP - left.width, canvas->utf8);
    put_left(&left, s, w);
    put_right(&right, m, s, w, subject);
    put_beside(canvas, &left, &right);
    canvas_release(&left);
    canvas_release(&right);
}

void details_put(struct canvas *canvas, const struct model *m, const struct series *s,
                 size_t window, size_t subject)
{
    const struct window *w = s->window[window];

    if (canvas->width >= TWO_COLUMNS) {
        put_columns(canvas, m, s, w, subject);
    } else {
        put_left(canvas, s, w);
        put_right(canvas, m, s, w, subject);
    }
    for (size_t i = 0; i < s->subjects; i++) {
        const struct findings *f = window_findings(w, i);
        if (s->subject[i].kind == INSIGHT_DUPLICATES && f != NULL)
            put_repeated(canvas, &s->subject[i], f);
    }
    while (canvas->row_count > 0 && canvas->row[canvas->row_count - 1].run_count == 0)
        canvas->row_count--; // blank rows at the end
}
