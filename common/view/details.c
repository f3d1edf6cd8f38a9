// SPDX-License-Identifier: BSD-2-Clause
#include "view/details.h"

#include <inttypes.h>
#include <string.h>

#include "view/label.h"

#define TWO_COLUMNS 76 // a canvas of this width has two columns
#define GAP 3          // between them
#define LEFT 42        // of the 76 that are left, the share of the left one
#define RIGHT 34
#define LIST_MAX 10  // rows of a list
#define NUMBER_MIN 6 // columns of a number, such as 99,999

// A column of numbers, as wide as its name, and at least as NUMBER_MIN.
struct column {
    const char *name;
    size_t width; // with the space before it
};

static struct column column(const char *name)
{
    size_t len = strlen(name);

    return (struct column){name, 2 + (len > NUMBER_MIN ? len : NUMBER_MIN)};
}

// Returns the column of the canvas where the numbers begin, which end at its right edge.
static size_t numbers_start(const struct canvas *canvas, const struct column *columns, size_t count)
{
    size_t width = 0;

    for (size_t i = 0; i < count; i++)
        width += columns[i].width;
    return canvas->width > width ? canvas->width - width : 0;
}

// Puts a title, and the names of the columns.
static void put_heading(struct canvas *canvas, const char *title, const struct column *columns,
                        size_t count)
{
    size_t start = numbers_start(canvas, columns, count);

    canvas_put_cut(canvas, ROLE_TITLE, title, strlen(title), start);
    canvas_go_to(canvas, start);
    for (size_t i = 0; i < count; i++)
        canvas_put_right(canvas, ROLE_QUIET, columns[i].name, columns[i].width);
    canvas_end_row(canvas);
}

static void put_numbers(struct canvas *canvas, const struct column *columns, size_t count,
                        const uint64_t *n)
{
    canvas_go_to(canvas, numbers_start(canvas, columns, count));
    for (size_t i = 0; i < count; i++)
        canvas_put_number(canvas, ROLE_TEXT, n[i], columns[i].width);
    canvas_end_row(canvas);
}

// Puts the texts of a row of a list, separated by commas, up to a column of the canvas.
static void put_texts(struct canvas *canvas, const struct value_list *list, size_t row,
                      size_t texts, size_t end)
{
    for (size_t i = 0; i < texts && canvas->column < end; i++) {
        struct value_text text = value_list_text(list, row, i);
        size_t left = texts - i; // they share the room
        if (i > 0)
            canvas_put_cut(canvas, ROLE_QUIET, ", ", 2, end - canvas->column);
        canvas_put_cut(canvas, ROLE_TEXT, text.data, text.len, (end - canvas->column) / left);
    }
}

// Puts the rows of a list, with one or two numbers.
static void put_list(struct canvas *canvas, const struct value_list *list, size_t texts,
                     const struct column *columns, size_t count)
{
    for (size_t i = 0; i < list->count && i < LIST_MAX; i++) {
        const uint64_t n[] = {list->row[i].count, list->row[i].records};
        put_texts(canvas, list, i, texts, numbers_start(canvas, columns, count));
        put_numbers(canvas, columns, count, n);
    }
}

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
    const struct column columns[] = {column(plural.data), column("logins")};
    put_heading(canvas, title.data, columns, 2);
    if (f->list.count == 0)
        put_nothing(canvas, "none");
    put_list(canvas, &f->list, 1, columns, 2);
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
    const struct column columns[] = {column("groups"), column("logins")};
    struct buf name = BUF_INIT;
    bool has_heading = false;

    for (size_t i = 0; i < s->subjects; i++) {
        const struct findings *f = window_findings(w, i);
        if (s->subject[i].kind != INSIGHT_DUPLICATES || f == NULL)
            continue;
        if (!has_heading)
            put_heading(canvas, "Duplicates", columns, 2);
        has_heading = true;
        buf_clear(&name);
        put_name(&name, &s->subject[i]);
        canvas_put_cut(canvas, ROLE_TEXT, name.data, name.len, numbers_start(canvas, columns, 2));
        put_numbers(canvas, columns, 2, (const uint64_t[]){f->values, f->records});
    }
    if (has_heading)
        canvas_end_row(canvas);
    buf_release(&name);
}

// The combinations of one kind that are repeated most.
static void put_repeated(struct canvas *canvas, const struct subject *subject,
                         const struct findings *f)
{
    const struct column columns[] = {column("logins")};
    struct buf title = BUF_INIT;

    if (f->list.count == 0)
        return;
    buf_puts(&title, "Top duplicates of ");
    put_name(&title, subject);
    buf_putc(&title, '\0');
    put_heading(canvas, title.data, columns, 1);
    buf_release(&title);
    put_list(canvas, &f->list, subject->texts, columns, 1);
    put_note(canvas, f);
    canvas_end_row(canvas);
}

void details_put_rejects(struct canvas *canvas, const struct reject_table *t)
{
    const struct column columns[] = {column("records")};
    size_t end = numbers_start(canvas, columns, 1);

    put_heading(canvas, "Rejects in all the input", columns, 1);
    if (t->total == 0)
        put_nothing(canvas, "none");
    for (size_t i = 0; i < t->count && i < LIST_MAX; i++) {
        const struct reject_row *row = &t->row[i];
        canvas_put_cut(canvas, ROLE_TEXT, row->reason, strlen(row->reason), end);
        if (row->field[0] != '\0' && canvas->column + 1 < end) {
            canvas_put(canvas, ROLE_QUIET, " ");
            canvas_put_cut(canvas, ROLE_QUIET, row->field, strlen(row->field),
                           end - canvas->column);
        }
        put_numbers(canvas, columns, 1, &row->count);
    }
    canvas_end_row(canvas);
}

static void put_values(struct canvas *canvas, const struct subject *subject,
                       const struct findings *f)
{
    const struct column columns[] = {column("logins")};
    struct buf title = BUF_INIT;

    canvas_format_number(&title, f->values);
    buf_printf(&title, f->values == 1 ? " %s" : " different %ss", subject->field[0]);
    buf_putc(&title, '\0');
    put_heading(canvas, title.data, columns, 1);
    buf_release(&title);
    put_list(canvas, &f->list, 1, columns, 1);
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
