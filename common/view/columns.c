// SPDX-License-Identifier: BSD-2-Clause
#include "view/columns.h"

#include <string.h>

#define NUMBER_MIN 6 // columns of a number, such as 99,999

struct column column_make(const char *name, uint64_t most)
{
    size_t width = strlen(name);
    size_t number = canvas_number_width(most);

    width = width > NUMBER_MIN ? width : NUMBER_MIN;
    return (struct column){name, 2 + (width > number ? width : number)};
}

struct column column_of_counts(const char *name, const struct value_list *list)
{
    return column_make(name, list->count > 0 ? list->row[0].count : 0); // it is sorted
}

struct column column_of_records(const struct value_list *list)
{
    uint64_t most = 0;

    for (size_t i = 0; i < list->count; i++)
        most = list->row[i].records > most ? list->row[i].records : most;
    return column_make("logins", most);
}

size_t columns_start(const struct canvas *canvas, const struct column *columns, size_t count)
{
    size_t width = 0;

    for (size_t i = 0; i < count; i++)
        width += columns[i].width;
    return canvas->width > width ? canvas->width - width : 0;
}

void columns_put_heading(struct canvas *canvas, const char *title, const struct column *columns,
                         size_t count)
{
    size_t start = columns_start(canvas, columns, count);

    canvas_put_cut(canvas, ROLE_TITLE, title, strlen(title), start);
    canvas_go_to(canvas, start);
    for (size_t i = 0; i < count; i++)
        canvas_put_right(canvas, ROLE_QUIET, columns[i].name, columns[i].width);
    canvas_end_row(canvas);
}

void columns_put_numbers(struct canvas *canvas, const struct column *columns, size_t count,
                         const uint64_t *n)
{
    canvas_go_to(canvas, columns_start(canvas, columns, count));
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

void columns_put_list(struct canvas *canvas, const struct value_list *list, size_t texts,
                      const struct column *columns, size_t count)
{
    for (size_t i = 0; i < list->count && i < COLUMNS_ROWS_MAX; i++) {
        const uint64_t n[] = {list->row[i].count, list->row[i].records};
        put_texts(canvas, list, i, texts, columns_start(canvas, columns, count));
        columns_put_numbers(canvas, columns, count, n);
    }
}
